"""A network with two inputs and two outputs: what concerns one output is worked out for it, and says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradlab.diagnosis import Run, diagnose
from gradlab.diagnosis.chain import chain_lines
from gradlab.diagnosis.outcome import outcome
from gradlab.diagnosis.summary import summary_of
from gradlab.diagnosis.unknown import Unknown
from gradlab.facts import Facts
from gradlab.facts.experiments import of_spec
from gradlab.measurement.history import History
from gradlab.spec import ExperimentSpec
from gradlab.theory import predict
from gradlab.vocabulary.datasets import Dataset
from tests.graphs import dense, node
from tests.several import SAMPLES as SEVERAL
from tests.several import two_ends
from tests.unit.diagnosis.histories import HEALTHY

EPOCHS, SAMPLES = 40, 100


def samples(scale: float = 1.0) -> Dataset:
    """Two inputs; a value that is their sum, and the one of three classes that it belongs to."""
    left, right = np.random.default_rng(0).normal(size=(2, SAMPLES + 40, 2)).astype(np.float32)
    right = right[:, :1]
    value = left.sum(axis=1, keepdims=True) + right
    sort = np.digitize(value[:, 0], [-0.8, 0.8])
    x, y = (left, right), (scale * value, sort)
    train, val = (
        tuple(tuple(each[part] for each in ends) for ends in (x, y)) for part in (slice(100), slice(100, None))
    )
    return Dataset(*train, *val)


def a_spec(**changes: Any) -> ExperimentSpec:
    return ExperimentSpec.model_validate(two_ends(**{"training__epochs": EPOCHS} | changes))


def facts_of(spec: ExperimentSpec, scale: float = 1.0) -> Facts:
    data = samples(scale)
    return of_spec(spec, lambda _: data)


def a_run(spec: ExperimentSpec, facts: Facts, *, failing: str = "", metrics: Mapping[str, Any] | None = None) -> Run:
    """A run in which all outputs learn but `failing`, whose loss and errors stay those of a constant answer."""
    layout, falling = spec.layout, np.linspace(1.0, 0.1, EPOCHS + 1)
    measured: dict[str, Any] = {"learning_rate": 0.05, "gradient_norm": 0.3, "clipped_gradient_norm": 0.3}
    for output in spec.outputs:
        own, left = facts.of_output(output.name), np.ones_like(falling) if output.name == failing else falling
        constant = 0.0 if output.target.kind == "values" else own.constant_accuracy or 0.0
        of_output = {"loss": left * (own.constant_loss or 0.0), "r2_score": 1 - left}
        of_output["accuracy"] = constant + (1 - left) * (1 - constant)
        measured |= {
            f"{part}{output.prefix}{name}": values for name, values in of_output.items() for part in ("", "val_")
        }
    measured["loss"] = measured["val_loss"] = measured["price_loss"] + measured["sort_loss"]
    measured |= metrics or {}
    values = {each.kind: np.zeros((EPOCHS + 1, *each.shape), np.float32) for each in layout.series}
    for kind, statistics in HEALTHY.items():
        for name, number in statistics.items() if kind in values else ():
            values[kind][:, :, layout[kind].columns.index(name)] = number
    columns = [np.broadcast_to(measured.get(name, 0.0), (EPOCHS + 1,)) for name in layout.metrics]
    return Run(spec, 0, History(layout, 0, np.stack(columns, axis=1).astype(np.float32), values), facts=facts)


class TestFacts:
    def test_each_output_has_its_own_and_each_input_its_size(self):
        facts = facts_of(a_spec(), scale=100.0)
        price, sort = facts.of_output("price"), facts.of_output("sort")
        assert (price.target.kind, sort.target.kind, sort.target.count) == ("values", "classes", 3)
        data = samples(100.0)
        assert price.constant_loss == pytest.approx(data.train_y[0].var(), rel=1e-5)
        shares = np.bincount(data.train_y[1]) / SAMPLES
        assert sort.class_shares == pytest.approx(shares)
        assert sort.constant_loss == pytest.approx(-(shares * np.log(shares)).sum())
        assert price.reachable > 0.5
        assert sort.reachable > 0.3
        assert (facts.target, facts.constant_loss) == (None, None)
        assert {name: each.features for name, each in facts.by_input.items()} == {"left": 2, "right": 1}
        assert facts.inputs.features == 3
        text = facts.model_dump_json()
        assert Facts.model_validate_json(text).model_dump_json() == text

    def test_those_of_one_output_are_written_as_before(self):
        assert not {"outputs", "by_input"} & Facts().model_dump().keys()


class TestDiagnosis:
    def test_a_network_whose_outputs_all_learn_is_healthy(self):
        spec = a_spec()
        run = a_run(spec, facts_of(spec))
        assert outcome(run).verdict == "learns"
        diagnosis = diagnose(spec, [run])
        assert [each for each in diagnosis.findings if each.severity != "info"] == []
        assert diagnosis.verdict == "healthy"

    def test_one_that_is_ill_in_one_output_says_in_which(self):
        spec = a_spec()
        run = a_run(spec, facts_of(spec), failing="sort")
        diagnosis = diagnose(spec, [run])
        assert diagnosis.verdict == "ill"
        assert diagnosis.outcomes[0].output == "sort"
        failing = {(each.rule, each.output) for each in diagnosis.findings if each.severity != "info"}
        assert ("not_learning", "sort") in failing
        assert {output for _, output in failing} <= {"sort", ""}
        finding = next(each for each in diagnosis.findings if each.rule == "not_learning")
        assert finding.title == "The network does not learn, output sort"
        assert finding.explanation.startswith("Output sort: ")
        assert "output sort" in str(summary_of(diagnosis))

    def test_a_run_that_left_the_finite_numbers_did_so_in_one_output(self):
        spec = a_spec()
        run = replace(a_run(spec, facts_of(spec), metrics={"sort_loss": np.nan}), stopped_by="nonfinite")
        assert (outcome(run).verdict, outcome(run).output) == ("diverged", "sort")

    def test_targets_of_one_output_are_the_root_cause_of_what_the_other_suffers(self):
        spec = a_spec()
        facts = facts_of(spec, scale=100.0)
        run = a_run(
            spec,
            facts,
            failing="sort",
            metrics={"price_r2_score": 0.0, "price_loss": facts.of_output("price").constant_loss},
        )
        diagnosis = diagnose(spec, [run])
        assert diagnosis.root_cause == "target_range"
        root = next(each for each in diagnosis.findings if each.rule == "target_range")
        assert root.output == "price"
        effects = {(each.rule, each.output) for each in diagnosis.findings if "target_range" in each.caused_by}
        assert ("plateau", "sort") in effects
        lines = chain_lines(diagnosis.findings, diagnosis.root_cause)
        assert lines[0].startswith("The targets are not scaled, output price (target_range)")

    def test_two_outputs_may_have_the_same_illness_each_with_its_own_numbers(self):
        spec = a_spec()
        facts = facts_of(spec)
        high = {f"{name}_loss": 5 * facts.of_output(name).constant_loss for name in ("price", "sort")}
        diagnosis = diagnose(spec, [a_run(spec, facts, metrics=high)])
        seen = {each.output: each.measures[2].value for each in diagnosis.findings if each.rule == "initial_loss"}
        assert seen == {name: pytest.approx(facts.of_output(name).constant_loss) for name in ("price", "sort")}

    def test_a_loss_for_values_is_unsuited_for_the_classes_alone(self):
        spec = a_spec(training__loss="mean_squared_error")
        diagnosis = diagnose(spec, [a_run(spec, facts_of(spec))])
        assert [each.output for each in diagnosis.findings if each.rule == "unsuited_loss"] == ["sort"]

    def test_classes_of_one_output_that_the_file_counts_from_1_are_told(self):
        outputs = [SEVERAL["outputs"][0], {**SEVERAL["outputs"][1], "classes": ["1", "2", "3"]}]
        spec = a_spec(dataset__samples={**SEVERAL, "outputs": outputs})
        diagnosis = diagnose(spec, [a_run(spec, facts_of(spec))])
        (finding,) = [each for each in diagnosis.findings if each.rule == "target_encoding"]
        assert (finding.output, finding.severity) == ("sort", "warning")
        assert "The largest class is 3, and the output has 3 units" in finding.explanation

    def test_values_of_one_output_beyond_0_and_1_are_told_of_a_loss_for_values_between_them(self):
        losses = {"price": "binary_crossentropy", "sort": "categorical_crossentropy"}
        spec = a_spec(training__loss=losses)
        diagnosis = diagnose(spec, [a_run(spec, facts_of(spec))])
        found = [(each.output, each.severity) for each in diagnosis.findings if each.rule == "target_encoding"]
        assert found == [("price", "critical")]

    def test_an_input_that_is_not_scaled_is_named(self):
        spec = a_spec()
        facts = facts_of(spec)
        large = facts.by_input["right"].model_copy(update={"rms": 500.0, "largest_rms": 500.0})
        spoilt = facts.model_copy(update={"by_input": {**facts.by_input, "right": large}})
        diagnosis = diagnose(spec, [replace(a_run(spec, facts), facts=spoilt)])
        finding = next(each for each in diagnosis.findings if each.rule == "input_range")
        assert finding.explanation.startswith("Input right: The inputs' root mean square is 500")
        assert finding.output == ""

    def test_an_output_of_which_nothing_is_known_is_unjudged_by_name(self):
        spec = a_spec()
        facts = facts_of(spec)
        known = facts.model_copy(update={"outputs": {"price": facts.outputs["price"]}})
        diagnosis = diagnose(spec, [replace(a_run(spec, facts), facts=known)])
        unjudged = {each.rule: each.why for each in diagnosis.unjudged}
        assert unjudged["class_imbalance"].startswith("of the output sort: ")
        assert diagnosis.verdict == "undecided"

    def test_an_output_whose_loss_weighs_nothing_is_not_judged(self):
        spec = a_spec(training__loss_weights={"sort": 0.0})
        assert diagnose(spec, [a_run(spec, facts_of(spec), failing="sort")]).verdict == "healthy"

    def test_what_each_output_has_is_unknown_of_all(self):
        view = a_run(spec := a_spec(), facts_of(spec)).view
        for name in ("target", "loss", "loss_kind", "output", "output_units", "constant_loss", "class_shares"):
            with pytest.raises(Unknown, match="price, sort"):
                getattr(view, name)


class TestTheory:
    JOINED = (
        node("both", {"kind": "concatenate"}, "left", "right"),
        node("a", dense(5, "sigmoid"), "both"),
        node("b", dense(5, "sigmoid"), "a"),
        node("price", dense(1, "linear"), "b"),
    )

    def test_it_follows_the_way_on_which_the_most_signal_arrives(self):
        deep = [node("c", dense(5, "sigmoid"), "b"), node("sort", dense(3, "softmax"), "c")]
        spec = a_spec(model__nodes=[*self.JOINED, *deep])
        facts = facts_of(spec)
        theory = facts.theory
        assert theory.output == "price"
        data = samples()
        x = np.concatenate(data.train_x, axis=1).astype(np.float64)
        way = [each for each in spec.network if each.name in ("a", "b", "price")]
        assert theory.own.arriving == pytest.approx(predict(way, x).arriving)
        view = a_run(spec, facts).view
        assert view.is_chain
        assert view.predicted_layers == ("a", "b")

    def test_branches_that_meet_later_are_unjudged(self):
        spec = a_spec()
        facts = facts_of(spec)
        assert facts.theory.own is None
        with pytest.raises(Unknown, match="its network is a graph"):
            a_run(spec, facts).view.need_chain()
