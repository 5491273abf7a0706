"""Every rule says yes beyond its threshold, no on this side, and nothing of what was not measured."""

import dataclasses
import json
import math

import numpy as np
import pytest

from gradlab.diagnosis import Run, Sighting, diagnose
from gradlab.diagnosis.finding import percentage
from gradlab.diagnosis.rules import (
    RULES,
    born_dead_risk,
    dead_layer,
    exploding_gradient,
    finite_width,
    learning_rate,
    no_gradient,
    nonfinite,
    oscillation,
    output_mismatch,
    saturation,
)
from gradlab.diagnosis.view import View
from gradlab.measurement.history import Culprit
from gradlab.spec.experiment import parse
from tests.graphs import a_graph, node
from tests.unit.diagnosis.histories import (
    EPOCHS,
    a_network,
    a_run,
    by_layer,
    dense,
    of_nothing_but,
    without_series,
)
from tests.unit.diagnosis.rule_cases import CASES, RECURRENT, RELU, VALUES, WITHOUT_CASES, Case, with_facts

BY_NAME = {rule.name: rule for rule in RULES}


def asked(case: Case, number: float) -> Sighting | None:
    return BY_NAME[case.rule](case.build(number))


def ids(case: Case) -> str:
    return f"{case.rule} {case.side} {case.threshold:g}"


def test_every_rule_is_tested_at_its_threshold():
    assert {case.rule for case in CASES} | set(WITHOUT_CASES) == set(BY_NAME)


def test_what_can_cause_comes_before_what_it_can_cause():
    for place, rule in enumerate(RULES):
        assert set(rule.causes) <= {earlier.name for earlier in RULES[:place]}, rule.name


def test_a_rule_says_what_it_rests_on():
    for rule in RULES:
        assert all([rule.title, rule.formula, rule.source, rule.thresholds]), rule.name
        assert all(math.isfinite(number) for number in rule.thresholds.values()), rule.name
        assert len(set(rule.remedies)) == len(rule.remedies), rule.name


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_hair_beyond_the_threshold_says_yes_with_a_number_and_a_reason(case: Case):
    sighting = asked(case, case.yes)
    assert sighting is not None
    assert sighting.measures[0].value is not None
    rule = BY_NAME[case.rule]
    said = dataclasses.replace(rule, explanation=sighting.explanation or rule.explanation)
    explanation, decisive = said.explain(sighting.layers, sighting.measures), sighting.measures[0]
    assert any(number in explanation for number in (str(decisive), percentage(decisive.value)))
    assert len(explanation) > 100
    json.dumps(dataclasses.asdict(sighting), allow_nan=False)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_hair_on_this_side_of_the_threshold_says_no(case: Case):
    assert asked(case, case.no) is None


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_far_beyond_the_threshold_says_yes(case: Case):
    far = {">": 3.0, "<": 0.3}[case.side]
    if case.rule in ("nonzero_mean_initialization", "symmetric_units"):
        far = 1 / case.threshold  # a correlation is at most 1
    elif case.rule in ("saturation_range", "dead_units", "dead_network"):
        far = 0.99 / case.threshold  # a share likewise
    assert asked(case, case.threshold * far) is not None


@pytest.mark.slow
def test_a_number_that_is_not_one_says_nothing():
    cases = [case for case in CASES if case.rule != "nonzero_mean_initialization"]
    assert [ids(case) for case in cases if asked(case, math.nan) is not None] == []


@pytest.mark.parametrize(("layers", "says"), [(2, False), (3, True)])
def test_where_no_correlation_can_be_told_the_number_of_one_sided_layers_decides(layers: int, says: bool):
    initializer = {"kind": "random_uniform", "minval": 0, "maxval": 1}
    spec = a_network(dense(initializer=initializer, repeat=layers))
    for run in (a_run(spec, series={"activations.unit_correlation": math.nan}), without_series(a_run(spec))):
        assert (BY_NAME["nonzero_mean_initialization"](run) is not None) == says


@pytest.mark.parametrize(("units", "says"), [(5, False), (64, True)])
def test_a_mean_that_saturates_wide_layers_is_named_whatever_their_correlation(units: int, says: bool):
    initializer = {"kind": "random_uniform", "minval": 0, "maxval": 1}
    spec = a_network(dense(units, initializer=initializer, repeat=2))
    run = a_run(spec, epochs=0, series={"activations.unit_correlation": 0.99})
    assert (BY_NAME["nonzero_mean_initialization"](run) is not None) == says


