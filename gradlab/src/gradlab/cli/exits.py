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
    CURED = 10
    NOT_CURED = 11
    UNDECIDED = 12
    AT_RISK = 13
    INTERRUPTED = 130  # as shells count a command that Ctrl-C ended


EPILOG = (
    "Exit status: 0 completed (a run that diverged is a result), 1 failed, 2 wrong usage or invalid spec, "
    "3 cancelled, 4 the service or its database cannot be reached or used, 130 interrupted while it waited."
)
DOCTOR_EPILOG = (
    "Exit status: 0 healthy, 10 ill with a proved cure, 11 ill without one, 12 undecided, 13 at risk, 1 failed, "
    "2 wrong usage, or a file or model that is refused, 4 the service cannot be reached or used, 130 interrupted."
)
