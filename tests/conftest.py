"""Settings of the processes that run tests; their fixtures are in `tests.fixtures`."""

import gc
import itertools
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
# Folders whose tests wait for processes of their own for most of their time.
WAITING = {"acceptance", "browser", "campaign"}
# The group of the tests that ask one service, which trains and draws for all of them.
SERVICE = "service"
# Files among those whose tests compute.
COMPUTING = {"campaign/test_described_answers.py"}
# So many files that compute follow each one that waits.
COMPUTING_FOR_EACH_WAITING = 3
# Files among theirs whose tests start services and workers of their own, or need none.
OF_THEIR_OWN = {"acceptance/test_life_cycle.py", "acceptance/test_stopping.py", "browser/test_report.py"}

# Tests of other folders import them before the folders that load them as plugins do.
pytest.register_assert_rewrite("tests.unit.desk", "tests.services")

# What is imported stays: while it comes, and ever after, the garbage collector need not go through it.
gc.disable()

# Examples of Hypothesis for a test, and where slow tests are left out.
EXAMPLES, FEW_EXAMPLES = 50, 10


def runs_tests(config: pytest.Config) -> bool:
    """Return False in the process of pytest-xdist that only hands tests out: it needs nothing that they import."""
    hands_out = config.getoption("dist", "no") != "no" and not config.getoption("collectonly")
    return hasattr(config, "workerinput") or not hands_out


def load_services(config: pytest.Config) -> None:
    """Load the fixtures of services, one service for all folders, where tests run."""
    if runs_tests(config):
        config.pluginmanager.import_plugin("tests.services")


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import the store, and Hypothesis, where tests run."""
    if runs_tests(config):
        config.pluginmanager.import_plugin("tests.fixtures")
        import hypothesis

        examples = FEW_EXAMPLES if "not slow" in config.getoption("markexpr") else EXAMPLES
        # How long an example takes depends on what else the machine does: no test asserts it.
        hypothesis.settings.register_profile("lab", deadline=None, max_examples=examples)
        hypothesis.settings.load_profile("lab")


def group_of(file: str) -> str:
    """The group of tests that one process runs: those that ask the one service, that read all sources, or of a file.

    Args:
        file: its path below this folder.
    """
    if file in ("test_house.py", "test_words.py"):
        return "sources"  # both read all of them
    asks = file.partition("/")[0] in ("acceptance", "browser") and file not in OF_THEIR_OWN
    return SERVICE if asks else file


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be left out
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files as pytest-xdist does, but those that ask the one service together."""
    from xdist.scheduler import LoadFileScheduling

    class ByGroup(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(super()._split_scope(nodeid).partition("tests/")[2])

    return ByGroup(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)  # after those that are not to run have gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of one service first, then files that wait for workers among files that compute.

    Each process of pytest-xdist takes a group at a time. They then seldom wait at the same time, and the cores are
    seldom idle.
    """
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(group_of(item.path.relative_to(HERE).as_posix()), []).append(item)
    of_service = groups.pop(SERVICE, [])
    waiting = [group for group in groups if group.partition("/")[0] in WAITING and group not in COMPUTING]
    # The long ones come first, so that no process is left with one at the end.
    long = ("campaign/", "integration/")
    computing = sorted(groups.keys() - waiting, key=lambda group: (not group.startswith(long), group))
    turns = itertools.zip_longest(
        waiting, *(computing[first::COMPUTING_FOR_EACH_WAITING] for first in range(COMPUTING_FOR_EACH_WAITING))
    )
    items[:] = [*of_service, *(item for turn in turns for file in turn if file for item in groups[file])]


def pytest_collection_finish() -> None:
    """Collect garbage among that only which tests make."""
    gc.freeze()
    gc.set_threshold(100_000)  # a tenth of a unit test's time went into looking for garbage every 700 objects
    gc.enable()


def pytest_sessionfinish() -> None:
    """Spare the last collection of garbage, half a second in each process, what tests have left."""
    gc.freeze()
