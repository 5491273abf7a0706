"""What the system says of memory: how large a process is, and how many it has killed for want of it."""

import os
import re
from pathlib import Path

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def resident_bytes(pid: int, proc: Path = PROC) -> int | None:
    """A process's size in memory; None if it is gone, or the system does not say."""
    try:
        pages = int((proc / str(pid) / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") or None  # a dead process has no pages


def oom_kills(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """How many processes the system has killed for want of memory: of our control group, else of the machine.

    None where it does not say, as on systems other than Linux.
    """
    for file in [*_counters(proc, cgroups), proc / "vmstat"]:
        try:
            found = re.search(r"^oom_kill (\d+)$", file.read_text(), re.MULTILINE)
        except OSError:
            continue
        if found:
            return int(found[1])
    return None


def _counters(proc: Path, cgroups: Path) -> list[Path]:
    """Where our group counts: version 2 in one tree, version 1 in one for memory. In a container the root is ours."""
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