@pytest.mark.parametrize("mean", [0.5, -0.5])
def test_a_mean_matters_on_either_side_of_zero(mean: float):
    initializer = {"kind": "random_normal", "mean": mean, "stddev": 0.3}
    run = a_run(a_network(dense(initializer=initializer, repeat=3)), series={"activations.unit_correlation": 0.999})
    assert BY_NAME["nonzero_mean_initialization"](run) is not None


def test_the_same_numbers_of_weights_drawn_around_zero_are_another_illness():
    run = a_run(series={"activations.unit_correlation": 0.9999, "activations.effective_rank": 1.0})
    assert BY_NAME["nonzero_mean_initialization"](run) is None
    assert BY_NAME["symmetric_units"](run) is not None


@pytest.mark.parametrize("initializer", ["zeros", "ones", {"kind": "constant", "value": 0.3}])
def test_weights_drawn_equal_make_copies_by_birth(initializer):
    sighting = BY_NAME["symmetric_units"](without_series(a_run(a_network(dense(initializer=initializer)))))
    assert sighting is not None
    assert sighting.layers == ("dense_1",)


def test_biases_that_differ_break_the_symmetry():
    layer = dense(initializer="ones", bias_initializer={"kind": "random_normal", "stddev": 1.0})
    assert BY_NAME["symmetric_units"](without_series(a_run(a_network(layer)))) is None


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_epoch_0_alone_decides_what_is_decided_at_birth_and_nothing_else(case: Case):
    run = case.build(case.yes)
    history = run.history
    series = {kind: values[:1] for kind, values in history.series.items()}
    first = dataclasses.replace(run, history=dataclasses.replace(history, metrics=history.metrics[:1], series=series))
    vars(first)["facts"] = run.facts
    sighting = BY_NAME[case.rule](first)
    if case.at_birth:
        assert sighting is not None
        assert sighting.since_epoch == 0
    else:  # what can be seen in any epoch may be seen in the first, but never raises
        assert sighting is None or sighting.since_epoch == 0


def test_what_was_not_recorded_is_not_missed():
    for case in CASES:
        run = case.build(case.yes)
        bare = without_series(run)
        vars(bare)["facts"] = run.facts
        sighting = BY_NAME[case.rule](bare)
        assert sighting is None or all(each.name for each in sighting.measures), ids(case)


@pytest.mark.parametrize("epochs", [0, 1, EPOCHS])
@pytest.mark.parametrize("spec", [a_network(), RELU, VALUES], ids=["tanh", "relu", "values"])
def test_of_a_healthy_run_no_rule_says_anything(spec, epochs: int):
    run = a_run(spec, epochs=epochs)
    assert [rule.name for rule in RULES if rule(run) is not None] == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("epochs", [0, EPOCHS])
@pytest.mark.parametrize("spec", [a_network(), RELU, VALUES], ids=["tanh", "relu", "values"])
def test_of_a_run_of_nothing_but_nan_or_infinities_no_rule_but_one_raises_or_warns(spec, epochs, value):
    run = of_nothing_but(a_run(spec, epochs=epochs), value)
    for rule in RULES:
        if rule.name != "nonfinite":
            sighting = rule(run)
            assert sighting is None or json.dumps(dataclasses.asdict(sighting), allow_nan=False), rule.name


@pytest.mark.slow
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("spec", [RELU, RECURRENT], ids=["relu", "recurrent"])
def test_one_series_or_metric_of_nothing_but_nan_or_infinities_raises_and_warns_nowhere(
    spec, fails: bool, value: float
):
    columns = {kind: spec.layout[kind].columns for kind in ("gradients", "weights", "activations", "signals")}
    names = [f"{kind}.{column}" for kind, found in columns.items() for column in found]
    runs = [a_run(spec, fails=fails, series={name: value}) for name in (*names, "time_signals") if name in names]
    runs += [a_run(spec, fails=fails, metrics={name: value}) for name in spec.layout.metrics]
    half = np.where(np.arange(EPOCHS + 1) < EPOCHS / 2, 0.3, value)
    runs += [a_run(spec, fails=fails, metrics={name: half}) for name in spec.layout.metrics]
    for run in runs:
        for rule in RULES:
            rule(run)


