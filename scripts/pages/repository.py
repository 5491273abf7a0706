"""Pages from files of the repository: those at its root, and the list of decisions."""

import re
from pathlib import Path

from scripts.pages.markdown import page

ROOT = Path(__file__).parents[2]
# A page of the site -> the file at the root that it shows.
FILES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md", "security.md": "SECURITY.md"}
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s]+)(?=\))")


def pages() -> dict[str, str]:
    """The pages, by their paths below `docs/`."""
    files = {name: shown((ROOT / file).read_text()) for name, file in FILES.items()}
    return {**files, "decisions/index.md": _decisions()}


def shown(text: str) -> str:
    """A file of the root as a page of the site: links to pages lead there, those to code become its path."""
    text = LINK.sub(lambda link: _link(link[1]), text)
    return re.sub(r"\[([^\]]+)\]\(code:([^)]+)\)", r"\1 (`\2`)", text)


def _link(target: str) -> str:
    path, hash_sign, anchor = target.partition("#")
    for name, file in FILES.items():
        if path == file:
            return name + hash_sign + anchor
    if path.rstrip("/") == "docs/decisions":
        return "decisions/index.md"
    return target.removeprefix("docs/") if path.startswith("docs/") else f"code:{path}"


def _decisions() -> str:
    titles = {path.name: _title(path) for path in decisions()}
    lines = [f"- [{title}]({name})" for name, title in titles.items()]
    introduction = "A page for each decision of consequence: what it answers, what was decided, and what follows."
    return page("Decisions", introduction, "\n".join(lines))


def decisions() -> list[Path]:
    """The pages of the decisions, in the order of their numbers."""
    return sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def lab_notes() -> list[Path]:
    """The pages of the lab notes, a topic each."""
    return [path for path in sorted((ROOT / "docs" / "lab-notes").glob("*.md")) if path.name != "index.md"]


def _title(path: Path) -> str:
    return path.read_text().partition("\n")[0].removeprefix("# ")
