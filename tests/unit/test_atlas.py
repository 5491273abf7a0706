"""`docs/diagnosis.md` is what the generator writes from the rules and remedies as they are now: it cannot be stale."""

import json
import re

from bench.atlas.__main__ import NUMBERS, PAGE, PICTURES
from bench.atlas.examples import EXAMPLES
from bench.atlas.writing import document
from gradlab.diagnosis.rules import RULES
from gradlab.remedies import REMEDIES

MAX_BYTES = 60_000  # of a picture
KEPT = json.loads(NUMBERS.read_text())


def test_the_text_is_what_is_written_from_the_catalogue_as_it_is():
    assert PAGE.read_text() == document(EXAMPLES, KEPT), "python -m bench.atlas --text writes it anew"


def test_every_rule_has_one_example_one_picture_and_its_numbers():
    names = [rule.name for rule in RULES]
    assert [example.rule for example in EXAMPLES] == names
    assert {path.stem for path in PICTURES.glob("*.svg")} == set(names)
    assert list(KEPT) == names


def test_an_example_was_asked_with_the_thresholds_of_today():
    for rule in RULES:
        assert KEPT[rule.name]["thresholds"] == rule.thresholds, f"python -m bench.atlas {rule.name} trains it again"


def test_a_picture_is_small_and_holds_nothing_that_runs_or_is_fetched():
    for rule in RULES:
        picture = (PICTURES / f"{rule.name}.svg").read_text()
        assert len(picture.encode()) < MAX_BYTES, rule.name
        assert not re.search(r"<script|<foreignObject|\son\w+=|href=\"(?!#|data:image/png)", picture), rule.name


def test_an_examples_spec_is_one_that_the_service_takes():
    for example in EXAMPLES:
        assert example.spec.canonical(), example.rule


def test_every_link_of_the_text_leads_somewhere():
    text = PAGE.read_text()
    anchors = {*re.findall(r'<a id="(\w+)">', text), "remedies"}
    assert {*re.findall(r"\]\(#(\w+)\)", text)} <= anchors
    assert {rule.name for rule in RULES} | {remedy.name for remedy in REMEDIES} <= anchors
    assert all((PAGE.parent / path).exists() for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text))
