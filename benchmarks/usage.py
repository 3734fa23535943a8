"""Processor time and memory of this process and all its descendants, from Linux's /proc.

Standard library only: peers' environments read it too.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree has used so far.

    Attributes:
        cpu_s: user and system time, finished and awaited children included.
        rss_mb: resident now, in units of 1,000,000 bytes; pages shared by processes count in each.
        peak_mb: sum of each living process's largest resident size.
    """

    cpu_s: float
    rss_mb: float
    peak_mb: float


def measure_usage() -> Usage:
    """Add up this process and its living descendants."""
    stats = _read_stats()
    family = _family(os.getpid(), {pid: int(fields[1]) for pid, fields in stats.items()})
    # Fields 14 to 17 of proc(5) are utime, stime, cutime and cstime; these start at field 3.
    ticks = sum(int(field) for pid in family for field in stats[pid][11:15])
    resident, peak = 0, 0
    for pid in family:
        memory = _read_memory(pid, "status")
        resident += memory.get("VmRSS", 0)
        peak += memory.get("VmHWM", 0)
    return Usage(ticks / _TICKS_PER_S, resident * 1024 / 1e6, peak * 1024 / 1e6)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a tree.

    Attributes:
        name: of its program, cut to 15 characters by the kernel.
        cpu_s: user and system time of its own, and of children that it has awaited.
        rss_mb: resident now, in units of 1,000,000 bytes.
        pss_mb: the same, with each shared page divided among those who share it.
    """

    name: str
    cpu_s: float
    rss_mb: float
    pss_mb: float


def tree(root: int) -> dict[int, Process]:
    """A process and its living descendants, by process id."""
    stats = _read_stats()
    family = _family(root, {pid: int(fields[1]) for pid, fields in stats.items()})
    return {pid: _process(pid, stats[pid]) for pid in sorted(family) if pid in stats}


def _process(pid: int, fields: list[str]) -> Process:
    ticks = sum(int(field) for field in fields[11:15])
    resident = _read_memory(pid, "status").get("VmRSS", 0)
    shared = _read_memory(pid, "smaps_rollup").get("Pss", 0)
    name = _read(_PROC / str(pid) / "comm").strip()
    return Process(name, ticks / _TICKS_PER_S, resident * 1024 / 1e6, shared * 1024 / 1e6)


def _read_stats() -> dict[int, list[str]]:
    stats = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (text := _read(entry / "stat")):
            # The second field, the command in parentheses, may hold spaces.
            stats[int(entry.name)] = text.rpartition(")")[2].split()
    return stats


def _read_memory(pid: int, file: str) -> dict[str, int]:
    lines = (line.split() for line in _read(_PROC / str(pid) / file).splitlines())
    return {line[0].rstrip(":"): int(line[1]) for line in lines if line[2:] == ["kB"]}


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # It ended between the listing and the reading.


def _family(root: int, parents: dict[int, int]) -> set[int]:
    family, grown = {root}, True
    while grown:
        children = {pid for pid, parent in parents.items() if parent in family}
        grown = not children <= family
        family |= children
    return family
