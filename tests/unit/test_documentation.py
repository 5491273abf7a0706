"""The documentation is short where it must be, and its relative links lead somewhere."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page: Path):
    dead = []
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.suffix == ".md" and not target.exists() and GENERATED.match(str(target.relative_to(ROOT))):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []
