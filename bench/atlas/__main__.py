"""Train the examples, draw them, write `docs/diagnosis.md`: `python -m bench.atlas [--text | RULE ...]`."""

import json
import sys
import time
from pathlib import Path

from api.charts.figure import render
from bench.atlas.example import Example, trained
from bench.atlas.examples import EXAMPLES
from bench.atlas.writing import Record, document, record_of
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "diagnosis.md", DOCS / "diagnosis"
NUMBERS = PICTURES / "examples.json"


def main() -> None:
    """Make the whole page, the examples of some rules and the page, or the text alone."""
    arguments = sys.argv[1:]
    numbers: dict[str, Record] = json.loads(NUMBERS.read_text()) if arguments else {}
    if arguments != ["--text"]:
        PICTURES.mkdir(exist_ok=True)
        prepare(Settings().compile_cache)
        for example in EXAMPLES:
            if not arguments or example.rule in arguments:
                numbers[example.rule] = _record(example)
        numbers = {rule.name: numbers[rule.name] for rule in RULES}
        NUMBERS.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(document(EXAMPLES, numbers))


def _record(example: Example) -> Record:
    """Train and draw an example; return its record.

    Raises:
        SystemExit: the rule has no finding in its example.
    """
    begun = time.perf_counter()
    whole = trained(example)
    if whole.finding(example.rule) is None:
        rules = ", ".join(each.rule for each in whole.diagnosis.findings)
        raise SystemExit(f"{example.rule}: expected a finding in its example, received findings of {rules}")
    picture = render(example.picture(whole), "svg")
    (PICTURES / f"{example.rule}.svg").write_bytes(picture)
    print(f"{example.rule:28} {len(picture):6,} bytes {time.perf_counter() - begun:5.1f} s", flush=True)
    return record_of(next(rule for rule in RULES if rule.name == example.rule), whole.diagnosis)


if __name__ == "__main__":
    main()
