"""Start a worker: `python -m worker`."""

import os
import sys

from core.device import check_device
from core.store.migrate import check_revision
from gradlab.errors import DatabaseTooNew, Invalid, Unavailable
from worker.app import app, settings
from worker.lifeline import end_with

# The exit status of every command whose database or broker cannot be used.
UNUSABLE = 4
# That of every command with a wrong argument or setting.
MISUSED = 2


def main() -> None:
    """Run until SIGTERM: the current chunk is finished and the experiment is requeued.

    Exit status 4: a later version has migrated the database. Exit status 2: the machine does not have the device.
    """
    try:
        check_device(settings.device)
        check_revision(settings.database)
    except DatabaseTooNew as error:
        print(f"gradlab: {error}", file=sys.stderr)
        sys.exit(UNUSABLE)
    except Invalid as error:
        print(f"gradlab: {error}", file=sys.stderr)
        sys.exit(MISUSED)
    except Unavailable:
        pass  # the database may become available and be migrated; until then the sweep logs what is missing
    if settings.parent_pid is not None:
        end_with(settings.parent_pid, settings.grace)
    # Workers do not communicate: their shared state is in the database.
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    app.worker_main(["worker", "--loglevel=INFO", f"--hostname=worker-{os.getpid()}@%h", *alone])


if __name__ == "__main__":
    main()
