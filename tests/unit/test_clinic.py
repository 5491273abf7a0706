"""The clinic's construction: what is made, how it is split, and how an answer is judged."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from bench.clinic import BY_NAME, ILLNESSES, cases
from bench.clinic.case import Case
from bench.clinic.check import report
from bench.clinic.construction import RUNS, cases_of, left_out, program, side
from bench.clinic.criterion import Measured, holds, sick
from bench.clinic.faulty_samples import FAULTS, answers
from bench.clinic.faulty_samples import report as report_of_faults
from bench.clinic.healthy_network import dense
from bench.clinic.networks import NETWORKS
from bench.clinic.report import ROOTS
from bench.clinic.unseen import UNSEEN
from gradlab.diagnosis.rules import RULES
from gradlab.frozen import kind_of
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.datasets.registry import DATASETS

# What only passes on, or differs from another one by the number of axes alone.
# Layers of which rules speak by name, or that trainings of people often have.
FAMILIES = {
    "dense", "activation", "dropout", "gaussian_noise", "batch_normalization", "layer_normalization", "conv1d",
    "conv2d", "max_pooling1d", "average_pooling1d", "max_pooling2d", "average_pooling2d", "global_max_pooling1d",
    "global_average_pooling2d", "flatten", "reshape", "simple_rnn", "gru", "lstm", "bidirectional", "embedding",
    "multi_head_attention", "residual",
}  # fmt: skip
MIN_CASES, MIN_UNSEEN = 8, 4


@pytest.mark.slow
def test_every_case_has_a_name_and_a_spec_of_its_own():
    assert len(cases()) >= 300
    assert len({case.name for case in cases()}) == len(cases())
    assert len({case.spec.model_copy(update={"name": "one"}).fingerprint() for case in cases()}) == len(cases())


def test_every_case_trains_five_seeds():
    assert {len(case.spec.seeds) for case in cases()} == {RUNS}


def test_every_family_of_layers_occurs():
    assert {layer.spec.kind for case in cases() for layer in case.spec.layers} >= FAMILIES


def test_healthy_networks_have_many_activations():
    layers = [layer.spec for case in cases() if not case.illness for layer in case.spec.layers]
    used = {layer.function.kind for layer in layers if layer.function}
    assert len(used & {kind_of(each) for each in ACTIVATIONS}) >= 10


@pytest.mark.parametrize("half", ["tune", "final"])
def test_every_illness_is_in_both_halves(half):
    counts = Counter(case.illness for case in cases() if case.part == half)
    assert {illness.name: counts[illness.name] for illness in ILLNESSES if counts[illness.name] < MIN_CASES} == {}
    assert counts[None] >= 50


@pytest.mark.parametrize(
    ("family", "half"),
    [
        ("circles 7, wide relu", "final"),
        ("moons 7, wide relu", "tune"),
        ("hastie_10_2, relu on ten", "final"),
        ("breast_cancer, relu", "tune"),
        ("swiss_roll, gelu", "final"),
        ("s_curve, gelu", "tune"),
        ("digits, conv1d", "final"),
        ("digits 1, conv1d", "tune"),
        ("copy_memory, gru after an embedding", "tune"),
        ("sine, lstm", "final"),
    ],
)
def test_the_half_of_a_family_is_the_one_it_always_had(family, half):
    assert side(family) == half
    assert {case.part for case in cases() if case.twin == f"{family}: healthy"} == {half}


@pytest.mark.slow
def test_another_dataset_or_network_moves_no_other_case():
    first = {case.name: case for case in cases_of(NETWORKS)}
    (place, network), *_ = enumerate(NETWORKS)
    more_data = replace(network, datasets=({**network.datasets[0], "seed": 77}, *network.datasets))
    another = replace(network, name="another network", layers=(dense(5, "tanh", "glorot_uniform"),))
    networks = (another, *NETWORKS[:place], more_data, *NETWORKS[place + 1 :])
    made = {case.name: case for case in cases_of(networks)}
    assert len(made) > len(first) + 7
    assert {name: made[name] for name in first} == first


def test_datasets_in_no_case_are_named(monkeypatch):
    used = {case.spec.dataset.kind for case in cases()}
    assert left_out() == sorted({kind_of(dataset) for dataset in DATASETS} - used)
    without = [case for case in cases() if case.spec.dataset.kind != "moons"]
    monkeypatch.setattr("bench.clinic.construction.cases", lambda: without)
    assert left_out() == sorted({kind_of(dataset) for dataset in DATASETS} - used | {"moons"})


@pytest.mark.slow
def test_another_draw_has_the_same_families_and_no_sample_seed_or_spec_in_common():
    first, other = cases(), cases(1)
    assert {(case.name, case.part) for case in other} == {(case.name, case.part) for case in first}
    assert not {case.spec.dataset.seed for case in other} & {case.spec.dataset.seed for case in first}
    assert not {seed for case in other for seed in case.spec.seeds} & {
        seed for case in first for seed in case.spec.seeds
    }
    assert {case.spec.fingerprint() for case in other}.isdisjoint(case.spec.fingerprint() for case in first)


def test_a_family_stays_together_and_its_twin_is_healthy():
    by_name = {case.name: case for case in cases()}
    for case in cases():
        twin = by_name[case.twin]
        assert twin.illness is None
        assert twin.part == case.part
        assert (case.illness is None) == (not case.roots)


def test_what_is_done_to_a_twin_changes_it():
    by_name = {case.name: case for case in cases()}
    for case in cases():
        if case.name != case.twin:
            twin = by_name[case.twin].spec
            same = case.spec.model_copy(update={"name": twin.name})
            assert same != twin, case.name


def test_cases_that_share_a_program_stand_side_by_side():
    programs = [program(case) for case in cases()]
    changes = sum(before != after for before, after in pairwise(programs))
    assert changes == len(set(programs)) - 1


def test_answers_name_rules_that_exist_and_no_rule_has_two_columns():
    known = {rule.name for rule in RULES}
    for named in (*(illness.detected_by for illness in ILLNESSES), *(case.roots for case in cases())):
        assert set(named) <= known
    columns = Counter(rule for rules in ROOTS.values() for rule in rules)
    assert set(columns) <= known
    assert set(columns.values()) == {1}
    assert {case.illness for case in cases()} == {None, *BY_NAME}


def measured(*scores: float, reference: float = 1.0, swing: float = 0.0, worsened: int = 0) -> Measured:
    return Measured(scores, reference, swing, tuple(place < worsened for place in range(len(scores))))


def a_case(illness: str | None) -> Case:
    return next(case for case in cases() if case.illness == illness)


def test_a_healthy_case_must_learn_in_four_of_five_seeds():
    twin = measured(1, 1, 1, 1, 1)
    assert holds(a_case(None), measured(0.9, 0.8, 0.9, 0.8, 0.1), twin)
    assert not holds(a_case(None), measured(0.9, 0.8, 0.9, 0.2, 0.1), twin)
    assert not holds(a_case(None), measured(0.6, 0.6, 0.6, 0.6, 0.6), twin)


def test_an_ill_case_must_lose_half_of_what_its_twin_knows_in_three_of_five_seeds():
    twin = measured(0.8, 0.8, 0.8, 0.8, 0.8)
    ill = a_case("vanishing")
    assert holds(ill, measured(0.3, 0.3, 0.3, 0.8, 0.8), twin)
    assert not holds(ill, measured(0.3, 0.3, 0.8, 0.8, 0.8), twin)
    assert sick(measured(float("-inf"), 0.8, 0.8, 0.8, 0.8), twin) == 1 / 5


def test_what_was_made_of_a_twin_that_does_not_learn_says_nothing():
    assert not holds(a_case("vanishing"), measured(0, 0, 0, 0, 0), measured(0.8, 0.8, 0.8, 0.2, 0.2))


def test_overfitting_is_seen_by_the_test_loss_and_oscillation_by_the_test_score():
    twin = measured(0.8, 0.8, 0.8, 0.8, 0.8)
    assert holds(a_case("overfit"), measured(0.7, 0.7, 0.7, 0.7, 0.7, worsened=3), twin)
    assert not holds(a_case("overfit"), measured(0.7, 0.7, 0.7, 0.7, 0.7, worsened=2), twin)
    assert holds(a_case("oscillating"), measured(0.7, 0.7, 0.7, 0.7, 0.7, swing=0.3), twin)
    assert not holds(a_case("oscillating"), measured(0.7, 0.7, 0.7, 0.7, 0.7, swing=0.2), twin)
    swinging = measured(0.8, 0.8, 0.8, 0.8, 0.8, swing=0.3)
    assert not holds(a_case("oscillating"), measured(0.7, 0.7, 0.7, 0.7, 0.7, swing=0.4), swinging)


def test_the_third_set_has_no_network_and_no_dataset_of_the_halves():
    halves = [case for case in cases() if case.part != "unseen"]
    unseen = [case for case in cases() if case.part == "unseen"]
    assert len(UNSEEN) >= 10
    assert {network.name for network in UNSEEN}.isdisjoint(network.name for network in NETWORKS)
    assert {repr(network.layers) for network in UNSEEN}.isdisjoint(repr(network.layers) for network in NETWORKS)
    assert len({case.spec.dataset.kind for case in unseen}) >= 5
    assert {case.spec.dataset.kind for case in unseen}.isdisjoint(case.spec.dataset.kind for case in halves)
    networks = {case.spec.model.model_dump_json() for case in unseen if case.illness is None}
    assert networks.isdisjoint(case.spec.model.model_dump_json() for case in halves)


def test_every_illness_is_in_the_third_set():
    counts = Counter(case.illness for case in cases() if case.part == "unseen")
    assert {illness.name for illness in ILLNESSES if counts[illness.name] < MIN_UNSEEN} == set()
    assert counts[None] >= 20


def test_what_does_not_count_is_named_and_only_healthy_cases_fail(capsys):
    family = [case for case in cases() if case.twin == "checkerboard, mish on squares: healthy"]
    learns = {case.name: measured(0.9, 0.9, 0.9, 0.9, 0.9) for case in family}
    assert report(family, learns) == []
    printed = capsys.readouterr().out
    assert "checkerboard, mish on squares: slow, rate too low: does not count; scores 0.90 0.90" in printed
    assert "healthy: 2 count, 0 do not" in printed
    nothing = {case.name: measured(0, 0, 0, 0, 0) for case in family}
    assert report(family, nothing) == [case.name for case in family if case.illness is None]


@pytest.mark.slow
def test_faults_of_samples_are_named_and_samples_as_they_are_raise_no_alarm():
    kinds, chosen = ("circles", "xor", "friedman"), {}
    for case in cases():
        if case.illness is None and case.part != "unseen" and case.spec.dataset.kind in kinds:
            chosen.setdefault(case.spec.dataset.kind, case)
    answered = list(answers(list(chosen.values())))
    assert {each.fault for each in answered} == {None, *FAULTS}
    for each in answered:
        if each.fault is None:
            assert not {"warning", "critical"} & {*each.named.values()}
        else:
            assert FAULTS[each.fault][1] in each.named, each
    assert any("false alarms: 0 of" in line for line in report_of_faults(answered))
