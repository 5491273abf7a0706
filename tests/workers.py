"""Real workers for tests, each leading a process group of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.blobs import shared_blobs
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.store.migrate import upgrade
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.servers import DEADLINE, wait_until

ROOT = Path(__file__).parents[1]
# Where several specs are trained in one process, as `python -m worker.train` trains one.
TRAIN_ALL = """
import json, sys
import numpy as np
from pathlib import Path
from gradlab.spec.experiment import parse
from core.training import environment
environment.prepare(Path(sys.argv[1]))
from core.training.train import train
arrays = {}
for i, text in enumerate(json.load(sys.stdin)):
    for chunk in train(parse(text)):
        for run in chunk.runs:
            for kind, values in {"metrics": run.history.metrics, **run.history.series}.items():
                arrays.setdefault(f"{i}/{run.seed}/{kind}", []).append(values)
np.savez(sys.argv[2], **{name: np.concatenate(parts) for name, parts in arrays.items()})
"""


class Worker:
    """A worker process and its children."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until it reads messages."""
        self.wait_for("ready.")

    def wait_for(self, said: str) -> None:
        """Wait until it has written something to its log."""
        wait_until(lambda: said in self.log.read_text())

    def kill(self) -> None:
        """SIGKILL to the main process and all children at the same moment."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE)

    def has_child(self, pid: int) -> bool:
        """True if a process lives that this worker has started."""
        try:
            return os.getpgid(pid) == self._process.pid
        except ProcessLookupError:
            return False

    def has_loaded(self, library: str) -> bool:
        """True if a process that this worker has started has loaded a library with this in its name."""
        loaded = []
        for maps in Path("/proc").glob("[0-9]*/maps"):
            with suppress(OSError):  # a process that has ended
                loaded.append(self.has_child(int(maps.parent.name)) and library in maps.read_text())
        return any(loaded)

    def terminate(self) -> int:
        """SIGTERM to the main process, as a service manager sends it; returns the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE)


class Lab:
    """A database, a broker, and any number of workers, with short leases."""

    def __init__(self, folder: Path, compile_cache: Path, **settings: str) -> None:
        self._folder = folder
        compile_cache.mkdir(exist_ok=True)
        (folder / "compiled").symlink_to(compile_cache)
        # Workers that are killed again and again are no fault of the experiment: hence the many attempts.
        short = {"LEASE": "PT10S", "REQUEUE_AFTER": "PT2S", "SWEEP_EVERY": "PT0.5S", "CHECKPOINT_EVERY": "PT1S"}
        short |= {"MAX_ATTEMPTS": "40"}
        own = {"DATA_DIR": str(folder)} | short | settings
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GRADLAB_")}
        self.environment = clean | {f"GRADLAB_{name}": value for name, value in own.items()}
        self.settings = Settings(_env_file=None, **{name.lower(): value for name, value in own.items()})
        upgrade(self.settings.database)
        self.store = ExperimentStore(
            self.settings.database,
            lease=self.settings.lease,
            max_attempts=self.settings.max_attempts,
            blobs=shared_blobs(self.settings),
        )
        self.queue = CeleryQueue(self.settings)
        self.workers: list[Worker] = []

    def start_worker(self) -> Worker:
        """One more worker."""
        worker = Worker(self.environment, self._folder / f"worker-{len(self.workers) + 1}.log")
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """End what was started."""
        for worker in self.workers:
            worker.kill()
        self.store.close()

    def wait_for(self, experiment_id: object, *statuses: Status, seconds: float = 120) -> None:
        """Wait until an experiment has one of these statuses."""
        wait_until(lambda: self.store.get(experiment_id).status in statuses, seconds=seconds, every=0.1)

    def undisturbed(self, specs: Iterable[ExperimentSpec]) -> list[dict[int, dict[str, np.ndarray]]]:
        """For each spec: seed -> metrics and each kind of series, as trainings that nothing disturbs measure them."""
        specs = list(specs)
        output = self._folder / "undisturbed.npz"
        subprocess.run(
            [sys.executable, "-c", TRAIN_ALL, self._folder / "compiled", output],
            input=json.dumps([spec.canonical() for spec in specs]),
            cwd=ROOT,
            env=self.environment,
            text=True,
            check=True,
            capture_output=True,
        )
        with np.load(output) as found:
            return [{seed: _whole(found, f"{i}/{seed}/") for seed in spec.seeds} for i, spec in enumerate(specs)]


def _whole(found: Mapping[str, np.ndarray], beginning: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(beginning): found[name] for name in found if name.startswith(beginning)}


def in_training(lab: Lab, worker: Worker, before: float = 1.0) -> bool:
    """True if one of a worker's children holds a claim, and less than this share of its epochs is done."""
    running = lab.store.page(limit=100, status=Status.running).experiments
    early = [each for each in running if each.worker and each.epochs_done < before * each.epochs_total]
    return any(worker.has_child(int(each.worker.rpartition(":")[2])) for each in early)
