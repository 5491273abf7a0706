"""Start a worker: `python -m worker`."""

import os

from worker.app import app


def main() -> None:
    """Run until SIGTERM, which ends the chunk at hand and gives the experiment back."""
    # Workers need to know nothing of each other: they meet in the database.
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    app.worker_main(["worker", "--loglevel=INFO", f"--hostname=worker-{os.getpid()}@%h", *alone])


if __name__ == "__main__":
    main()
