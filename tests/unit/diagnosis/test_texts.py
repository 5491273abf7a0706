"""Every text of every rule reads as a sentence: no empty value, none that contradicts it, whatever was measured."""

import importlib
import itertools
import math
import pkgutil
import re
from functools import cache
from string import Formatter

import numpy as np
import pytest

from gradlab.diagnosis import Run, conclude, diagnose, rules
from gradlab.diagnosis.finding import Measure, measure, percentage
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules import RULES
from gradlab.measurement.history import History
from tests.unit.diagnosis.histories import a_network, a_run, dense

# Nothing, one, many, a whole, tiny, huge, negative; NaN, infinite and missing are None in a measure.
VALUES = (0.0, 1.0, 7.0, 0.05, 0.999999, 1e-12, 3e38, -0.2, None)
# What no sentence may say: empty values, counts that cannot be, left-over marks of the template.
WRONG = "|".join(
    (
        *(r"\bunknown\b", r"\bnan\b", r"\binf\b", r"\bNone\b", r"nothing finite", r"[{}]|\[\[|\]\]"),
        *(r"\b1 (layers|epochs|weight tensors|classes|samples|seeds|batches|units) \b", r"-\d[\d.]* %"),
        *(r"(?<!\w)\(\)", r"\s[,.;:)]", r"  ", r",,|\.\.|, \.", r"\b1 of (the|its|their)\b", r"a share of (1|0)\b"),
    )
)


def templates() -> list[tuple[str, Rule, str]]:
    """Every explanation of every rule: its own, and those of its module for special cases."""
    named = {rule.name: rule for rule in RULES}
    listed = []
    for module in pkgutil.iter_modules(rules.__path__):
        rule, content = named[module.name], vars(importlib.import_module(f"{rules.__name__}.{module.name}"))
        texts = {value for value in content.values() if isinstance(value, str) and re.match(r"[A-Z{\[].*\.$", value)}
        # What was first not finite, and where, stands in a sentence of its own that a run fills in.
        texts = {text.replace("{first}", "") for text in texts if text != content["__doc__"]}
        listed += [
            (f"{rule.name} {place}", rule, text) for place, text in enumerate(sorted({rule.explanation, *texts}))
        ]
    return listed


@cache
def assert_reads(text: str, title: str = "", also: tuple[str, ...] = ()) -> None:
    """It begins and ends as sentences do, and says none of what is wrong."""
    assert text.endswith("."), text
    assert not re.match(r"[a-z](?![a-z]*_\d)", text), text
    wrong = re.search("|".join((WRONG, *also)), text)
    assert not wrong, (title, wrong and wrong[0], text)


@pytest.mark.slow  # all of them: a second
@pytest.mark.parametrize(("rule", "text"), [each[1:] for each in templates()], ids=[each[0] for each in templates()])
def test_every_template_reads_whatever_is_known_of_each_of_its_measures(rule, text):
    fields = {name for _, name, _, _ in Formatter().parse(text.replace("[[", "").replace("]]", "")) if name} - {
        "layers"
    }
    own = {name: name for name in fields}
    layers = ("dense_1", "dense_2")
    said = Rule(**{**{each: getattr(rule, each) for each in rule.__dataclass_fields__}, "explanation": text})
    for values in itertools.islice(itertools.product(VALUES, repeat=len(own)), 800):
        for threshold in (0.5, None):
            measures = [Measure(name, value, ">", threshold) for name, value in zip(own, values, strict=True)]
            assert_reads(said.explain(layers, measures), rule.name)
    assert_reads(said.explain((), []), rule.name)


def test_a_measure_keeps_its_threshold_only_where_it_lies_beyond_it():
    assert measure("slope", 1.0, "<", 0.1).threshold is None
    assert measure("slope", 0.05, "<", 0.1).threshold == 0.1
    assert measure("ratio", 3.0, ">", 10.0).threshold is None
    assert measure("ratio", math.inf, ">", 10.0).threshold == 10.0
    assert measure("ratio", math.nan, ">", 10.0).threshold is None


