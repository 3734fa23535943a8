"""How many runs of each queue the workers have room for, each of which serves queues of its own."""

from collections.abc import Mapping
from itertools import combinations

Ahead = Mapping[str, int]


class Capacity:
    """What workers take at once, by the queues they serve."""

    def __init__(self, workers: Mapping[frozenset[str], int]) -> None:
        """Take the numbers of runs of all workers that serve the same queues together."""
        self.in_all = sum(workers.values())
        queues = sorted(frozenset().union(*workers))
        self._of = {queue: _sum(workers, frozenset((queue,))) for queue in queues}
        #: By queue, each set of queues it is in, with how many runs of these there is room for.
        self._bounds = {
            queue: [(among, _sum(workers, among)) for among in _subsets(queues) if queue in among]
            for queue in queues
        }

    def of(self, queue: str) -> int:
        """How many runs of a queue all workers that serve it take at once."""
        return self._of.get(queue, 0)

    def places(self, queue: str, ahead: Ahead) -> int:
        """How many more runs of a queue its workers have room for, beside those ahead by queue.

        So many that workers could be found for them and for those ahead (Hall's theorem). What is
        ahead of a queue beyond what its workers take counts against no other.
        """
        left = (
            most - sum(min(ahead.get(name, 0), self._of[name]) for name in among)
            for among, most in self._bounds.get(queue, ())
        )
        return max(0, min(left, default=0))


def _sum(workers: Mapping[frozenset[str], int], among: frozenset[str]) -> int:
    return sum(most for served, most in workers.items() if served & among)


def _subsets(queues: list[str]) -> list[frozenset[str]]:
    sizes = range(1, len(queues) + 1)
    return [frozenset(among) for size in sizes for among in combinations(queues, size)]
