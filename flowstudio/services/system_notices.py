"""What admins are told of the installation itself."""

from datetime import datetime

from sqlmodel import Session

from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import instance, notices
from flowstudio.store.database import newest_version
from flowstudio.store.notices import Admins, Notice

_FACT = "schema_told"


async def tell_of_schema(parts: StudioParts) -> None:
    """Tell admins once that a start has brought the database to a newer schema."""
    version, now = newest_version(), parts.clock.now()
    if await parts.records.read(lambda session: instance.find_fact(session, _FACT)) == version:
        return

    def work(session: Session) -> None:
        instance.set_fact(session, _FACT, version)
        notices.add(
            session,
            Notice(
                type="system",
                to=Admins(),
                key=f"schema:{version}",
                title=f"The database is now at schema {version}",
                body="This start brought it up to date. Older versions of FlowStudio refuse it, so "
                "keep the backup from before if you may want to go back.",
                at=now,
                link="/admin",
                priority="normal",
            ),
        )

    await parts.records.write(work)


async def tell_of_trouble(
    parts: StudioParts,
    what: str,
    title: str,
    problem: str,
    *,
    link: str = "/admin",
    is_daily: bool = True,
) -> None:
    """Tell admins that something which should go by itself does not; once a day, or once at all."""
    notice = trouble(what, title, problem, parts.clock.now(), link=link, is_daily=is_daily)
    await parts.records.write(lambda session: notices.add(session, notice))


def trouble(
    what: str,
    title: str,
    problem: str,
    now: datetime,
    *,
    link: str = "/admin",
    is_daily: bool = True,
) -> Notice:
    """The notice of that."""
    key = f"trouble:{what}"
    return Notice(
        type="system",
        to=Admins(),
        key=f"{key}:{now:%Y-%m-%d}" if is_daily else key,
        title=title,
        body=problem,
        at=now,
        link=link,
    )
