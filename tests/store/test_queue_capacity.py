"""How many runs of each queue there is room for, by which workers serve it."""

from collections import Counter

import pytest

from flowstudio.store.queue_capacity import Capacity

ASKED, T, B = "interactive", "triggered", "batch"


@pytest.mark.parametrize(
    ("workers", "ahead", "places"),
    [
        ({(ASKED, T, B): 8}, {}, {ASKED: 8, T: 8, B: 8}),
        ({(ASKED, T, B): 8}, {B: 5}, {ASKED: 3, T: 3, B: 3}),
        ({(ASKED,): 4}, {}, {ASKED: 4, T: 0, B: 0}),
        ({(ASKED,): 4}, {B: 9}, {ASKED: 4, T: 0, B: 0}),
        ({(ASKED,): 4, (B,): 2}, {B: 9}, {ASKED: 4, T: 0, B: 0}),
        ({(ASKED,): 4, (ASKED, B): 2}, {B: 2}, {ASKED: 4, T: 0, B: 0}),
        ({(ASKED,): 4, (ASKED, B): 2}, {ASKED: 5}, {ASKED: 1, T: 0, B: 1}),
        ({(ASKED, T): 3, (T, B): 3}, {T: 4}, {ASKED: 2, T: 2, B: 2}),
        ({}, {}, {ASKED: 0, T: 0, B: 0}),
    ],
)
def test_a_queue_has_room_for_what_its_workers_take_beside_the_others(workers, ahead, places):
    capacity = Capacity({frozenset(queues): most for queues, most in workers.items()})
    assert {queue: capacity.places(queue, Counter(ahead)) for queue in (ASKED, T, B)} == places