class TestNonfinite:
    def test_a_loss_that_is_not_finite_is_found_in_the_epoch_in_which_it_is(self):
        loss = np.full(11, 0.5)
        loss[7:] = np.nan
        sighting = nonfinite.RULE(a_run(epochs=10, metrics={"loss": loss}))
        assert sighting is not None
        assert sighting.since_epoch == 7

    @pytest.mark.parametrize("kind", ["weights", "activations"])
    def test_one_value_is_enough(self, kind: str):
        counts = np.zeros((EPOCHS + 1, 1))
        assert nonfinite.RULE(a_run(series={f"{kind}.nonfinite": counts})) is None
        counts[5:] = 1
        sighting = nonfinite.RULE(a_run(series={f"{kind}.nonfinite": counts}))
        assert sighting is not None
        assert sighting.since_epoch == 5

    def test_the_culprit_is_named(self):
        culprit = Culprit(3, 2, "gradient", "dense_2", "kernel", "inf", 7)
        sighting = nonfinite.RULE(a_run(epochs=3, stopped_by="nonfinite", culprit=culprit))
        assert sighting is not None
        assert sighting.layers == ("dense_2",)
        assert sighting.since_epoch == 3
        assert sighting.measures[0].value == 7
        assert "gradient of {layers}, in epoch 3, mini-batch 2: inf" in (sighting.explanation or "")

    def test_a_missing_gradient_is_no_explosion(self):
        values = np.zeros((EPOCHS + 1, 8))
        values[:, 0] = 10  # a tensor on which the loss does not depend has NaN for a gradient
        assert nonfinite.RULE(a_run(series={"gradients.nonfinite": values})) is None

    @pytest.mark.parametrize(
        ("where", "kind", "grown", "rate", "word"),
        [
            ("gradient", "nan", 1.0, 0.05, "square root"),
            ("loss", "nan", 1.0, 0.05, "square root"),
            ("gradient", "nan", 10.1, 0.05, "what grew before"),
            ("gradient", "inf", 1.0, 0.05, "what grew before"),
            ("weight", "nan", 1.0, 0.05, "what grew before"),
            ("gradient", "nan", 1.0, 50.0, "what grew before"),
        ],
    )
    def test_a_nan_with_nothing_grown_before_is_a_singular_point(self, where, kind, grown, rate, word):
        loss = np.array([0.7, 0.7 * grown, math.nan])
        culprit = Culprit(2, 5, where, "dense_2", "kernel", kind, 7)
        spec = a_network(training=sgd(rate))
        run = a_run(spec, epochs=2, metrics={"loss": loss}, stopped_by="nonfinite", culprit=culprit)
        sighting = nonfinite.RULE(run)
        assert sighting is not None
        assert word in (sighting.explanation or "")
        assert ("learning_rate_lower" in (sighting.remedies or ())) == (word == "what grew before")

    def test_epoch_0_alone_can_be_enough(self):
        assert nonfinite.RULE(a_run(epochs=0, metrics={"loss": math.inf})) is not None
        assert nonfinite.RULE(of_nothing_but(a_run(epochs=0), math.nan)) is not None


class TestNoGradient:
    def gradients(self, missing: int):
        """Four layers, kernel and bias each, of which the first tensors have no gradient."""
        values = a_run().history.series["gradients"].copy()
        values[:, :missing] = np.nan
        return a_run(series={"gradients": values})

    @pytest.mark.parametrize(("missing", "layers"), [(0, None), (2, ("dense_1",)), (3, ("dense_1", "dense_2"))])
    def test_layers_with_a_tensor_that_has_none_are_named(self, missing: int, layers):
        sighting = no_gradient.RULE(self.gradients(missing))
        assert (sighting.layers if sighting else None) == layers
        if sighting:
            assert (sighting.since_epoch, sighting.measures[0].value) == (0, missing)

    def test_a_gradient_of_nan_is_one(self):
        run = a_run(series={f"gradients.{name}": math.nan for name in ("mean_abs", "l2", "std")})
        assert no_gradient.RULE(run) is None

    def test_other_rules_do_not_see_what_has_none(self):
        run = self.gradients(2)
        recorded = run.kernels("gradients", "l2")
        assert recorded is not None
        assert recorded.layers == ("dense_2", "dense_3", "dense_4")


