"""Identifiers that sort by time."""

import time
from uuid import UUID

from flowstudio.graph.ids import new_id


def test_an_id_is_a_uuid_of_version_seven():
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_an_id_carries_the_milliseconds_of_its_making():
    before = time.time_ns() // 1_000_000
    stamp = int(UUID(new_id()).hex[:12], 16)
    assert before <= stamp <= time.time_ns() // 1_000_000


def test_ids_differ():
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
