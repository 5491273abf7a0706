"""From many runs to one answer: verdict, causal order, one root cause."""

import dataclasses
import json
import math

import numpy as np
import pytest

from gradlab.diagnosis import Diagnosis, Rule, Run, Sighting, diagnose
from gradlab.diagnosis.conclusion import conclude
from gradlab.diagnosis.finding import measure
from gradlab.diagnosis.rules import RULES
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, by_layer, dense, of_nothing_but, without_series
from tests.unit.diagnosis.rule_cases import ONE_SIDED

SEEDS = (3, 1, 4, 5)


def a_rule(name: str, sightings: dict[int, Sighting], *, kind="risk", severity="warning", causes=()) -> Rule:
    """A rule that says of each seed what it is told to."""
    return Rule(
        name, f"the {name}", kind, severity, "f", {"t": 1.0}, "s", f"{name} in {{layers}}: {{x}}", (f"cure_{name}",),
        tuple(causes), lambda run: sightings.get(run.seed),
    )  # fmt: skip


def seen(value: float = 1.0, since: int = 0, layers: tuple[str, ...] = (), **more) -> Sighting:
    return Sighting(layers, since, (measure("x", value, ">", 0.5),), **more)


def everywhere(**more) -> dict[int, Sighting]:
    return dict.fromkeys(SEEDS, seen(**more))


def concluded(*rules: Rule, failing: tuple[int, ...] = SEEDS, epochs: int | None = None) -> Diagnosis:
    spec = a_network(seeds=SEEDS)
    return conclude(spec, [a_run(spec, seed=seed, fails=seed in failing, epochs=epochs) for seed in SEEDS], rules)


class TestVerdict:
    def test_healthy_where_all_seeds_learn_and_nothing_is_found(self):
        diagnosis = concluded(failing=())
        assert diagnosis.verdict == "healthy"
        assert diagnosis.root_cause is None
        assert diagnosis.findings == ()
        assert [each.outcome for each in diagnosis.outcomes] == ["learns"] * 4
        assert [each.seed for each in diagnosis.outcomes] == list(SEEDS)

    @pytest.mark.parametrize(("failing", "verdict"), [(SEEDS, "ill"), (SEEDS[:2], "ill"), (SEEDS[:1], "at risk")])
    def test_ill_where_more_than_a_third_of_the_seeds_fail(self, failing, verdict):
        assert concluded(failing=failing).verdict == verdict

    @pytest.mark.parametrize(("seeds", "verdict"), [(SEEDS, "at risk"), (SEEDS[:2], "at risk"), (SEEDS[:1], "healthy")])
    def test_a_lucky_experiment_is_at_risk_where_a_risk_is_seen_in_more_than_a_third(self, seeds, verdict):
        risk = a_rule("risk", {seed: seen() for seed in seeds})
        diagnosis = concluded(risk, failing=())
        assert diagnosis.verdict == verdict
        assert [finding.seeds for finding in diagnosis.findings] == [seeds]

    @pytest.mark.parametrize(("failing", "epochs", "verdict"), [((), None, "healthy"), ((), 3, "at risk")])
    def test_one_critical_seed_is_enough_unless_it_is_known_to_learn(self, failing, epochs, verdict):
        risk = a_rule("risk", {SEEDS[0]: seen()}, severity="critical")
        diagnosis = concluded(risk, failing=failing, epochs=epochs)
        assert (diagnosis.verdict, diagnosis.root_cause) == (verdict, "risk" if verdict == "at risk" else None)
        assert diagnosis.findings[0].explanation.endswith("1 of 4 seeds.") is (verdict == "at risk")

    def test_what_only_informs_makes_nobody_ill(self):
        assert concluded(a_rule("note", everywhere(), severity="info"), failing=()).verdict == "healthy"

    def test_undecided_while_too_early_unless_a_risk_is_seen(self):
        assert concluded(failing=(), epochs=3).verdict == "undecided"
        assert concluded(a_rule("risk", everywhere()), failing=(), epochs=0).verdict == "at risk"

    def test_undecided_while_seeds_are_missing(self):
        spec = a_network(seeds=SEEDS)
        diagnosis = diagnose(spec, [a_run(spec, seed=seed) for seed in SEEDS[:3]])
        assert diagnosis.verdict == "undecided"
        assert diagnosis.outcomes[3].outcome == "undecided"
        assert diagnosis.outcomes[3].epoch is None
        assert diagnose(spec, []).verdict == "undecided"

    def test_one_seed_that_fails_so_far_among_many_undecided_makes_nobody_ill(self):
        spec = a_network(seeds=SEEDS, epochs=500)
        slow = {"loss": 0.9 * a_run(spec).facts.constant_loss, "accuracy": a_run(spec).facts.constant_accuracy + 0.02}
        runs = [a_run(spec, seed=seed, epochs=60, metrics=slow) for seed in SEEDS[1:]]
        diagnosis = diagnose(spec, [a_run(spec, seed=SEEDS[0], epochs=60, fails=True), *runs])
        assert [each.outcome for each in diagnosis.outcomes] == ["fails", *["undecided"] * 3]
        assert diagnosis.verdict == "at risk"

    def test_a_failure_of_another_kind_makes_ill_too(self):
        by_heart = a_rule("by_heart", everywhere(), kind="failure")
        assert concluded(by_heart, failing=()).verdict == "ill"

    def test_a_run_that_left_the_finite_numbers_is_ill_and_not_undecided(self):
        spec = a_network()
        loss = np.array([0.7, 5.0, math.inf])
        diagnosis = diagnose(spec, [a_run(spec, epochs=2, metrics={"loss": loss}, stopped_by="nonfinite")])
        assert diagnosis.verdict == "ill"
        assert diagnosis.outcomes[0].outcome == "diverged"
        assert "nonfinite" in [finding.rule for finding in diagnosis.findings]


