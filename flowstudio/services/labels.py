"""Tags and folders as people write them."""

from collections.abc import Iterable

from flowstudio.errors import InvalidInputError

MOST_TAGS = 20
MOST_TAG = 40
MOST_FOLDER = 200
_MOST_LEVELS = 6


def read_tags(told: Iterable[str]) -> tuple[str, ...]:
    """Tags without needless blanks, each once, whatever its capitals.

    Raises:
        InvalidInputError: there are too many, or one is too long or no single line.
    """
    tags: dict[str, str] = {}
    for text in told:
        if tag := " ".join(text.split()):
            tags.setdefault(tag.lower(), tag)
    problems = [
        f"tags: {tag[:MOST_TAG]!r} is no tag; use at most {MOST_TAG} printable characters."
        for tag in tags.values()
        if len(tag) > MOST_TAG or not tag.isprintable()
    ]
    if len(tags) > MOST_TAGS:
        problems.append(f"tags: At most {MOST_TAGS} fit on a workflow.")
    if problems:
        raise InvalidInputError(problems)
    return tuple(tags.values())


def read_folder(told: str) -> str:
    """A path such as `Support/Mail`, or "" for no folder.

    Raises:
        InvalidInputError: it is too long, too deep or no single line.
    """
    parts = [" ".join(part.split()) for part in told.split("/")]
    path = "/".join(part for part in parts if part)
    if len(path) > MOST_FOLDER or not path.isprintable():
        problem = f"folder: Use at most {MOST_FOLDER} printable characters."
        raise InvalidInputError([problem])
    if path.count("/") >= _MOST_LEVELS:
        problem = f"folder: Folders are at most {_MOST_LEVELS} deep."
        raise InvalidInputError([problem])
    return path