def test_shares_are_percentages_and_counts_agree_with_their_nouns():
    shares = [-0.5, 0.0, 1e-9, 0.05, 0.5, 0.99999, 1.0, 1.4]
    expected = ["0 %", "0 %", "less than 0.1 %", "5 %", "50 %", "more than 99.9 %", "100 %", "140 %"]
    assert [percentage(share) for share in shares] == expected
    counts = [f"{measure('dead', n, '>', 0):layer is|layers are}" for n in (0, 1, 3)]
    assert counts == ["no layers are", "1 layer is", "3 layers are"]


def a_broken_run(spec, draw: np.random.Generator, epochs: int) -> Run:
    """A healthy run, some of its numbers replaced by nothing, one, tiny, huge or no numbers, for some of its epochs."""
    run = a_run(spec, epochs=epochs, fails=bool(draw.random() < 0.5))
    with np.errstate(all="ignore"):
        series = {kind: _spoilt(values, draw) for kind, values in run.history.series.items()}
        metrics = _spoilt(run.history.metrics, draw)
    history = History(run.history.layout, run.history.first_epoch, metrics, series)
    stopped = "nonfinite" if not np.isfinite(metrics[-1, 0]) else None
    return Run(run.spec, run.seed, history, stopped, facts=run.facts)


def _spoilt(values: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    values = values.copy()
    for _ in range(draw.integers(0, 4)):
        since = draw.integers(0, len(values))
        column = draw.integers(0, values.shape[-1])
        columns = slice(None) if draw.random() < 0.2 else slice(column, column + 1)
        new = draw.choice(np.array([0.0, 1.0, np.nan, np.inf, 1e-30, 1e30, 50.0]))
        grown = new if draw.random() < 0.6 else values[since:, ..., columns] * 10.0 ** draw.integers(-6, 7)
        values[since:, ..., columns] = grown
    return values.astype(np.float32)


SPECS = {
    "tanh": a_network(),
    "relu": a_network(dense(2, "relu", "he_uniform", repeat=12)),
    "one layer": a_network(dense(1, "sigmoid")),
    "large weights": a_network(dense(5, "tanh", {"kind": "random_normal", "stddev": 5.0}, repeat=4)),
    "no sides": a_network(dense(5, "tanh", {"kind": "random_uniform", "minval": 0.0, "maxval": 1.0}, repeat=3)),
    "relu output": a_network(output=dense(1, "relu")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_every_finding_of_generated_evidence_reads_and_agrees_with_itself(name):
    spec, draw, seen = SPECS[name], np.random.default_rng(len(name)), set()
    for _ in range(150):
        epochs = int(draw.choice([0, 1, 5, 40]))
        run = a_broken_run(spec, draw, epochs)
        with np.errstate(all="ignore"):
            diagnosis = diagnose(run.spec, [run])
        for finding in diagnosis.findings:
            seen.add(finding.rule)
            assert_reads(finding.explanation, finding.rule, also=(r"up to (0|1) ",))
            assert 0 <= finding.since_epoch <= run.history.last_epoch, finding
            for each in finding.measures:
                if each.threshold is not None and each.value is not None:
                    holds = {"<": each.value <= each.threshold, ">": each.value >= each.threshold}
                    assert holds.get(each.comparison, True), (finding.rule, each)
    assert len(seen) >= 8


def test_the_layers_of_the_headline_are_those_of_the_evidence():
    spec = a_network(dense(5, "relu", "he_uniform", repeat=3), seeds=[0, 1, 2])
    own = np.eye(3)
    dead = [
        a_run(spec, seed=seed, fails=True, series={"activations.dead_fraction": [*own[seed], 0]}) for seed in range(3)
    ]
    finding = next(each for each in conclude(spec, dead, RULES).findings if each.rule == "dead_layer")
    assert finding.layers == ("dense_1", "dense_2", "dense_3")
    assert all(layer in finding.explanation for layer in finding.layers)
