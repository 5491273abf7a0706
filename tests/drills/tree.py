"""A copy of the working tree, in which something is added and checked as somebody new would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    "api", "bench", "core", "docs", "examples", "gradlab", "migrations", "scripts", "tests", "worker", "pyproject.toml",
)  # fmt: skip


def copy_of_the_tree(folder: Path, *without: str) -> Path:
    """Copy what the checks read into a new folder: all of it that git keeps, but files and folders of some names."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    skipped = shutil.ignore_patterns("__pycache__", *without)
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, tree / part, ignore=skipped) if source.is_dir() else shutil.copy(source, tree)
    return tree


def environment(tree: Path) -> dict[str, str]:
    """The environment in which `python -m ...` runs the copy's code."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (tree, tree / "gradlab" / "src"))),
        "GRADLAB_DATA_DIR": str(tree.parent / "data"),
        "COLUMNS": "160",
    }


def run(tree: Path, *arguments: str, timeout: float = 300) -> tuple[bool, str]:
    """Run `python ...` in the copy: whether it succeeded, and its output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    return done.returncode == 0, done.stdout + done.stderr


def check(tree: Path, *tests: str) -> tuple[bool, str]:
    """Run some of the copy's own tests: whether they are green, and their report."""
    return run(tree, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", *tests)


def insert(file: Path, before: str, text: str) -> None:
    """Put `text` before the one place where `before` stands."""
    content = file.read_text()
    assert content.count(before) == 1, f"{before!r} stands {content.count(before)} times in {file.name}"
    file.write_text(content.replace(before, text + before))


def changed(tree: Path) -> set[str]:
    """The files that differ from the working tree, or are new."""
    files = (path for part in PARTS for path in [tree / part, *(tree / part).rglob("*")] if path.is_file())
    names = {str(path.relative_to(tree)) for path in files if "__pycache__" not in path.parts}
    return {
        name for name in names if not (ROOT / name).exists() or (ROOT / name).read_bytes() != (tree / name).read_bytes()
    }
