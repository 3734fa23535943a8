"""`python -m tests.faults.long [--sqlite] [--seed 1]`: processes and databases under attack.

Webhooks come, each key five times, and schedules fire, while a seed decides what fails and when: see
`actors`. What really ran is known from a ledger outside the database, and the table tells the two
apart. It ends with 1 when anything was lost, repeated after its commit, or fired twice.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from tests.faults.account import Account
from tests.faults.actors import ACTORS, small_disk
from tests.faults.callers import Callers
from tests.faults.farm import Farm, Plan
from tests.postgres import Cluster, cluster

log = logging.getLogger(__name__)

_DISK_MB = 1024
_TIMES = 5
_MIDDLE_S = 0.3


def campaign(plan: Plan, *, on_postgres: bool) -> Account:
    """Do what is planned, in an order that follows from the seed."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="farm-") as name,
        small_disk(Path(name) / "disk", _DISK_MB) as disk,
        _database(disk, on_postgres=on_postgres) as (server, url),
    ):
        farm = Farm(Path(name), plan, server, url, disk)
        callers = Callers(farm.addresses, asyncio.run(farm.prepare()))
        farm.begin()
        _attack(farm, callers)
        callers.finish(300, farm.mend)
        account = farm.finish(callers.given, callers.firsts)
        account.lost += callers.problems
        account.refused = callers.refused
    account.took_s = time.monotonic() - began
    return account


def _attack(farm: Farm, callers: Callers) -> None:
    plan = farm.plan
    faults = [name for name in ACTORS for _ in range(getattr(plan, name)) if _is_here(farm, name)]
    keys = [f"order-{number}" for number in range(plan.keys)]
    keys = (keys + [f"forty-{number}" for number in range(plan.forties)]) * _TIMES
    farm.rng.shuffle(faults)
    farm.rng.shuffle(keys)
    for at, name in enumerate(faults):
        time.sleep(farm.rng.uniform(0, plan.gap_s))
        farm.mend()
        callers.send(keys[at :: len(faults)])
        # What is asked for now is in the middle of it.
        time.sleep(farm.rng.uniform(0, _MIDDLE_S))
        ACTORS[name](farm)
        farm.promise()
        farm.account.faults[name] += 1
        log.info("%d of %d: %s", at + 1, len(faults), name)


def _is_here(farm: Farm, name: str) -> bool:
    needs = {"restart_database": farm.server, "fill_disk": farm.disk}
    return needs.get(name, farm) is not None


@contextmanager
def _database(disk: Path | None, *, on_postgres: bool) -> Iterator[tuple[Cluster | None, str]]:
    if not on_postgres:
        yield None, ""
        return
    with cluster(on=disk) as server, server.database() as url:
        yield server, url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--sqlite", action="store_true")
    logging.basicConfig(format="%(asctime)s %(message)s")
    log.setLevel("INFO")
    options = vars(parser.parse_args())
    on_postgres = not options.pop("sqlite")
    before = os.getloadavg()[2]
    account = campaign(Plan(**options), on_postgres=on_postgres)
    title = f"{'PostgreSQL' if on_postgres else 'SQLite'}, seed {options['seed']}"
    click.echo(f"| {title}, load {before:.0f} to {os.getloadavg()[2]:.0f} | |\n|---|---|")
    click.echo(account.table())
    for line in account.wrong:
        click.echo(line)
    sys.exit(1 if account.wrong else 0)


if __name__ == "__main__":
    main()
