"""A short form of `make faults`: whatever fails, nothing is lost, repeated or fired twice."""

from tests.faults.farm import Plan
from tests.faults.long import campaign
from tests.postgres import Cluster

SHORT = Plan(
    kill_worker=3,
    kill_web=2,
    restart_database=1,
    stop_worker=1,
    fill_disk=1,
    lock_database=1,
    stop_s=1,
    full_s=1,
    lock_s=2,
    gap_s=0.3,
    keys=20,
    forties=2,
    schedules=3,
    seed=11,
)


def test_processes_and_a_file_under_attack_lose_nothing_and_fire_nothing_twice():
    account = campaign(SHORT, on_postgres=False)
    assert account.wrong == []
    assert account.finished == account.started > account.keys == 22


def test_processes_and_a_server_under_attack_lose_nothing_and_fire_nothing_twice(
    postgres: Cluster,
):
    del postgres  # Skips where there is none; this one is restarted, so it is nobody else's.
    account = campaign(SHORT, on_postgres=True)
    assert account.wrong == []
    assert account.finished == account.started > account.keys == 22