class TestFiniteWidth:
    @pytest.mark.parametrize(
        ("layers", "units", "says"), [(8, 5, False), (40, 25, False), (41, 25, True), (9, 5, True)]
    )
    def test_beta_is_five_times_the_sum_of_the_widths_inverses(self, layers: int, units: int, says: bool):
        run = a_run(a_network(dense(units, "relu", "he_uniform", repeat=layers)), epochs=0)
        sighting = finite_width.RULE(run)
        assert (sighting is not None) == says
        if sighting:
            assert sighting.measures[0].value == pytest.approx(5 * layers / units)

    @pytest.mark.slow
    @pytest.mark.parametrize(("layers", "severity"), [(14, "warning"), (15, "critical")])
    def test_beta_of_15_is_critical(self, layers: int, severity: str):
        sighting = finite_width.RULE(a_run(a_network(dense(5, "relu", "he_uniform", repeat=layers)), epochs=0))
        assert sighting is not None
        assert sighting.severity == severity

    @pytest.mark.parametrize(
        ("layers", "says"),
        [
            ([dense(5, "tanh", repeat=16)], True),
            ([dense(5, "tanh", repeat=15)], False),
            ([dense(5, "tanh", "orthogonal", repeat=20)], False),
            ([dense(5, "linear"), {"kind": "activation", "activation": "relu"}] * 9, True),
            ([dense(5, "linear"), {"kind": "activation", "activation": "tanh"}] * 9, False),
            ([{"kind": "residual", "layers": [dense(2, "relu")], "repeat": 9}], False),
            ([dense(5, "relu", repeat=20), {"kind": "layer_normalization"}], False),
        ],
        ids=str,
    )
    def test_networks_of_other_kinds(self, layers, says: bool):
        sighting = finite_width.RULE(a_run(a_network(*layers), epochs=0))
        assert (sighting is not None) == says


class TestBornDead:
    def relus(self, layers: int, **more) -> Run:
        return a_run(a_network(dense(5, "relu", "he_uniform", repeat=layers, **more)), epochs=0)

    @pytest.mark.slow
    def test_the_chance_is_found_by_drawing(self):
        assert born_dead_risk.RULE(self.relus(5)) is None
        sighting = born_dead_risk.RULE(self.relus(20))
        assert sighting is not None
        assert sighting.measures[0].value == pytest.approx(0.3, abs=0.1)
        assert sighting.measures[1].value == pytest.approx(1 - (1 - 2**-5) ** 20)

    @pytest.mark.parametrize(
        ("chance", "severity"),
        [(0.05, None), (0.0501, "warning"), (0.25, "warning"), (0.2501, "critical"), (math.nan, None)],
    )
    def test_the_thresholds(self, monkeypatch: pytest.MonkeyPatch, chance: float, severity: str | None):
        monkeypatch.setattr(View, "born_dead", chance)
        sighting = born_dead_risk.RULE(self.relus(5))
        assert (sighting and sighting.severity) == severity

    def test_biases_far_below_zero_kill_every_draw(self):
        sighting = born_dead_risk.RULE(self.relus(3, bias_initializer={"kind": "constant", "value": -10.0}))
        assert sighting is not None
        assert sighting.measures[0].value == 1

    @pytest.mark.parametrize(("dead", "says"), [(1.0, True), (0.8, False), (math.nan, False)])
    def test_a_layer_that_is_dead_at_epoch_0_is_named(self, dead: float, says: bool):
        shares = by_layer(0, dead, 0, 0, rows=1)
        sighting = born_dead_risk.RULE(a_run(RELU, epochs=0, series={"activations.dead_fraction": shares}))
        assert (sighting is not None) == says
        if sighting:
            assert sighting.layers == ("dense_2",)
            assert sighting.severity == "critical"


class TestDeadLayer:
    @pytest.mark.parametrize(("share", "says"), [(1.0, True), (0.9999, False), (0.0, False), (math.nan, False)])
    def test_every_unit_must_be_dead(self, share: float, says: bool):
        run = a_run(RELU, series={"activations.dead_fraction": by_layer(0, share, 0, 0)})
        sighting = dead_layer.RULE(run)
        assert (sighting is not None) == says
        if sighting:
            assert sighting.layers == ("dense_2",)

    def test_until_now(self):
        dead = by_layer(0, 1, 0, 0)
        dead[:10] = 0
        sighting = dead_layer.RULE(a_run(RELU, series={"activations.dead_fraction": dead}))
        assert sighting is not None
        assert sighting.since_epoch == 10
        dead[-1] = 0
        assert dead_layer.RULE(a_run(RELU, series={"activations.dead_fraction": dead})) is None

    def test_one_epoch_will_do(self):
        assert dead_layer.RULE(a_run(RELU, epochs=0, series={"activations.dead_fraction": 1.0})) is not None

    def test_a_recurrent_relu_layer_can_die(self):
        layer = {"kind": "simple_rnn", "units": 4, "activation": "relu"}
        spec = a_network(layer, output=dense(1, "linear"), dataset=RECURRENT.dataset, training=RECURRENT.training)
        assert dead_layer.RULE(a_run(spec, series={"activations.dead_fraction": 1.0})) is not None

    def test_a_tanh_cannot_die(self):
        assert dead_layer.RULE(a_run(series={"activations.dead_fraction": 1.0})) is None


