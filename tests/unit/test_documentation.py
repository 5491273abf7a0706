"""The documentation is short where it must be, and its relative links lead somewhere."""

import importlib.util
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from gradlab.cli.main import app
from gradlab.cli.service import service_command
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
PAGES = [ROOT / name for name in TRACKED if (ROOT / name).exists()]

MAX_README_WORDS = 900
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# Pages that are written while the site is built: `make docs-site` checks the links that lead there.
GENERATED = re.compile(r"docs/(reference/|guides/settings|contributing|changelog|security|decisions/index)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def test_the_readme_is_short():
    words = len((ROOT / "README.md").read_text().split())
    assert words <= MAX_README_WORDS, f"README.md has {words} words, and may have {MAX_README_WORDS}"


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page: those of its headings, and those that are written out."""
    text = FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}
    return slugs | {*re.findall(r'<a id="([^"]+)"', text)}


def dead_links(page: Path) -> Iterator[str]:
    """The relative links of a page that lead nowhere."""
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.suffix == ".md" and not target.exists() and GENERATED.match(str(target.relative_to(ROOT))):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield f"{page.relative_to(ROOT)}: {link}"


def test_relative_links_lead_to_files_and_headings():
    assert [link for page in PAGES for link in dead_links(page)] == []


# Pages that describe the code of today; decisions and lab notes describe that of their day.
CURRENT = [page for page in PAGES if not {"decisions", "lab-notes"} & {*page.relative_to(ROOT).parts}]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[str]:
    """The blocks in a language, over all pages."""
    for page in CURRENT:
        yield from (text for name, text in BLOCK.findall(page.read_text()) if name == language)


def commands(program: str) -> set[str]:
    """The lines of all pages that call a program, without their comments."""
    calls = rf"^(?: {{4}}|\$ |.*&& )?({program} [^#\n]*)"
    lines = [line for page in CURRENT for line in re.findall(calls, page.read_text(), re.MULTILINE)]
    return {line.partition("  ")[0].partition(" && ")[0].strip() for line in lines}


def test_every_spec_in_the_pages_is_valid():
    specs = [text for text in blocks("json") if '"dataset"' in text]
    assert specs
    for text in specs:
        ExperimentSpec.model_validate(json.loads(text))


def test_every_uploaded_dataset_in_the_pages_is_valid():
    datasets = [text for text in blocks("json") if '"kind": "uploaded"' in text]
    assert datasets
    for text in datasets:
        UploadedDataset.model_validate(json.loads(text.replace("…", "0" * 64)))


@pytest.mark.slow
def test_every_command_in_the_pages_exists_with_its_options():
    group: Any = typer.main.get_command(app)
    lines = commands("gradlab")
    assert len(lines) > 10
    for line in lines:
        _, name, *rest = line.split()
        assert name in group.commands, line
        command = group.commands[name]
        if hasattr(command, "commands"):  # a group, whose command comes next
            assert rest[0] in command.commands, line
            command = command.commands[rest[0]]
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        if service := service_command(name):
            options = {option for each in typer.main.get_command(service).params for option in each.opts}
        assert {each for each in rest if each.startswith("--")} <= options, line


def test_every_target_and_module_that_the_pages_run_exists():
    targets = {*re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    called = {line.split()[-1] for line in commands("make") if "=" not in line}
    assert called
    assert called <= targets
    modules = {name for page in CURRENT for name in re.findall(r"python -m ([a-z_.]+[a-z_])", page.read_text())}
    assert modules
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
