"""A short form of `make faults`: workers killed and stopped, the database restarted, nothing lost."""

from tests.faults.farm import Plan, campaign
from tests.postgres import Cluster, cluster


def test_workers_that_die_on_sqlite_lose_nothing_and_repeat_nothing_committed():
    plan = Plan(kills=5, stops=1, stop_s=2, runs_at_once=2, seed=11)
    report = campaign(plan)
    assert report.lost == []
    assert report.violations == []
    assert report.finished == report.made > 0


def test_workers_and_a_server_that_die_lose_nothing_and_repeat_nothing_committed(postgres: Cluster):
    del postgres  # Skips where there is none; this one is restarted, so it is nobody else's.
    plan = Plan(kills=4, restarts=1, stops=1, stop_s=2, runs_at_once=2, seed=12)
    with cluster() as server:
        report = campaign(plan, server)
    assert report.lost == []
    assert report.violations == []
    assert report.finished == report.made > 0
