"""What every part of the account service needs."""

import secrets
from dataclasses import replace

from sqlmodel import Session

from flowstudio.security.passwords import Passwords
from flowstudio.security.throttle import Throttle
from flowstudio.services.access import NOBODY, Target
from flowstudio.services.mail import MailService
from flowstudio.services.mail_links import LinkMail, Purpose, make_link
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor
from flowstudio.services.sessions import SessionService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.tries import Tries
from flowstudio.store import audit
from flowstudio.store.users import UserRecord


class AccountBase:
    """Its parts, and the mails and log entries it makes."""

    def __init__(
        self,
        parts: StudioParts,
        sessions: SessionService,
        passwords: Passwords,
        throttle: Throttle,
        mail: MailService,
    ) -> None:
        self._parts = parts
        self._sessions = sessions
        self._passwords = passwords
        self._tries = Tries(parts, throttle)
        self._mail = mail
        self._setup_secret = secrets.token_urlsafe(16)

    def _link(self, session: Session, purpose: Purpose, user_id: str, email: str) -> LinkMail:
        base_url, now = self._parts.settings.base_url, self._parts.clock.now()
        return make_link(session, base_url, purpose, (user_id, email), now)

    def _post(self, mail: LinkMail | None) -> None:
        if mail is not None:
            self._mail.post(mail.to, mail.subject, mail.text)

    def _log(self, session: Session, verb: str, user: UserRecord | None, origin: Origin) -> None:
        """Log what somebody did before they were signed in; without a user, it was refused."""
        somebody = as_actor(user, origin) if user is not None else NOBODY
        actor = replace(somebody, address=origin.address[:64], request_id=origin.request_id)
        entry = self._parts.entry(actor, verb, Target("user", actor.id))
        audit.append(session, entry if user is not None else replace(entry, result="refused"))