class TestSymptoms:
    def test_symptoms_of_a_run_that_learns_are_not_reported(self):
        symptom = a_rule("symptom", everywhere(), kind="symptom")
        assert concluded(symptom, failing=()).findings == ()
        (finding,) = concluded(symptom, failing=(1, 5)).findings
        assert finding.seeds == (1, 5)
        assert finding.of_seeds == 4

    def test_a_risk_that_was_only_seen_later_counts_as_a_symptom(self):
        late = a_rule("late", everywhere(kind="symptom", since=7))
        assert concluded(late, failing=()).findings == ()
        (finding,) = concluded(late).findings
        assert finding.kind == "symptom"
        assert finding.since_epoch == 7


class TestFinding:
    def test_layers_of_all_seeds_in_the_networks_order_numbers_of_the_one_in_the_middle(self):
        sightings = {3: seen(9.0, 5, ("dense_3",)), 1: seen(2.0, 2, ("dense_1",)), 4: seen(1.0, 8, ("dense_2",))}
        (finding,) = concluded(a_rule("a", sightings)).findings
        assert finding.layers == ("dense_1", "dense_2", "dense_3")
        assert finding.since_epoch == 2
        assert finding.measures[0].value == 2.0
        assert finding.explanation == "a in dense_1, dense_2 and dense_3: 2"
        assert finding.remedies == ("cure_a",)

    def test_a_sightings_own_words_remedies_and_severity_win(self):
        own = {3: seen(severity="critical", explanation="only {x}", remedies=("cure",))}
        (finding,) = concluded(a_rule("a", own)).findings
        assert (finding.severity, finding.explanation, finding.remedies) == ("critical", "only 1", ("cure",))

    def test_all_is_plain_and_fit_for_json(self):
        spec = a_network(seeds=SEEDS)
        runs = [a_run(spec, seed=3, fails=True), of_nothing_but(a_run(spec, seed=1), math.nan)]
        runs += [a_run(ONE_SIDED, seed=4, fails=True, series={"activations.unit_correlation": 1.0})]
        text = json.dumps(dataclasses.asdict(diagnose(spec, runs)), allow_nan=False)
        assert "not_learning" in text


