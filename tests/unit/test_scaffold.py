"""A scaffold writes the files of something new: they can be imported, and a check names what is left to write."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.scaffold import MARK, diagnosis, measurement, vocabulary
from scripts.scaffold.tree import Tree
from tests.drills.tree import copy_of_the_tree, environment

# name -> the scaffold, the number of its files, and an expression that is true once it is registered.
SCAFFOLDS: dict[str, tuple[Callable[[Tree], None], int, str]] = {
    "dataset": (
        lambda tree: vocabulary.dataset(tree, "striped_plane"),
        3,
        "'striped_plane' in [each.kind for each in catalogue().datasets]",
    ),
    "layer": (lambda tree: vocabulary.layer(tree, "scaling"), 4, "'scaling' in [e.kind for e in catalogue().layers]"),
    **{
        f"statistic of {kind}": (
            lambda tree, kind=kind: measurement.statistic(tree, kind, "kurtosis"),
            2,
            f"'kurtosis' in [each.name for each in catalogue().statistics['{kind}']]",
        )
        for kind in measurement.ARGUMENTS
    },
    "kind": (
        lambda tree: measurement.kind(tree, "spectra"),
        4,
        "'spectra' in [each.name for each in catalogue().kinds] and 'spectra' in measurers.FROM_WEIGHTS",
    ),
    "rule": (
        lambda tree: diagnosis.rule(tree, "weight_growth"),
        4,
        "'weight_growth' in [each.name for each in catalogue().rules]",
    ),
    "remedy": (
        lambda tree: diagnosis.remedy(tree, "optimizer_rmsprop"),
        2,
        "'optimizer_rmsprop' in [each.name for each in catalogue().remedies]",
    ),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the sources, without what no scaffold writes to."""
    return copy_of_the_tree(tmp_path, "static", "campaign", "browser", "*.npz", "*.db")


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python ...` on the code of the copy."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_what_is_written_is_registered_and_every_file_names_what_is_left(root: Path):
    """All scaffolds in one copy, whose code is then run once."""
    for name, (scaffold, count, _) in SCAFFOLDS.items():
        tree = Tree(root)
        scaffold(tree)
        tree.format()
        assert len({*tree.written}) == count, name
        whole = [path for path in tree.written if MARK not in (root / path).read_text()]
        assert [path for path in whole if Path(path).name not in ("__init__.py", "registry.py")] in (
            [],
            ["core/training/measurers.py"],
        ), name
    imports = "from core.catalogue import catalogue; from core.training import measurers"
    asked = ", ".join(f"{name!r}: {registered}" for name, (_, _, registered) in SCAFFOLDS.items())
    done = run(root, "-c", f"{imports}; print([name for name, there in {{{asked}}}.items() if not there])")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path):
    tree = Tree(tmp_path)
    tree.create("module.py", "first\n")
    with pytest.raises(FileExistsError, match=r"module.py exists already"):
        tree.create("module.py", "second\n")
    assert (tmp_path / "module.py").read_text() == "first\n"


@pytest.mark.campaign
def test_the_tests_of_the_registries_name_the_places(root: Path):
    for arguments in (["dataset", "striped_plane"], ["rule", "weight_growth"]):
        done = run(root, "-m", "scripts.scaffold", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    checks = ["-p", "no:cacheprovider", "tests/test_house.py", "-k", "placeholder or of_its_own or registered"]
    report = run(root, "-m", "pytest", "-q", "-n", "0", *checks).stdout
    for place in (
        "datasets/striped_plane.py:1",
        "test_dataset_striped_plane.py",
        "rules/weight_growth.py:1",
        "examples.py",
    ):
        assert place in report
    refused = run(root, "-m", "scripts.scaffold", "dataset", "Two Words")
    assert refused.returncode == 2
    assert "expected a name like two_words" in " ".join(refused.stderr.split())
