"""Exit statuses and consoles of all commands."""

from enum import IntEnum

from rich.console import Console

console = Console()
errors = Console(stderr=True)


class Exit(IntEnum):
    """Exit statuses of all commands."""

    COMPLETED = 0
    FAILED = 1
    INVALID = 2
    CANCELLED = 3
    UNREACHABLE = 4
    INTERRUPTED = 130  # as shells count a command that Ctrl-C ended


EPILOG = (
    "Exit status: 0 completed (a run that diverged is a result), 1 failed, 2 wrong usage or invalid spec, "
    "3 cancelled, 4 the service or its database cannot be reached or used, 130 interrupted while it waited."
)
