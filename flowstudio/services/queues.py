"""The queues there are; one is served before the next."""

from typing import Literal

QueueName = Literal["interactive", "triggered", "batch"]

#: In the order of their priority: people who look on, then triggers, then what may wait.
QUEUES: tuple[QueueName, ...] = ("interactive", "triggered", "batch")
