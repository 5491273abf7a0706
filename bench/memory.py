"""Memory of a worker over 200 different small architectures, one experiment of one epoch each.

    python -m bench.memory [--architectures 200] [--every 20]

A real worker with the embedded defaults. TensorFlow keeps compiled programs, so the worker's process grows with every
architecture until it is replaced. Its resident memory must stay near the setting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from uuid import UUID

from bench.networks import small
from bench.processes import conditions
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.store.migrate import upgrade
from core.use_cases import experiments
from gradlab.schemas.status import Status


def main() -> None:
    """Print the resident memory of the worker's processes every so many architectures."""
    parser = argparse.ArgumentParser(description="memory of a worker")
    parser.add_argument("--architectures", type=int, default=200)
    parser.add_argument("--every", type=int, default=20)
    options = parser.parse_args()
    with conditions(), tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder))
        upgrade(settings.database)
        store = ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts)
        queue = CeleryQueue(settings)
        sizes = list(product(range(1, 5), range(2, 2 + -(-options.architectures // 4))))[: options.architectures]
        ids = [experiments.submit(small(*size), store=store, queue=queue, settings=settings)[0].id for size in sizes]
        with subprocess.Popen(
            [sys.executable, "-m", "worker"],
            env=os.environ | {"GRADLAB_DATA_DIR": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as worker:
            try:
                _watch(worker.pid, store, ids, options.every)
            finally:
                worker.terminate()
        store.close()


def _watch(worker: int, store: ExperimentStore, ids: list[UUID], every: int) -> None:
    print(f"{'architectures':>14}{'resident MiB':>14}{'most so far':>14}", flush=True)
    peak, reported = 0.0, 0
    while reported < len(ids):
        now = _resident(worker)
        peak = max(peak, now)
        done = sum(store.get(it).status is Status.completed for it in ids[reported : reported + every])
        if done == len(ids[reported : reported + every]):
            reported += done
            print(f"{reported:>14}{now:14.0f}{peak:14.0f}", flush=True)
        time.sleep(0.5)


def _resident(worker: int) -> float:
    """Return the resident memory of the worker's main process and its children together, in MiB."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    return sum(resident for pid, parent, resident in rows if worker in (pid, parent)) / 1024


if __name__ == "__main__":
    main()
