"""What everybody who has a workflow open was told of its marks, over all processes."""

import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

View = dict[str, Any]
_MOST_WORKFLOWS = 256
_MOST_BEFORE = 64


def key_of(marks: Mapping[str, View]) -> str:
    """A short name of marks: the same for the same ones, whoever looked."""
    body = orjson.dumps(dict(marks), option=orjson.OPT_SORT_KEYS)
    return blake2b(body, digest_size=8).hexdigest()


@dataclass(slots=True)
class _Told:
    key: str
    marks: Mapping[str, View]
    before: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_BEFORE))


class ToldMarks:
    """Makes messages of what has changed, which say what they go on from.

    `marks_key` names what all marks are with a message, `marks_from` what they were before it, or is
    "" when the message holds all of them. Whoever has others, or knows of a later revision, asks for
    all: another process may have told something meanwhile, or its message may have come first.
    """

    def __init__(self) -> None:
        self._by = secrets.token_hex(3)
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def changed(self, workflow_id: str, revision: int, marks: Mapping[str, View]) -> View:
        """The part of a message that tells of a revision's marks; from here on they count as told."""
        key, told = key_of(marks), self._told.get(workflow_id)
        known = told.marks if told is not None else {}
        changed = {name: mark for name, mark in marks.items() if known.get(name) != mark}
        before = told.key if told is not None else ""
        if before != key:
            self._keep(workflow_id, key, marks)
        return {
            "marks": changed,
            "marks_key": key,
            "marks_from": before,
            "revision": revision,
            "by": self._by,
        }

    def heard(self, workflow_id: str, message: Mapping[str, Any]) -> None:
        """Take into account what another process has told, as often as it is heard here."""
        key, told = message.get("marks_key"), self._told.get(workflow_id)
        if key is None or message["by"] == self._by:
            return
        if told is not None and (told.key == key or key in told.before):
            return
        if message["marks_from"] == "":
            self._keep(workflow_id, key, message["marks"])
        elif told is not None and told.key == message["marks_from"]:
            self._keep(workflow_id, key, {**told.marks, **message["marks"]})
        else:
            # Something was missed, or told at the same moment: next time, all are told.
            self._told.pop(workflow_id, None)

    def _keep(self, workflow_id: str, key: str, marks: Mapping[str, View]) -> None:
        told = self._told.pop(workflow_id, None)
        before = told.before if told is not None else deque(maxlen=_MOST_BEFORE)
        if told is not None:
            before.append(told.key)
        self._told[workflow_id] = _Told(key, marks, before)
        if len(self._told) > _MOST_WORKFLOWS:
            self._told.popitem(last=False)
