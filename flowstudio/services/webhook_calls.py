"""Requests at webhooks and forms: who may, how often, and the run that each one makes."""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError
from flowstudio.graph.canonical import load
from flowstudio.security.signatures import is_recent, is_signed
from flowstudio.security.throttle import Throttle
from flowstudio.services.access import Actor, authorize
from flowstudio.services.parts import RunParts
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.tries import Tries
from flowstudio.services.webhook_inputs import IN_BODY, Received, body_key, inputs_of
from flowstudio.services.webhook_links import NOTHING, Link, WebhookLinks
from flowstudio.services.webhook_quotas import WebhookQuotas
from flowstudio.services.webhook_waits import ENDINGS, RunResult, RunWait
from flowstudio.services.workflow_runs import Begin, RunWish, WorkflowRuns
from flowstudio.store.webhook_keys import KeyClaim, find_run

MOST_KEY = 200
_ENDINGS = frozenset(ENDINGS)
#: Where a form carries the key that was made when it was opened.
FORM_KEY = "form-receipt"
#: Wrong secrets of one address in a minute, before it is told to wait.
_MOST_REFUSED = 60
_BEARER = "bearer "
_STALE = "The timestamp is missing, or more than five minutes away from this server's clock."
_WRONG = "The signature or secret is missing or wrong."


@dataclass(frozen=True, slots=True)
class Started:
    """The run that a request stands for; `is_first` when this request made it."""

    run_id: str
    is_first: bool


class WebhookCalls:
    """Use cases of whoever holds a link."""

    def __init__(
        self, parts: StudioParts, runs: RunParts, workflows: WorkflowRuns, links: WebhookLinks
    ) -> None:
        self._clock = parts.clock
        self._runs = runs
        self._workflows = workflows
        self._links = links
        self._quotas = WebhookQuotas(parts)
        self._refusals = Tries(parts, Throttle(parts.clock, per_address=_MOST_REFUSED))

    async def find(self, actor: Actor, token: str, *, is_test: bool = False) -> Link:
        """The link at an address; for a test, also one that is switched off.

        Raises:
            NotFoundError: there is none, or it is switched off.
        """
        authorize(actor, "webhook.call")
        link = await self._links.find(token, is_test=is_test)
        if not link.record.is_enabled and not is_test:
            raise NotFoundError(NOTHING)
        return link

    async def admit(self, link: Link, received: Received, *, is_test: bool = False) -> None:
        """Let a request in, or not.

        Raises:
            NotSignedInError: its secret or signature is not right, or its timestamp is old.
            ThrottledError: the link has taken as many as it may, or the address failed too often.
        """
        try:
            self._check(link, received)
        except NotSignedInError:
            await self._refusals.attempt("webhook", address=received.address)
            raise
        await self._quotas.take(link.record, is_test=is_test)

    def _check(self, link: Link, received: Received) -> None:
        record = link.record
        if record.auth == "none":
            return
        if not link.secret:
            raise NotSignedInError(_WRONG)
        if record.auth == "header":
            given = _secret_in(received, record.auth_header.lower())
            if not hmac.compare_digest(given.encode("utf-8", "replace"), link.secret.encode()):
                raise NotSignedInError(_WRONG)
            return
        stamp = received.header("webhook-timestamp")
        if not is_recent(stamp, self._clock.now().timestamp()):
            raise NotSignedInError(_STALE)
        message_id, given = received.header("webhook-id"), received.header("webhook-signature")
        if not is_signed(link.secret, message_id, stamp, received.body, given):
            raise NotSignedInError(_WRONG)

    async def start(
        self, link: Link, received: Received, run_id: str, *, is_test: bool = False
    ) -> Started:
        """Begin a run with what came in, or give the one that its key stands for already.

        Args:
            link: where it came in; `admit` has let it in.
            received: the request.
            run_id: of the run, if there is to be one.
            is_test: its keys are kept apart.

        Raises:
            InvalidInputError: with every problem of the inputs, or the key is too long.
            ConflictError: the link runs nothing now; its project sees why.
        """
        begin = self._begin(link, received, run_id)
        key = key_of(link, received)
        if not key:
            await self._workflows.begin(link.actor, begin)
            return Started(run_id, is_first=True)
        claim = KeyClaim(
            link.record.id, f"test:{key}" if is_test else key, run_id, self._clock.now()
        )
        await self._workflows.begin(link.actor, begin, claim)
        return Started(claim.found or run_id, is_first=not claim.found)

    def _begin(self, link: Link, received: Received, run_id: str) -> Begin:
        document, record = link.document, link.record
        if document is None:
            message = "This link runs nothing now. The people of its project see why."
            raise ConflictError(message)
        wish = RunWish(
            inputs_of(link.schema, received, record.auth_header),
            trigger=record.kind,
            queue="triggered",
            run_id=run_id,
        )
        return Begin(link.project_id, record.workflow_id, document, wish, link.version)

    async def result(self, link: Link, key: str) -> RunResult:
        """How the run stands that a key stands for; its outputs if the link shows them.

        Raises:
            NotFoundError: the key stands for none.
        """
        run_id = await find_run(self._runs.journal, link.record.id, key)
        record = await self._runs.store.find(run_id) if run_id else None
        if record is None:
            raise NotFoundError(NOTHING)
        if record.status != "succeeded" or not link.record.shows_outputs:
            return RunResult(record.id, record.status)
        body = await self._runs.journal.outputs(record.id)
        return RunResult(record.id, record.status, load(body) if body is not None else None)

    @contextmanager
    def waiting(self, run_id: str, *, all_of_it: bool = False) -> Iterator[RunWait]:
        """Hear of a run for the length of the block, from before it begins: its end, or all of it."""
        kinds = None if all_of_it else _ENDINGS
        with self._runs.bus.subscribe(run_id, kinds) as subscription:
            yield RunWait(self._runs, subscription, run_id)


def _secret_in(received: Received, header: str) -> str:
    given = received.header(header)
    is_bearer = header == "authorization" and given[: len(_BEARER)].lower() == _BEARER
    return given[len(_BEARER) :].strip() if is_bearer else given


def key_of(link: Link, received: Received) -> str:
    """The text by which two requests are the same one; "" when it has none.

    A signed request is known by what is signed of it, its body or its id, so that nobody can send
    it again as another one.

    Raises:
        InvalidInputError: it is too long, not printable, or neither text nor a whole number.
    """
    record, name = link.record, link.record.key_from
    if record.kind == "form":
        name, key = FORM_KEY, received.header(FORM_KEY)
    elif name.startswith(IN_BODY):
        key = body_key(received, name)
    else:
        key = received.header(name.lower()) if name else ""
    if record.auth == "hmac" and not (key and name.startswith(IN_BODY)):
        name, key = "webhook-id", received.header("webhook-id")
    if len(key) > MOST_KEY or not key.isprintable():
        raise InvalidInputError([f"{name}: At most {MOST_KEY} printable characters."])
    return key
