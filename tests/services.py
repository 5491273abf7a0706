"""A real `gradlab serve` with its worker, on the embedded default, and the `gradlab` command beside it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradlab import Client
from tests.servers import DEADLINE, Redis, free_port, wait_until
from tests.workers import Lab

GRADLAB = Path(sys.executable).with_name("gradlab")
# Long enough for a worker that compiles while others use the machine.
PATIENCE = 280.0


def alone(**settings: str) -> dict[str, str]:
    """This environment, with no settings but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GRADLAB_")}
    return clean | {f"GRADLAB_{name}": value for name, value in settings.items()}


def living(pids: set[int]) -> set[int]:
    """Those of some processes that live."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {int(pid) for pid, state in rows if int(pid) in pids and not state.startswith("Z")}


def descendants(pid: int) -> set[int]:
    """A process and everything that it has started, and what those have."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.splitlines())}
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def child_of(parent: int, arguments: str) -> int | None:
    """The process id of a child whose command line ends with these arguments."""
    command = ["ps", "-A", "-o", "pid=,ppid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split(maxsplit=2) for line in listed.splitlines())
    return next((int(pid) for pid, of, line in rows if int(of) == parent and line.endswith(arguments)), None)


class Service:
    """`gradlab serve`, in a session of its own as in a terminal."""

    def __init__(self, folder: Path, compiled: Path, **settings: str) -> None:
        self._folder = folder
        self.log = folder / "service.log"
        (folder / "data").mkdir()
        (folder / "data" / "compiled").symlink_to(compiled)
        self.port = free_port()
        own = {"DATA_DIR": str(folder / "data"), "SWEEP_EVERY": "PT0.5S", "REQUEUE_AFTER": "PT2S"}
        self.environment = alone(**own, **settings) | {"GRADLAB_URL": f"http://127.0.0.1:{self.port}"}
        self.client = Client(self.environment["GRADLAB_URL"], settings.get("API_KEY"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("a") as output:
            self._process = subprocess.Popen(
                [GRADLAB, "serve", "--port", str(self.port)],
                cwd=self._folder,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text()
        return self.client.is_alive()

    def family(self) -> set[int]:
        """It and everything that it has started, and what those have."""
        return descendants(self.pid)

    def worker(self) -> int | None:
        """The process id of the worker's main process."""
        return child_of(self.pid, "-m worker")

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self._folder / "data"

    @property
    def pid(self) -> int:
        """The process id of `gradlab serve` itself."""
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to `gradlab serve` alone, as the kernel sends it."""
        assert self._process
        self._process.kill()
        self._process.wait(DEADLINE)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal as a terminal does, to the whole foreground group; the exit status."""
        assert self._process
        os.killpg(self._process.pid, how)
        return self._process.wait(DEADLINE + 30)

    def remove(self) -> None:
        """Leave nothing behind."""
        self.client.close()
        if self._process and self._process.poll() is None:
            self.stop()

    def gradlab(
        self, *arguments: str | Path, sent: str | None = None, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command against this service."""
        return subprocess.run(
            [GRADLAB, *arguments],
            input=sent,
            cwd=self._folder,
            env=self.environment | {"COLUMNS": "120"} | settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of compiled programs, shared by all services, those of the other process of pytest-xdist included."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "compiled"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Service]:
    """A service that nobody stops."""
    made = Service(tmp_path_factory.mktemp("service"), compiled)
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def a_service(tmp_path: Path, compiled: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service of one's own, with some settings."""
    started: list[Service] = []

    def start(**settings: str) -> Service:
        started.append(Service(tmp_path, compiled, **settings))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.remove()


@pytest.fixture(params=["embedded", "deployed"])
def lab(request: pytest.FixtureRequest, tmp_path: Path, compiled: Path) -> Iterator[Lab]:
    """SQLite and a folder; PostgreSQL and Redis. Nothing differs but two URLs."""
    urls = {}
    if request.param == "deployed":
        redis: Redis = request.getfixturevalue("redis_server")
        redis.empty()
        urls = {"DATABASE_URL": request.getfixturevalue("postgresql_url"), "BROKER_URL": redis.url}
    made = Lab(tmp_path, compiled, **urls)
    yield made
    made.close()
