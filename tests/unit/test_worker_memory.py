"""The system's figures of memory, and places for trainings that need a machine to themselves."""

import os
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

from gradlab.errors import Unavailable
from worker.memory import oom_kills, resident_bytes
from worker.place import needs_the_machine, place

V1 = "4:memory:/lab/worker\n1:cpu:/\n0::/\n"
V2 = "0::/lab/worker\n"


def a_system(tmp_path: Path, groups: str, **counters: int) -> dict[str, Path]:
    """A /proc and a tree of control groups: path, with dots for slashes, -> kills counted there."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(groups)
    for name, kills in counters.items():
        file = tmp_path.joinpath(*name.split("__"))
        file = file.with_name(file.name.replace("_", ".", 1) if file.name.startswith("memory") else file.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"low 0\noom {kills + 7}\noom_kill {kills}\n")
    return {"proc": proc, "cgroups": cgroups}


def test_kills_are_those_of_our_own_group_else_of_the_root_else_of_the_machine(tmp_path: Path):
    names = ("cgroup__lab__worker__memory_events", "cgroup__memory_events", "proc__vmstat")
    for i, kills in enumerate((1, 2, 3)):
        present = dict(zip(names[i:], (1, 2, 3)[i:], strict=True))
        assert oom_kills(**a_system(tmp_path / str(i), V2, **present)) == kills
    first = {"cgroup__memory__lab__worker__memory_oom_control": 4, "proc__vmstat": 3}
    assert oom_kills(**a_system(tmp_path / "v1", V1, **first)) == 4
    assert oom_kills(**a_system(tmp_path / "none", V2)) is None
    assert oom_kills(tmp_path / "nowhere", tmp_path / "nowhere") is None


@pytest.mark.slow
def test_the_size_of_a_process_is_known_while_it_lives():
    size = resident_bytes(os.getpid())
    assert size is not None
    assert 10_000_000 < size < 10_000_000_000
    child = os.fork()
    if child == 0:
        os._exit(0)
    deadline = time.monotonic() + 10
    while resident_bytes(child) is not None:  # it is not reaped yet
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.waitpid(child, 0)
    assert resident_bytes(child) is None


def never() -> bool:
    return False


@pytest.mark.slow
def test_whoever_needs_the_machine_waits_for_the_others_and_they_for_it(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("worker.place.POLL_SECONDS", 0.01)
    order: list[str] = []

    def train(name: str, alone: bool, until: threading.Event) -> threading.Thread:
        def run() -> None:
            with place(tmp_path, alone=alone, stopping=never):
                order.append(f"{name} begins")
                until.wait(10)
                order.append(f"{name} ends")

        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(0.1)
        return thread

    first, second = threading.Event(), threading.Event()
    threads = [train("one", False, first), train("two", False, first)]
    assert order == ["one begins", "two begins"], "side by side"
    threads.append(train("large", True, second))
    threads.append(train("late", False, second))
    assert len(order) == 2, "one waits for the machine, the other behind it"
    first.set()
    time.sleep(0.2)
    assert order[-1] == "large begins"
    assert "late begins" not in order
    second.set()
    for each in threads:
        each.join(10)
    assert order.index("large ends") < order.index("late begins")


def test_a_worker_that_is_to_stop_waits_for_no_database():
    class Away:
        deaths = property(lambda self: self)

        def needs_the_machine(self, _: UUID) -> bool:
            raise Unavailable("the database does not answer")

    assert needs_the_machine(UUID(int=1), store=Away(), stopping=lambda: True) is False


def test_a_worker_that_is_to_stop_waits_for_no_place(tmp_path: Path):
    with place(tmp_path, alone=True, stopping=never), place(tmp_path, alone=False, stopping=lambda: True):
        pass


@pytest.mark.parametrize("alone", [False, True])
def test_without_locks_it_trains_all_the_same(tmp_path: Path, alone: bool):
    with place(tmp_path / "nowhere", alone=alone, stopping=never):
        pass
