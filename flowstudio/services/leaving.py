"""Removing a person without leaving anything ownerless."""

from sqlmodel import Session

from flowstudio.errors import ConflictError
from flowstudio.store import leaving, projects, users
from flowstudio.store.users import ADMIN, UserRecord


def check_not_last_admin(session: Session, user: UserRecord) -> None:
    """Make sure that somebody else can administer the installation.

    Raises:
        ConflictError: nobody else can.
    """
    is_admin = user.role == ADMIN and user.is_active
    if is_admin and not users.count_other_admins(session, user.id):
        message = "This is the last active admin. Make somebody else an admin first."
        raise ConflictError(message)


def remove_person(session: Session, user: UserRecord) -> list[str]:
    """Remove a person, inside a work that writes, with the projects that only they are in.

    Gives the ids of those projects.

    Raises:
        ConflictError: they are the last admin, or the only owner of a project others are in, or
            something of theirs is running.
    """
    check_not_last_admin(session, user)
    owned = leaving.list_solely_owned(session, user.id)
    if shared := [project.name for project in owned if project.members > 1]:
        raise ConflictError(
            f"Others need an owner in: {', '.join(shared)}. Transfer or delete that first."
        )
    if going := [project.name for project in owned if project.going_runs]:
        raise ConflictError(f"Runs are going on in: {', '.join(going)}. Cancel them first.")
    for project in owned:
        projects.remove_project(session, project.id)
    users.remove_user(session, user.id)
    return [project.id for project in owned]
