"""Memory as the system reports it: sizes of processes, and out-of-memory kills."""

import os
import re
from pathlib import Path

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def resident_bytes(pid: int, proc: Path = PROC) -> int | None:
    """Return a process's size in memory; None if it has ended, or the system does not report it."""
    try:
        pages = int((proc / str(pid) / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") or None  # a dead process has no pages


def oom_kills(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Return the number of out-of-memory kills in this process's control group, else on the machine.

    None if the system does not report it, as all but Linux.
    """
    for file in [*_counters(proc, cgroups), proc / "vmstat"]:
        try:
            match = re.search(r"^oom_kill (\d+)$", file.read_text(), re.MULTILINE)
        except OSError:
            continue
        if match:
            return int(match[1])
    return None


def _counters(proc: Path, cgroups: Path) -> list[Path]:
    """Return the files with the control group's counts, of version 2 or 1; in a container they are at the root."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            files += [cgroups / "memory" / each / "memory.oom_control" for each in (path.lstrip("/"), "")]
        elif not controllers:
            files += [cgroups / each / "memory.events" for each in (path.lstrip("/"), "")]
    return files
