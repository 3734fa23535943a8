"""GitHub's side of signing in, on a real loopback socket, and stricter than GitHub is.

    async with GitHubProvider(callback="http://127.0.0.1:3000/…/callback") as github:
        settings = Settings(**github.settings())
        github.account = Account(7, "ada", emails=[Email("ada@example.com")])

PKCE with S256 is demanded and checked here by hand. A code works once, for one redirect address.
As GitHub does, refusals of a token come with status 200 and an `error`.
"""

import base64
import hashlib
import html
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

from tests.fakes.http_server import Answer, HttpServer, Request

CLIENT_ID = "Iv1.flowstudio"
CLIENT_SECRET = "a-client-secret-only-the-fake-knows"  # noqa: S105

_PAGE = """<!doctype html><html lang="en"><title>Authorize FlowStudio</title>
<h1>Authorize FlowStudio</h1><p>FlowStudio wants to know who {login} is.</p>
<form method="post" action="/login/oauth/authorize?{query}">
<button name="answer" value="yes">Authorize</button>
<button name="answer" value="no">Cancel</button></form></html>"""


@dataclass
class Email:
    email: str
    primary: bool = True
    verified: bool = True


@dataclass
class Account:
    """Who is signed in at GitHub in the browser that asks."""

    id: int = 1001
    login: str = "ada"
    name: str | None = "Ada Lovelace"
    emails: list[Email] = field(default_factory=lambda: [Email("ada@example.com")])


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    account: Account
    redirect_uri: str
    challenge: str
    scope: str


class GitHubProvider:
    """The provider.

    Attributes:
        account: who answers the page.
        answers_itself: the page is skipped, as for somebody who has authorized before.
        denies: the person says no.
        authorized: the queries of every request to authorize that was in order.
        refusals: why it refused, in order.
    """

    def __init__(self, callback: str, account: Account | None = None) -> None:
        self.callbacks = {callback}
        self.account = account or Account()
        self.answers_itself = True
        self.denies = False
        self.authorized: list[dict[str, str]] = []
        self.refusals: list[str] = []
        self.server = HttpServer()
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    async def __aenter__(self) -> Self:
        self.server.answers |= {
            "/login/oauth/authorize": self._authorize,
            "/login/oauth/access_token": self._token,
            "/user": lambda request: self._user(request, "read:user"),
            "/user/emails": lambda request: self._user(request, "user:email"),
        }
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    @property
    def url(self) -> str:
        return self.server.url("")

    def settings(self) -> dict[str, str]:
        """What FlowStudio has to be told to use it."""
        return {
            "github_url": self.url,
            "github_api_url": self.url,
            "github_client_id": CLIENT_ID,
            "github_client_secret": CLIENT_SECRET,
        }

    def _authorize(self, request: Request) -> Answer:
        asked = {name: values[-1] for name, values in request.query.items()}
        problem = self._problem(asked)
        if problem:
            # A redirect to an address nobody registered would itself be the attack.
            return self._refuse(problem, Answer.of_text(problem, 400))
        self.authorized.append(asked)
        if request.method == "POST":
            said = parse_qs(request.body.decode()).get("answer", ["no"])[0]
            return self._answer(asked, agrees=said == "yes")
        if self.answers_itself:
            return self._answer(asked, agrees=not self.denies)
        page = _PAGE.format(login=html.escape(self.account.login), query=urlencode(asked))
        return Answer(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _problem(self, asked: dict[str, str]) -> str:
        if asked.get("client_id") != CLIENT_ID:
            return "There is no such app."
        if asked.get("redirect_uri") not in self.callbacks:
            return "The redirect_uri is not associated with this application."
        if not asked.get("state"):
            return "There is no state."
        if (
            asked.get("code_challenge_method") != "S256"
            or len(asked.get("code_challenge", "")) != 43
        ):
            return "PKCE with S256 is required."
        return ""

    def _answer(self, asked: dict[str, str], *, agrees: bool) -> Answer:
        if agrees:
            code = secrets.token_hex(10)
            self._codes[code] = Grant(
                self.account, asked["redirect_uri"], asked["code_challenge"], asked["scope"]
            )
            reply = {"code": code}
        else:
            reply = {"error": "access_denied", "error_description": "The user has denied access."}
        query = urlencode(reply | {"state": asked["state"]})
        return Answer.redirect(f"{asked['redirect_uri']}?{query}")

    def _token(self, request: Request) -> Answer:
        given = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        client = (given.get("client_id", ""), given.get("client_secret", ""))
        basic = request.headers.get("authorization", "")
        if basic.startswith("Basic "):
            name, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            client = (name, secret)
        if request.method != "POST" or client != (CLIENT_ID, CLIENT_SECRET):
            return self._refuse("incorrect_client_credentials")
        grant = self._codes.pop(given.get("code", ""), None)
        if grant is None:
            return self._refuse("bad_verification_code")
        if given.get("redirect_uri") != grant.redirect_uri:
            return self._refuse("redirect_uri_mismatch")
        if s256(given.get("code_verifier", "")) != grant.challenge:
            return self._refuse("bad_verification_code: code_verifier")
        return self._issue(request, grant)

    def _issue(self, request: Request, grant: Grant) -> Answer:
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens[token] = grant
        body = {"access_token": token, "scope": grant.scope, "token_type": "bearer"}
        if "application/json" in request.headers.get("accept", ""):
            return Answer.of_json(body)
        return Answer.of_text(urlencode(body))

    def _user(self, request: Request, scope: str) -> Answer:
        grant = self._tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None:
            return Answer.of_json({"message": "Bad credentials"}, 401)
        if scope not in grant.scope.replace(",", " ").split():
            return Answer.of_json({"message": "Not Found"}, 404)
        whole: dict[str, Any] = asdict(grant.account)
        emails = whole.pop("emails")
        if scope == "user:email":
            return Answer.of_json(emails)
        # What the public profile shows proves nothing: it is free text.
        return Answer.of_json(whole | {"email": emails[0]["email"] if emails else None})

    def _refuse(self, error: str, answer: Answer | None = None) -> Answer:
        self.refusals.append(error)
        return answer or Answer.of_json({"error": error.partition(":")[0]})


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
