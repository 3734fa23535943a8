"""What is wrong with a document: where, what, and a mend where there is one."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Mend:
    """A change that removes a problem in one click.

    `add_edge` uses source and target (node ids); `remove_edge` uses edge; `rename_node` uses node
    (id) and name; `set_config` uses node, path and value.
    """

    kind: Literal["add_edge", "remove_edge", "rename_node", "set_config"]
    source: str = ""
    target: str = ""
    edge: str = ""
    node: str = ""
    name: str = ""
    path: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document.

    Attributes:
        code: a stable word for programs, such as `unknown_type`.
        message: a sentence for people.
        node: name of the node it is in, or "" for the workflow itself.
        path: the place inside that node or the document, such as `config.fields.total`.
        mend: what would remove it.
    """

    code: str
    message: str
    node: str = ""
    path: str = ""
    mend: Mend | None = None

    def __str__(self) -> str:
        place = ".".join(part for part in (self.node, self.path) if part)
        return f"{place}: {self.message}" if place else self.message

    def as_json(self) -> dict[str, Any]:
        """A flat object for programs; a missing mend is left out."""
        values = asdict(self)
        if self.mend is None:
            del values["mend"]
        else:
            values["mend"] = {k: v for k, v in asdict(self.mend).items() if v not in ("", None)}
        return values
