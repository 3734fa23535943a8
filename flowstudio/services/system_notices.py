"""What admins are told of the installation itself."""

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


async def tell_of_trouble(parts: StudioParts, what: str, title: str, problem: str) -> None:
    """Tell admins that something which should go by itself does not; at most once a day."""
    now = parts.clock.now()
    trouble = Notice(
        type="system",
        to=Admins(),
        key=f"trouble:{what}:{now:%Y-%m-%d}",
        title=title,
        body=problem,
        at=now,
        link="/admin",
    )
    await parts.records.write(lambda session: notices.add(session, trouble))