class TestLearningRate:
    def test_too_small_for_all_updates_together_to_get_anywhere(self):
        sighting = learning_rate.RULE(a_run(a_network(training=sgd(1e-6)), epochs=0))
        assert sighting is not None
        assert sighting.kind == "risk"
        assert sighting.remedies
        assert sighting.remedies[0] == "learning_rate_higher"

    def test_too_small_is_not_said_where_zero_gradient_arrives(self):
        run = a_run(a_network(training=sgd(1e-6)), epochs=0, series={"gradients.l2": by_layer(*[0, 1] * 4, rows=1)})
        assert learning_rate.RULE(run) is None

    def test_as_measured_the_weights_have_hardly_moved(self):
        sighting = learning_rate.RULE(a_run(series={"weights.update_ratio": 1e-5}))
        assert sighting is not None
        assert sighting.kind == "symptom"

    def test_momentum_makes_steps_longer(self):
        for momentum, says in ((0.0, False), (0.99, True)):
            spec = a_network(training=sgd(0.5, momentum=momentum))
            assert (learning_rate.RULE(a_run(spec)) is not None) == says

    def test_steps_of_adam_do_not_depend_on_the_gradient(self):
        for rate, says in ((0.001, False), (1.0, True)):
            optimizer = {"kind": "adam", "learning_rate": rate}
            training = {"loss": "binary_crossentropy", "optimizer": optimizer, "epochs": EPOCHS, "batch_size": 4}
            spec = a_network(training=training)
            assert (learning_rate.RULE(a_run(spec, metrics={"clipped_gradient_norm": 1e-9})) is not None) == says

    @pytest.mark.parametrize(("later", "fails", "says"), [(1.0, False, False), (1.0, True, True), (20.0, False, True)])
    def test_a_forecast_is_refuted_by_a_run_that_learns_with_short_steps(self, later: float, fails: bool, says: bool):
        norm = np.full(EPOCHS + 1, later)  # steps of 0.009 and 0.18
        norm[0] = 100.0  # a step of 0.88
        sighting = learning_rate.RULE(a_run(metrics={"clipped_gradient_norm": norm}, fails=fails))
        assert (sighting is not None) == says

    def test_what_epoch_0_forecasts_stands_until_something_is_learnt(self):
        sighting = learning_rate.RULE(a_run(epochs=0, metrics={"clipped_gradient_norm": 100.0}))
        assert sighting is not None
        assert sighting.kind == "risk"

    def test_a_layer_that_was_alive_and_died_of_long_steps(self):
        dead = by_layer(0, 1, 0, 0)
        dead[:6] = 0
        gradient = {"clipped_gradient_norm": 4.0}  # steps of 0.035
        sighting = learning_rate.RULE(a_run(RELU, metrics=gradient, series={"activations.dead_fraction": dead}))
        assert sighting is not None
        assert sighting.layers == ("dense_2",)
        assert learning_rate.RULE(a_run(RELU, series={"activations.dead_fraction": dead})) is None  # of short steps

    def test_without_records_of_weights_their_expected_length_serves(self):
        loud = a_run(a_network(training=sgd(5.0)))
        assert learning_rate.RULE(without_series(loud)) is not None
        assert learning_rate.RULE(without_series(a_run())) is None


class TestExplodingGradient:
    @pytest.mark.parametrize(("arriving", "says"), [(1.001, True), (0.999, False)])
    def test_what_has_shrunk_on_its_way_back_does_not_explode(self, arriving: float, says: bool):
        series = {"gradients.l2": by_layer(100, 1, 1, 1, 1, 1, 1, 1)}
        series["signals.rms"] = by_layer(arriving / math.sqrt(5), 0.1, 0.1, 1.0)
        assert (exploding_gradient.RULE(a_run(series=series)) is not None) == says

    def test_where_no_signal_was_recorded_the_gradients_decide(self):
        spec = a_network(record={"signals": 0})
        run = a_run(spec, series={"gradients.l2": by_layer(100, 1, 1, 1, 1, 1, 1, 1)})
        assert exploding_gradient.RULE(run) is not None


