"""The workflow document: its model, and reading it from untrusted text."""

from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.form_faults import describe
from flowstudio.graph.problems import Problem
from flowstudio.graph.strict_json import NotJsonError, depth_of, read_json
from flowstudio.graph.upgrade import FORMAT, upgrade

MAX_BYTES = 5_000_000
MAX_NODES = 5_000
MAX_EDGES = 20_000
MAX_STICKY_NOTES = 500
MAX_DEPTH = 60

Usd = Annotated[Decimal, Field(ge=0, le=1_000_000), PlainSerializer(str, return_type=str)]


class Model(BaseModel):
    """Base of every part of a document: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Position(Model):
    """Where a node stands on the canvas, in pixels; inside a container, from its corner."""

    x: float = Field(default=0, ge=-1e7, le=1e7)
    y: float = Field(default=0, ge=-1e7, le=1e7)


class Retry(Model):
    """How often a failing node is tried, and how long to wait between attempts."""

    attempts: int = Field(default=1, ge=1, le=100)
    backoff_s: float = Field(default=1, ge=0, le=86_400)
    factor: float = Field(default=2, ge=1, le=10)
    max_s: float = Field(default=60, ge=0, le=86_400)


class CacheFor(Model):
    """Keep a node's output this long."""

    ttl_s: float = Field(gt=0)


class Node(Model):
    """One node: what it is, where it stands, and how it behaves when something goes wrong."""

    id: str = Field(min_length=1, max_length=100)
    type: str = Field(min_length=1, max_length=100)
    name: str = Field(max_length=100)
    config: dict[str, Any] = {}
    position: Position = Position()
    parent: str | None = None
    notes: str = Field(default="", max_length=20_000)
    disabled: bool = False
    retry: Retry = Retry()
    timeout_s: float | None = Field(default=None, gt=0, le=30 * 86_400)
    on_error: Literal["fail", "continue", "branch"] = "fail"
    default: Any = None
    join: Literal["all", "any"] = "all"
    cache: Literal["auto", "off"] | CacheFor = "auto"


class Edge(Model):
    """A wire from one node's output port to another's input port."""

    id: str = Field(min_length=1, max_length=100)
    source: str
    source_port: str = Field("out", max_length=100)
    target: str
    target_port: str = Field("in", max_length=100)


class StickyNote(Model):
    """A remark on the canvas, in markdown; runs take no notice of it."""

    id: str = Field(min_length=1, max_length=100)
    text: str = Field(default="", max_length=20_000)
    position: Position = Position()
    width: float = Field(default=220, ge=80, le=2_000)
    height: float = Field(default=120, ge=40, le=2_000)
    colour: Literal["plain", "amber", "green", "blue", "violet", "red"] = "amber"


class WorkflowSettings(Model):
    """Limits and habits of a whole workflow.

    Attributes:
        concurrency: steps of one run executed at once.
        cache: whether runs may take outputs of earlier equal steps.
        auto_limit_usd: paid nodes re-run by themselves in the editor up to this predicted cost.
        retry: how often a run that failed is taken up again by itself, from where it failed.
    """

    timeout_s: float | None = Field(default=None, gt=0, le=30 * 86_400)
    max_cost_usd: Usd | None = None
    concurrency: int = Field(default=16, ge=1, le=1000)
    cache: Literal["auto", "off"] = "auto"
    auto_limit_usd: Usd = Decimal(0)
    retry: Retry = Retry()


class Document(Model):
    """A whole workflow."""

    format: Literal["flowstudio/1"] = "flowstudio/1"
    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=20_000)
    settings: WorkflowSettings = WorkflowSettings()
    nodes: list[Node] = Field(default=[], max_length=MAX_NODES)
    edges: list[Edge] = Field(default=[], max_length=MAX_EDGES)
    sticky_notes: list[StickyNote] = Field(default=[], max_length=MAX_STICKY_NOTES)

    def dump(self) -> dict[str, Any]:
        """The document as JSON values, defaults left out where they say nothing."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"format": FORMAT}


def read_document(source: bytes | str) -> Document:
    """Read a document from untrusted JSON text, upgrading older formats.

    Raises:
        InvalidDocumentError: with every problem of form; `validate` finds those of meaning.
    """
    return parse_document(_read_json(source))


def parse_document(value: Any) -> Document:
    """Check JSON values against the document model, upgrading older formats.

    Raises:
        InvalidDocumentError: with every problem of form.
    """
    if not isinstance(value, dict):
        _refuse("not_an_object", "A workflow is a JSON object with format, name, nodes and edges.")
    if (depth := depth_of(value, MAX_DEPTH)) > MAX_DEPTH:
        _refuse("too_deep", f"The document is nested {depth} levels deep; at most {MAX_DEPTH}.")
    upgraded = upgrade(value)
    try:
        return Document.model_validate(upgraded)
    except ValidationError as error:
        problems = [_from_pydantic(upgraded, details) for details in error.errors()]
        raise InvalidDocumentError(problems) from error


def _read_json(source: bytes | str) -> Any:
    size = len(source.encode(errors="surrogatepass") if isinstance(source, str) else source)
    if size > MAX_BYTES:
        _refuse("too_large", f"The document has {size:,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        return read_json(source, "The document", MAX_DEPTH)
    except NotJsonError as error:
        _refuse(error.code, str(error))


def _refuse(code: str, message: str) -> NoReturn:
    raise InvalidDocumentError([Problem(code, message)])


def _from_pydantic(value: dict[str, Any], details: Any) -> Problem:
    location = list(details["loc"])
    node = ""
    if len(location) >= 2 and location[0] == "nodes" and isinstance(location[1], int):
        raw = value["nodes"][location[1]]
        name = raw.get("name") if isinstance(raw, dict) else None
        node = name if isinstance(name, str) and name else f"nodes[{location[1]}]"
        location = location[2:]
    return Problem(
        code=details["type"],
        message=describe(details),
        node=node,
        path=".".join(str(part) for part in location),
    )
