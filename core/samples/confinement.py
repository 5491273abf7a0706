"""Confinement of the process that reads users' files: memory, processor time, files, no network, no programs."""

import ctypes
import os
import resource
import sys
import threading
import time
from collections.abc import Sequence

# Address space of Python, NumPy and Arrow before they read anything: 1.6 GB, measured. The rest is headroom.
OWN_BYTES = 2_500_000_000
# Address space for each byte that a file's values may take: the file's text, Arrow's and NumPy's copy of it, and the
# sorted values of a column while it is profiled.
BYTES_PER_BYTE = 6
# Seconds of a core for one file. 512 MB of CSV take a tenth of it.
MAX_CPU_SECONDS = 120
# Open files: the file, the table, pipes, and what libraries keep open.
MAX_FILES = 64
# From <linux/sched.h>. `os.unshare` comes with Python 3.12.
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
POLL_SECONDS = 1.0
# What keeps a process from the network.
NAMESPACE, AUDIT = "namespace", "audit"
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.system", "ctypes.")


def confine(max_bytes: int, parent: int) -> str:
    """Confine this process for good.

    Args:
        max_bytes: what the values of a file may take.
        parent: the process with which this one ends.

    Returns:
        What keeps it from the network: "namespace", of which it is in one without interfaces; or "audit", by which
        Python itself refuses to open sockets, where the system allows no namespaces, as in most containers.
    """
    network = NAMESPACE if _leave_network() else AUDIT
    limits = {
        resource.RLIMIT_AS: OWN_BYTES + BYTES_PER_BYTE * max_bytes,
        resource.RLIMIT_FSIZE: BYTES_PER_BYTE * max_bytes,
        resource.RLIMIT_NOFILE: MAX_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    sys.addaudithook(_refuse)
    threading.Thread(target=_end_with, args=[parent], daemon=True, name="lifeline").start()
    return network


def allow_processor_time() -> None:
    """Allow `MAX_CPU_SECONDS` from now on. The system ends the process after them."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + MAX_CPU_SECONDS, hard))


def _leave_network() -> bool:
    """Move into a network namespace of its own: as root at once, else by way of a user namespace."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    return any(library.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def _refuse(event: str, _: Sequence[object]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event}: the process that reads files opens no connections and starts no programs")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(0)