class TestOscillation:
    def losing(self, share: float, *, ago: int = 1, epochs: int = 40, **known: object) -> Run:
        """Its training swings; so many epochs ago it lost a share of what the neighbours know of the test samples."""
        run = a_run()
        facts, swings = run.facts, np.where(np.arange(epochs + 1) % 2, 0.9, 0.7)
        accuracy = np.full(epochs + 1, facts.reachable)
        accuracy[-ago] *= 1 - share
        return a_run(
            epochs=epochs,
            metrics={
                "loss": facts.constant_loss * (1 - swings),
                "val_accuracy": facts.constant_accuracy + accuracy * (1 - facts.constant_accuracy),
                **known,
            },
        )

    @pytest.mark.parametrize(("share", "kind"), [(0.299, None), (0.301, "failure")])
    def test_it_is_a_failure_where_what_was_learnt_is_lost_again(self, share: float, kind: str | None):
        sighting = oscillation.RULE(self.losing(share))
        assert sighting is not None
        assert sighting.kind == kind

    @pytest.mark.parametrize(("ago", "epochs", "kind"), [(9, 40, "failure"), (11, 40, None), (1, 10, "failure")])
    def test_only_the_last_ten_epochs_are_asked(self, ago: int, epochs: int, kind: str | None):
        sighting = oscillation.RULE(self.losing(0.5, ago=ago, epochs=epochs))
        assert sighting is not None
        assert sighting.kind == kind

    def test_what_rises_loses_nothing(self):
        sighting = oscillation.RULE(self.losing(0, val_accuracy=np.linspace(0.5, 1, 41)))
        assert sighting is not None
        assert sighting.kind is None

    def test_where_nothing_was_known_nothing_is_lost(self):
        sighting = oscillation.RULE(self.losing(0, val_accuracy=np.nan))
        assert sighting is not None
        assert sighting.kind is None

    def test_it_is_a_failure_of_the_experiment_though_the_training_ends_well(self):
        steady, lost = a_run(), dataclasses.replace(self.losing(0.5), seed=1)
        spec = steady.spec.model_copy(update={"seeds": (0, 1)})
        found = diagnose(spec, [dataclasses.replace(run, spec=spec) for run in (steady, lost)])
        assert [(each.rule, each.kind, each.seeds) for each in found.findings] == [("oscillation", "failure", (1,))]
        assert [each.outcome for each in found.outcomes] == ["learns", "learns"]
        assert (found.verdict, found.root_cause) == ("ill", "oscillation")


class TestSaturation:
    @pytest.mark.parametrize(("slope", "kind"), [(0.04, "risk"), (0.1, None)])
    def test_it_is_a_risk_where_units_begin_flat(self, slope: float, kind: str | None):
        sighting = saturation.RULE(a_run(epochs=0, series={"activations.slope": slope}))
        assert sighting is not None
        assert sighting.kind == kind

    @pytest.mark.parametrize(
        ("layer", "says"),
        [
            ({"kind": "simple_rnn", "units": 4}, True),
            ({"kind": "bidirectional", "layer": {"kind": "simple_rnn", "units": 4}}, True),
            ({"kind": "simple_rnn", "units": 4, "activation": "relu"}, False),
            ({"kind": "gru", "units": 4}, False),
        ],
        ids=str,
    )
    def test_simple_recurrent_layers_saturate_and_gates_are_left_to_themselves(self, layer, says: bool):
        spec = a_network(layer, output=dense(1, "linear"), dataset=RECURRENT.dataset, training=RECURRENT.training)
        for epochs in (0, EPOCHS):
            run = a_run(spec, epochs=epochs, series={"activations.slope": 0.04})
            assert (saturation.RULE(run) is not None) == says


