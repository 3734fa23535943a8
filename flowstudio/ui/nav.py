"""The pages a person can go to from anywhere, and the keys that lead there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail, of the command palette and of the list of keys."""

    name: str
    label: str
    href: str
    icon: str
    keys: str
    is_for_admins: bool = False


PLACES = (
    Place("home", "Home", "/", "house", "g h"),
    Place("workflows", "Workflows", "/workflows", "workflow", "g w"),
    Place("runs", "Runs", "/runs", "history", "g r"),
    Place("schedules", "Schedules", "/schedules", "calendar-clock", "g s"),
    Place("projects", "Projects", "/projects", "folder", "g p"),
    Place("account", "Account", "/account", "circle-user", "g a"),
    Place("queue", "Queue", "/queue", "list-ordered", "g q", is_for_admins=True),
    Place("admin", "Admin", "/admin", "shield", "g d", is_for_admins=True),
)
