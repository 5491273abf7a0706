"""Settings of the processes that run tests; their fixtures are in `tests.fixtures`."""

import gc
import itertools
from pathlib import Path

import hypothesis
import pytest

HERE = Path(__file__).parent
# Folders whose tests wait for processes of their own for most of their time.
WAITING = {"acceptance", "browser", "campaign"}

# Tests of the campaign import it before those that lie beside it do.
pytest.register_assert_rewrite("tests.unit.desk")

# What is imported stays: while it comes, and ever after, the garbage collector need not go through it.
gc.disable()

# How long an example takes depends on what else the machine does: no test asserts it. `make unit` takes fewer of them.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
hypothesis.settings.load_profile("lab")


def runs_tests(config: pytest.Config) -> bool:
    """Return False in the process of pytest-xdist that only hands tests out: it needs nothing that they import."""
    hands_out = config.getoption("dist", "no") != "no" and not config.getoption("collectonly")
    return hasattr(config, "workerinput") or not hands_out


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import the store, where tests run."""
    if runs_tests(config):
        config.pluginmanager.import_plugin("tests.fixtures")


@pytest.hookimpl(trylast=True)  # after those that are not to run have gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files whose tests wait for workers and browsers take turns with files whose tests compute.

    Two processes then seldom wait at the same time, and seldom need more than the two cores between them.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path.relative_to(HERE), []).append(item)
    waiting = [file for file in files if file.parts[0] in WAITING]
    # The long ones come first, so that no process is left with one at the end.
    computing = sorted(files.keys() - waiting, key=lambda file: (file.parts[0] != "integration", file))
    turns = itertools.zip_longest(waiting, computing)
    items[:] = [item for turn in turns for file in turn if file for item in files[file]]


def pytest_collection_finish() -> None:
    """Collect garbage among that only which tests make."""
    gc.freeze()
    gc.set_threshold(10_000)  # a tenth of a unit test's time went into looking for garbage every 700 objects
    gc.enable()


def pytest_sessionfinish() -> None:
    """Spare the last collection of garbage, half a second in each process, what tests have left."""
    gc.freeze()
