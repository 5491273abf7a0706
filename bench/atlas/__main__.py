"""Train the examples, draw them, write `docs/diagnosis.md`: `python -m bench.atlas [--text | RULE ...]`."""

import json
import sys
import time
from pathlib import Path

from api.charts.figure import render
from bench.atlas.example import Example, trained
from bench.atlas.examples import EXAMPLES
from bench.atlas.writing import Kept, document, kept
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis import RULES

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "diagnosis.md", DOCS / "diagnosis"
NUMBERS = PICTURES / "examples.json"


def main() -> None:
    """All of it, the examples of some rules only, or the text alone."""
    asked = sys.argv[1:]
    numbers: dict[str, Kept] = json.loads(NUMBERS.read_text()) if asked else {}
    if asked != ["--text"]:
        PICTURES.mkdir(exist_ok=True)
        prepare(Settings().compile_cache)
        for example in EXAMPLES:
            if not asked or example.rule in asked:
                numbers[example.rule] = _made(example)
        numbers = {rule.name: numbers[rule.name] for rule in RULES}
        NUMBERS.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(document(EXAMPLES, numbers))


def _made(example: Example) -> Kept:
    """Train an example, draw it, and say what was found. Stops where its rule has nothing to say."""
    begun = time.perf_counter()
    whole = trained(example)
    if whole.finding(example.rule) is None:
        found = ", ".join(each.rule for each in whole.diagnosis.findings)
        raise SystemExit(f"{example.rule} says nothing in its example; those that speak are {found}")
    picture = render(example.picture(whole), "svg")
    (PICTURES / f"{example.rule}.svg").write_bytes(picture)
    print(f"{example.rule:28} {len(picture):6,} bytes {time.perf_counter() - begun:5.1f} s", flush=True)
    return kept(next(rule for rule in RULES if rule.name == example.rule), whole.diagnosis)


if __name__ == "__main__":
    main()
