"""Somebody new adds a dataset, a statistic, a remedy or a rule: a check names what is missing until all is there.

Each is added to a copy of the working tree, in as many files as the documentation promises. None of them moves a case
of the clinic from one of its parts to another.
"""

from pathlib import Path

import pytest

from tests.drills import additions
from tests.drills.tree import ROOT, changed, check, copy_of_the_tree, insert, run

pytestmark = pytest.mark.campaign

LIBRARY = "gradlab/src/gradlab"
SIDES = "from bench.clinic.construction import cases; print(sorted((case.name, case.part) for case in cases()))"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the working tree."""
    return copy_of_the_tree(tmp_path)


@pytest.fixture(autouse=True)
def _clinic_stays(tree: Path):
    """The clinic's cases and their parts are what they were."""
    yield
    assert run(tree, "-c", SIDES) == run(ROOT, "-c", SIDES)


def roll_call(tree: Path) -> str:
    """Report of the registration tests of the copy; empty if nothing is missing."""
    green, report = check(tree, "tests/test_house.py", "-k", "registered or of_its")
    return "" if green else report


def test_a_dataset_is_three_files(tree: Path):
    datasets = tree / LIBRARY / "vocabulary/datasets"
    (datasets / "stripes.py").write_text(additions.DATASET)
    assert "stripes: not registered in gradlab/src/gradlab/vocabulary/datasets/registry.py" in roll_call(tree)

    insert(datasets / "registry.py", "    Circles, Moons", "    Stripes,\n")
    swiss_roll = "from gradlab.vocabulary.datasets.swiss_roll"
    insert(datasets / "registry.py", swiss_roll, "from gradlab.vocabulary.datasets.stripes import Stripes\n")
    assert "stripes has no test of its own: tests/unit/test_dataset_stripes.py" in roll_call(tree)

    (tree / "tests/unit/test_dataset_stripes.py").write_text(additions.TEST_OF_DATASET)
    assert roll_call(tree) == ""
    own = ("tests/unit/test_datasets.py", "tests/unit/test_dataset_stripes.py", "tests/unit/test_clinic.py")
    green, report = check(tree, *own)
    assert green, report
    assert len(changed(tree)) == 3


def test_a_statistic_is_two_files(tree: Path):
    statistics = tree / LIBRARY / "measurement/statistics/gradients.py"
    insert(statistics, "def max_abs(", additions.STATISTIC)
    assert "l1: not registered in gradlab/src/gradlab/measurement/statistics/gradients.py" in roll_call(tree)

    insert(statistics, '    Statistic("max_abs"', additions.ENTRY_OF_STATISTIC)
    green, report = check(tree, "tests/unit/test_statistics.py")
    assert not green
    assert "l1" in report

    twins = tree / "tests/unit/test_statistics.py"
    insert(twins, '    "max_abs": lambda g', '    "l1": lambda g: math.fsum(map(abs, g)),\n')
    assert roll_call(tree) == ""
    readers = ("test_statistics", "test_kinds", "test_api_series", "test_api_external", "test_estimate")
    green, report = check(tree, *(f"tests/unit/{name}.py" for name in readers))
    assert green, report
    assert len(changed(tree)) == 2


def test_a_remedy_is_two_files(tree: Path):
    cases = tree / "tests/integration/test_remedies.py"
    (tree / LIBRARY / "remedies/optimizer_rmsprop.py").write_text(additions.REMEDY)
    green, report = check(tree, f"{cases}::test_every_remedy_has_a_case")
    assert not green
    assert "optimizer_rmsprop" in report

    insert(cases, '"optimizer_adam"),', '"optimizer_rmsprop", ')
    green, report = check(tree, str(cases), "-k", "optimizer_rmsprop or every_remedy_has_a_case")
    assert green, report
    green, report = check(tree, "tests/unit/remedies", "-m", "not slow")
    assert green, report
    assert roll_call(tree) == ""
    assert len(changed(tree)) == 2


def test_a_rule_is_four_files(tree: Path):
    rules = tree / LIBRARY / "diagnosis/rules"
    (rules / "weight_growth.py").write_text(additions.RULE)
    assert "weight_growth: not registered in gradlab/src/gradlab/diagnosis/rules/__init__.py" in roll_call(tree)

    insert(rules / "__init__.py", "    zero_gradient,\n)", "    weight_growth,\n")
    insert(rules / "__init__.py", "target_range.RULE,", "weight_growth.RULE, ")
    for file in ("tests/unit/diagnosis/test_rules.py", "tests/unit/test_atlas.py"):
        green, report = check(tree, file)
        assert not green
        assert "weight_growth" in report

    cases = tree / "tests/unit/diagnosis/rule_cases.py"
    insert(cases, "    vanishing_through_time,\n)", "    weight_growth,\n")
    insert(cases, "CASES: tuple[Case, ...] = (", additions.RUN_OF_RULE)
    insert(cases, '    Case("oscillation"', additions.CASE_OF_RULE)
    insert(tree / "bench/atlas/examples.py", '    Example(\n        "target_range"', additions.EXAMPLE_OF_RULE)
    green, report = run(tree, "-m", "bench.atlas", "weight_growth")
    assert green, report
    assert roll_call(tree) == ""
    green, report = check(tree, "tests/unit/diagnosis", "tests/unit/test_atlas.py", "tests/unit/test_clinic.py")
    assert green, report
    by_hand = {name for name in changed(tree) if not name.startswith("docs/diagnosis")}
    assert len(by_hand) == 4
