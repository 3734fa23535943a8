"""What a database said, for a person: what is wrong and what to do."""

import sqlite3

from flowstudio.errors import InvalidInputError, JournalError

_KEPT = "Finished steps are kept"
_LATER = f"{_KEPT}; resume the run once this is mended."
_DAMAGED = "The database is damaged. Restore it from a backup."
#: By the beginning of the code (postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRES = {
    "22": "This is no trouble with the database but with what was to be written.",
    "23": "This is no trouble with the database but with what was to be written.",
    "25006": "The server takes no changes: it is a standby, or set to read-only. Connect to the "
    "primary server.",
    "28": "Check the user and the password in FLOWSTUDIO_DATABASE_URL.",
    "3D": "Create the database on the server, or name another in FLOWSTUDIO_DATABASE_URL.",
    "42501": "Give the user of FLOWSTUDIO_DATABASE_URL the rights to this database.",
    "53100": f"The server's disk is full. {_KEPT}: free some space, then resume the run.",
    "53300": "The server takes no more connections: raise its max_connections, or run fewer "
    "processes of FlowStudio.",
    "55P03": f"Another process has held the database for too long. {_KEPT}: end it, then resume "
    "the run.",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
_GONE = (
    f"The database server cannot be reached. {_KEPT}, and runs go on once it is back: check "
    "that it runs, and the host and port in FLOWSTUDIO_DATABASE_URL."
)


def storage_error(error: Exception) -> JournalError | InvalidInputError:
    """The error of a service, from that of a database's driver."""
    failure: JournalError | InvalidInputError
    # psycopg's words for a text, and PostgreSQL's code for one within JSON.
    if "NUL (0x00)" in str(error) or getattr(error, "sqlstate", None) == "22P05":
        failure = InvalidInputError(["A text has a character of the code 0 in it. Remove it."])
    else:
        failure = JournalError(f"The journal could not be written {explain(error)}")
    failure.__cause__ = error
    return failure


def explain(error: Exception) -> str:
    """What the driver said, in brackets, and what to do."""
    text = " ".join(str(error).split())
    return f"({text}). {_advice(error, text)}"


def may_pass(error: BaseException | None) -> bool:
    """Whether it is the database's state that is at fault, such as a full disk, not the work."""
    # PEP 249 gives every driver a class of this name for that.
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)


def _advice(error: Exception, text: str) -> str:
    if isinstance(error, sqlite3.Error):
        return _sqlite_advice(text)
    if hasattr(error, "sqlstate"):
        return _postgres_advice(error, error.sqlstate or _code(text))
    return "This is no trouble with the disk but with what was to be written."


def _sqlite_advice(text: str) -> str:
    if "full" in text:
        return f"The disk is full. {_KEPT}: free some space, then resume the run."
    if "locked" in text or "busy" in text:
        return (
            f"Another process has held the database for too long. {_KEPT}: end it, then resume "
            "the run."
        )
    if "malformed" in text or "not a database" in text:
        return "The database file is damaged. Restore it from a backup."
    if "readonly" in text or "unable to open" in text:
        return "The data directory cannot be written. Check its owner and permissions."
    return _LATER


def _code(text: str) -> str:
    """The code that a refused connection comes without."""
    if "authentication failed" in text or "no pg_hba.conf entry" in text:
        return "28"
    if "does not exist" in text:
        return "3D" if "database" in text.rpartition("FATAL:")[2] else "28"
    return "53300" if "too many clients" in text or "remaining connection slots" in text else ""


def _postgres_advice(error: Exception, code: str) -> str:
    for beginning, advice in _POSTGRES.items():
        if code.startswith(beginning):
            return advice
    if may_pass(error) and code[:2] in ("", "08", "57"):
        return _GONE
    return _LATER