class TestOutputMismatch:
    @pytest.mark.parametrize(
        ("output", "loss", "says"),
        [
            (dense(1, "sigmoid"), "binary_crossentropy", False),
            (dense(1, "linear"), "binary_crossentropy", True),
            (dense(1, "relu"), "binary_crossentropy", True),
            (dense(1, "tanh"), "binary_crossentropy", True),
            (dense(1, "softmax"), "binary_crossentropy", True),
            (dense(1, "linear"), {"kind": "binary_crossentropy", "from_logits": True}, False),
            (dense(1, "sigmoid"), {"kind": "binary_crossentropy", "from_logits": True}, True),
            (dense(2, "softmax"), "categorical_crossentropy", False),
            (dense(2, "sigmoid"), "categorical_crossentropy", False),
            (dense(2, "linear"), "categorical_crossentropy", True),
            (dense(2, "softmax"), "mean_squared_error", False),
            (dense(1, "sigmoid"), "mean_squared_error", False),
            (dense(1, "softmax"), "mean_squared_error", True),
            (dense(1, "linear"), "hinge", False),
            (dense(1, "tanh"), "hinge", False),
            (dense(1, "sigmoid"), "hinge", True),
            (dense(2, "softmax"), "categorical_hinge", True),
        ],
    )
    def test_classes(self, output, loss, says: bool):
        training = {"loss": loss, "optimizer": "sgd", "epochs": EPOCHS}
        run = a_run(a_network(output=output, training=training), epochs=0)
        assert (output_mismatch.RULE(run) is not None) == says

    @pytest.mark.parametrize(
        ("activation", "loss", "says"),
        [
            ("linear", "mean_squared_error", False),
            ("tanh", "mean_squared_error", True),
            ("relu", "huber", True),
            ("linear", "poisson", True),
            ("elu", "mean_squared_error", False),
        ],
    )
    def test_values_on_both_sides_of_zero(self, activation: str, loss: str, says: bool):
        training = {"loss": loss, "optimizer": "sgd", "epochs": EPOCHS}
        spec = a_network(output=dense(1, activation), dataset=VALUES.dataset, training=training)
        run = with_facts(a_run(spec, epochs=0), target_range=(-3.0, 3.0), constant_loss=1.0, perfect_loss=0.0)
        assert (output_mismatch.RULE(run) is not None) == says

    def test_an_activation_layer_behind_the_last_weights_counts(self):
        spec = a_network(dense(), output=dense(1, "linear"))
        layers = [*spec.model.model_dump()["layers"], {"kind": "activation", "activation": "sigmoid"}]
        assert output_mismatch.RULE(a_run(spec, epochs=0)) is not None
        assert output_mismatch.RULE(a_run(a_network(*layers[:-1], output=layers[-1]), epochs=0)) is None

    @pytest.mark.parametrize(
        ("output", "kind", "severity"),
        [
            ([dense(1, "sigmoid")], "binary_crossentropy", "info"),
            ([dense(1, "linear"), {"kind": "activation", "activation": "sigmoid"}], "binary_crossentropy", "info"),
            ([dense(2, "softmax")], "categorical_crossentropy", "info"),
            ([dense(2, "sigmoid")], "categorical_crossentropy", "info"),
            ([dense(1, "sigmoid")], "binary_focal_crossentropy", None),
            ([dense(2, "softmax")], "categorical_focal_crossentropy", None),
            ([dense(2, "softmax"), {"kind": "dropout", "rate": 0.2}], "categorical_crossentropy", None),
            ([dense(2, "softmax"), {"kind": "reshape", "target_shape": [2]}], "categorical_crossentropy", None),
            ([dense(2, "softmax")] * 2, "categorical_crossentropy", "info"),
            (
                [dense(2, "softmax"), {"kind": "activation", "activation": "softmax"}],
                "categorical_crossentropy",
                None,
            ),
            ([dense(2, "hard_sigmoid")], "categorical_crossentropy", None),
            ([dense(1, "softmax")], "binary_crossentropy", "critical"),
        ],
    )
    def test_logits_that_are_none_are_a_note_where_keras_undoes_it(self, output, kind, severity):
        training = {"loss": {"kind": kind, "from_logits": True}, "optimizer": "sgd", "epochs": EPOCHS}
        sighting = output_mismatch.RULE(a_run(a_network(*output[:-1], output=output[-1], training=training), epochs=0))
        assert sighting is not None
        assert sighting.severity == severity
        assert (sighting.remedies == ()) == (severity == "info")

    def test_a_note_is_never_a_root_cause(self):
        training = sgd(0.05) | {"loss": {"kind": "binary_crossentropy", "from_logits": True}}
        spec = a_network(training=training)
        assert diagnose(spec, [a_run(spec)]).verdict == "healthy"
        told = diagnose(spec, [a_run(spec, fails=True)])
        assert told.verdict == "ill"
        assert told.root_cause != "output_mismatch"
        assert "output_mismatch" in [finding.rule for finding in told.findings]

    @pytest.mark.parametrize("behind", [{"kind": "dropout", "rate": 0.2}, {"kind": "reshape", "target_shape": [1]}])
    def test_what_only_passes_on_hides_no_activation(self, behind):
        assert output_mismatch.RULE(a_run(a_network(dense(), dense(1, "sigmoid"), output=behind), epochs=0)) is None
        assert output_mismatch.RULE(a_run(a_network(dense(), dense(1, "tanh"), output=behind), epochs=0)) is not None

    def test_a_softmax_of_a_softmax_is_one_too_many(self):
        training = {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": EPOCHS}
        twice = [dense(2, "softmax"), {"kind": "activation", "activation": "softmax"}]
        sighting = output_mismatch.RULE(a_run(a_network(*twice[:-1], output=twice[-1], training=training), epochs=0))
        assert sighting is not None
        assert "softmax has been applied already" in (sighting.explanation or "")


def sgd(rate: float, momentum: float = 0.0) -> dict:
    optimizer = {"kind": "sgd", "learning_rate": rate, "momentum": momentum}
    return {"loss": "binary_crossentropy", "optimizer": optimizer, "epochs": EPOCHS, "batch_size": 16}


class TestAllowedButUnsuited:
    def absolute(self, output: dict, dataset: dict | None = None, **more):
        training = sgd(0.05) | {"loss": "mean_absolute_error"}
        spec = a_network(output=output, training=training, **({"dataset": dataset} if dataset else {}))
        return BY_NAME["unsuited_loss"](a_run(spec, **more))

    @pytest.mark.parametrize(("fails", "severity"), [(False, None), (True, "warning")])
    def test_a_loss_for_values_on_classes_matters_where_nothing_is_learnt(self, fails: bool, severity: str | None):
        sighting = self.absolute(dense(1, "sigmoid"), fails=fails)
        assert sighting is not None
        assert sighting.severity == severity

    def test_of_values_it_is_the_right_one(self):
        assert self.absolute(dense(1, "linear"), {"kind": "regression", "samples": 40, "train_size": 32}) is None
        assert BY_NAME["unsuited_loss"](a_run(fails=True)) is None  # a cross-entropy

    @pytest.mark.parametrize(
        ("layers", "says"),
        [
            ([dense(5, "linear")], True),
            ([dense(5, "linear", repeat=3), {"kind": "dropout", "rate": 0.1}], True),
            ([dense(5, "linear"), {"kind": "activation", "activation": "tanh"}], False),
            ([dense(5, "linear"), dense(5, "relu")], False),
            ([dense(5, "linear"), {"kind": "layer_normalization"}], False),
            ([{"kind": "residual", "layers": [dense(2, "relu")]}, dense(5, "linear")], False),
        ],
        ids=str,
    )
    def test_a_network_is_linear_where_nothing_bends_what_passes(self, layers: list, says: bool):
        for fails, severity in ((False, None), (True, "warning")):
            sighting = BY_NAME["linear_network"](a_run(a_network(*layers), fails=fails))
            assert (sighting is not None) == says
            if sighting:
                assert sighting.severity == severity

    @pytest.mark.parametrize(
        ("activation", "merging", "says"),
        [("linear", "add", True), ("relu", "add", False), ("linear", "multiply", False), ("linear", "maximum", False)],
    )
    def test_branches_behind_the_last_weights_may_bend_it(self, activation: str, merging: str, says: bool):
        spec = parse(a_graph([
            node("hidden", dense(4, "linear"), "input"), node("left", dense(1, activation), "hidden"),
            node("right", dense(1, "linear"), "hidden"), node("merged", {"kind": merging}, "left", "right"),
            node("out", {"kind": "activation", "activation": "sigmoid"}, "merged"),
        ]))  # fmt: skip
        assert (BY_NAME["linear_network"](a_run(spec, fails=True)) is not None) == says

    def test_a_block_at_the_end_bends_it_by_its_activation(self):
        for activation in ("linear", "relu"):
            block = {"kind": "residual", "layers": [dense(2, activation)]}
            fields = {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": EPOCHS}
            spec = a_network(dense(2, "linear"), output=block, training=fields)
            assert (BY_NAME["linear_network"](a_run(spec, fails=True)) is not None) == (activation == "linear")

    def test_a_linear_network_that_learns_is_healthy(self):
        spec = a_network(dense(5, "linear"))
        assert diagnose(spec, [a_run(spec)]).verdict == "healthy"
        told = diagnose(spec, [a_run(spec, fails=True)])
        assert (told.verdict, told.root_cause) == ("ill", "linear_network")

    def test_many_updates_in_an_epoch_are_not_few(self):
        spec = a_network(training=sgd(0.05) | {"batch_size": 4})
        assert BY_NAME["few_updates"](a_run(spec, fails=True, series={"weights.update_ratio": 0.005})) is None
