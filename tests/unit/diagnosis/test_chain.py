"""The causal chain of a diagnosis, and its text. The dashboard's modules are tested with the same examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from gradlab.diagnosis import Finding
from gradlab.diagnosis.chain import chain_lines, chain_of
from gradlab.diagnosis.conclusion import conclude
from gradlab.diagnosis.finding import measure
from gradlab.diagnosis.rules import RULES
from gradlab.diagnosis.summary import in_one_line
from gradlab.schemas.experiments import SummaryResponse
from tests.unit.diagnosis.histories import a_network, a_run, dense

SHARED = Path(__file__).parents[2] / "dashboard"


def shared(name: str) -> list[dict[str, Any]]:
    examples: list[dict[str, Any]] = json.loads((SHARED / name).read_text())
    return examples


def finding(rule: str, *caused_by: str, kind="symptom", severity="warning", layers=(), output="") -> Finding:
    measures = (measure("share", 0.75, ">", 0.5), measure("depth", 3, ">", None))
    return Finding(rule, f"The {rule}", kind, severity, layers, (0,), 1, 0, measures, "", (), caused_by, output)


@pytest.mark.parametrize("example", shared("chains.json"), ids=lambda example: example["name"])
def test_each_finding_stands_below_the_one_that_it_follows_from(example):
    findings = [
        finding(each["rule"], *each["caused_by"], output=each.get("output", "")) for each in example["findings"]
    ]
    chain = [
        [link.finding.rule, link.depth, [*link.also], link.finding.output]
        for link in chain_of(findings, example["root"])
    ]
    assert chain == [(each if len(each) == 4 else [*each, ""]) for each in example["chain"]]


@pytest.mark.parametrize("example", shared("verdicts.json"), ids=lambda example: example["line"])
def test_a_verdict_has_one_form(example):
    summary = SummaryResponse(**example["summary"])
    assert str(summary) == in_one_line(**example["summary"]) == example["line"]
    assert example["line"].endswith(summary.behind_verdict)


def test_a_line_has_the_rule_the_layers_and_the_evidence():
    layers = tuple(f"dense_{i}" for i in range(1, 21))
    findings = [finding("root", layers=layers), finding("note", "root", severity="info"), finding("end", "root")]
    assert chain_lines(findings, "root") == [
        "The root (root), in dense_1 to dense_20 (20 layers): share 0.75 > 0.5",
        "→ The end (end): share 0.75 > 0.5",
    ]


def test_of_a_long_chain_the_beginning_and_the_failure_at_its_end_are_kept():
    long = [finding("0"), *(finding(str(i), str(i - 1)) for i in range(1, 5)), finding("5", "4", kind="failure")]
    lines = chain_lines([*long, finding("aside", "0")], "0", max_lines=4, hint="; look")
    assert [line.split(" (")[0] for line in lines] == ["The 0", "→ The 1", "… 4 more findings; look", "→ The 5"]
    assert len(chain_lines(long, "0", max_lines=6)) == 6


@pytest.mark.slow
def test_twenty_dead_layers_are_one_finding():
    spec = a_network(dense(activation="relu", initializer="he_uniform", repeat=20))
    dead = {"activations.dead_fraction": 1.0, "gradients.zero_fraction": 1.0, "gradients.mean_abs": 0.0}
    rules = [rule for rule in RULES if rule.name in ("dead_units", "dead_layer")]
    diagnosis = conclude(spec, [a_run(spec, fails=True, series=dead)], rules)
    assert [each.rule for each in diagnosis.findings] == ["dead_units", "dead_layer"]
    assert diagnosis.findings[1].layers == tuple(f"dense_{i}" for i in range(1, 21))
    lines = chain_lines(diagnosis.findings, diagnosis.root_cause)
    assert sum("A layer is dead (dead_layer), in dense_1 to dense_20 (20 layers)" in line for line in lines) == 1