class TestCausalOrder:
    def chain(self, **changes: dict[int, Sighting]) -> tuple[Rule, ...]:
        """a causes b, both cause c, which fails."""
        a, b, c = (changes.get(name, everywhere()) for name in "abc")
        return (a_rule("a", a), a_rule("b", b, causes="a"), a_rule("c", c, kind="failure", causes="ab"))

    def causes(self, diagnosis: Diagnosis) -> dict[str, tuple[str, ...]]:
        return {finding.rule: finding.caused_by for finding in diagnosis.findings}

    def test_the_nearer_cause_is_named_and_the_root_is_the_farthest(self):
        diagnosis = concluded(*self.chain())
        assert self.causes(diagnosis) == {"a": (), "b": ("a",), "c": ("b",)}
        assert diagnosis.root_cause == "a"

    def test_where_a_link_is_missing_the_chain_goes_on_without_it(self):
        diagnosis = concluded(*self.chain(b={}))
        assert self.causes(diagnosis) == {"a": (), "c": ("a",)}

    def test_what_came_later_is_no_cause(self):
        diagnosis = concluded(*self.chain(a=everywhere(since=9), b=everywhere(since=2), c=everywhere(since=5)))
        assert self.causes(diagnosis) == {"a": (), "b": (), "c": ("b",)}
        assert diagnosis.root_cause == "b"

    def test_what_was_seen_in_few_of_the_seeds_is_no_cause(self):
        diagnosis = concluded(*self.chain(a={3: seen()}, b={seed: seen() for seed in SEEDS[:2]}))
        assert self.causes(diagnosis) == {"a": (), "b": ("a",), "c": ("b",)}
        assert self.causes(concluded(*self.chain(b={3: seen()})))["c"] == ("a",)

    def test_what_only_informs_is_no_root_and_hides_none(self):
        a, b, c = a_rule("a", everywhere()), a_rule("b", everywhere(), severity="info", causes="a"), self.chain()[2]
        diagnosis = concluded(a, b, c)
        assert self.causes(diagnosis)["c"] == ("a",)
        assert diagnosis.root_cause == "a"
        assert concluded(b, c).root_cause == "c"

    def test_of_several_roots_the_one_that_explains_most_failing_seeds(self):
        few, many = {seed: seen() for seed in SEEDS[:2]}, everywhere()
        c = a_rule("c", everywhere(), kind="failure", causes="ab")
        rules = (a_rule("a", few, severity="critical"), a_rule("b", many), c)
        assert concluded(*rules).root_cause == "b"
        assert concluded(rules[0], a_rule("b", few), c).root_cause == "a"  # the more severe

    def test_a_failure_that_nothing_explains_is_its_own_root(self):
        assert concluded(a_rule("c", everywhere(), kind="failure")).root_cause == "c"

    def test_what_leads_to_no_failure_is_no_root_of_one(self):
        aside = a_rule("aside", everywhere(), severity="critical")
        assert concluded(aside, a_rule("c", everywhere(), kind="failure")).root_cause == "c"


# Of a typical seed of the tutorial's second network, as the engine measured them.
MEASURED = {
    "activations.unit_correlation": (0.886, 0.989, 0.998, 0.999, 1.0, math.nan),
    "activations.effective_rank": (1.197, 1.017, 1.004, 1.001, 1.0, 1.0),
    "activations.slope": (0.849, 0.596, 0.313, 0.16, 0.093, 0.2),
    "activations.saturated_fraction": (0, 0.012, 0.313, 0.624, 0.72, 0),
    "signals.rms": (1.9, 0.87, 0.4, 0.19, 0.09, 0.54),
}


class TestTheTutorial:
    """Its second network: five tanh layers drawn from U(0, 1)."""

    SPEC = a_network(
        dense(initializer={"kind": "random_uniform", "minval": 0, "maxval": 1}, repeat=5),
        output=dense(1, "sigmoid", {"kind": "random_uniform", "minval": 0, "maxval": 1}),
    )

    def run(self, epochs: int) -> Run:
        series = {name: by_layer(*numbers, rows=epochs + 1) for name, numbers in MEASURED.items()}
        return a_run(self.SPEC, epochs=epochs, fails=True, series=series)

    def test_at_epoch_0_the_root_cause_is_named_as_a_risk(self):
        diagnosis = diagnose(self.SPEC, [self.run(0)])
        assert diagnosis.verdict == "at risk"
        assert diagnosis.root_cause == "nonzero_mean_initialization"
        assert {finding.kind for finding in diagnosis.findings} == {"risk"}
        copies = next(finding for finding in diagnosis.findings if finding.rule == "symmetric_units")
        assert copies.caused_by == ("nonzero_mean_initialization",)

    def test_at_the_end_copies_therefore_saturated_therefore_not_learning(self):
        diagnosis = diagnose(self.SPEC, [self.run(EPOCHS)])
        causes = {finding.rule: finding.caused_by for finding in diagnosis.findings}
        assert diagnosis.verdict == "ill"
        assert diagnosis.root_cause == "nonzero_mean_initialization"
        assert causes["symmetric_units"] == ("nonzero_mean_initialization",)
        assert causes["saturation"] == ("symmetric_units",)
        assert "saturation_range" in causes["not_learning"]
        assert not {"vanishing_signal", "vanishing_gradient", "gradient_floor"} & causes.keys()

    def test_findings_stand_in_causal_order(self):
        diagnosis = diagnose(self.SPEC, [self.run(EPOCHS)])
        order = [finding.rule for finding in diagnosis.findings]
        for finding in diagnosis.findings:
            assert all(order.index(cause) < order.index(finding.rule) for cause in finding.caused_by)


def test_an_experiment_of_which_only_the_metrics_are_known_is_diagnosed_all_the_same():
    spec = a_network()
    assert diagnose(spec, [without_series(a_run(spec))]).verdict == "healthy"
    diagnosis = diagnose(spec, [without_series(a_run(spec, fails=True))])
    assert diagnosis.verdict == "ill"
    assert diagnosis.root_cause == "not_learning"


def test_rules_and_their_causes_are_named_once():
    assert all(len(set(rule.causes)) == len(rule.causes) for rule in RULES)
