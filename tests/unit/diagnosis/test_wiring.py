"""Rules on the wiring of a training elsewhere: sick and healthy wiring, and nothing where nothing was sent."""

import math

import numpy as np
import pytest

from gradlab.diagnosis import diagnose
from gradlab.diagnosis.groups import WIRING
from gradlab.diagnosis.rules.ordered_batches import share_by_chance
from gradlab.diagnosis.unknown import Unknown
from tests.unit.diagnosis.histories import a_run
from tests.unit.diagnosis.wiring_cases import (
    BY_NAME,
    DETACHED,
    DROPOUT,
    FINE,
    HEALTHY,
    NORM,
    OK,
    SICK,
    a_spec,
    every,
    sighted,
    tensors,
    wired,
)


@pytest.mark.parametrize(("rule", "layers", "changes"), SICK.values(), ids=SICK)
def test_a_sick_wiring_is_sighted_and_explained(rule, layers, changes):
    sighting = sighted(rule, *layers, **changes)
    assert sighting is not None
    run = wired(a_spec(), None)
    assert run.history.last_epoch >= sighting.since_epoch >= 0
    assert all(each.value is None or math.isfinite(each.value) for each in sighting.measures)
    text = sighting.explanation or BY_NAME[rule].explanation
    assert not {"LOSS", "SHAPE", "TARGET"} & {*text.replace(",", "").split()}
    assert len(text) > 150


@pytest.mark.parametrize(("rule", "layers", "changes"), FINE.values(), ids=FINE)
def test_a_healthy_wiring_is_not(rule, layers, changes):
    assert sighted(rule, *layers, **changes) is None


@pytest.mark.parametrize("layers", [(), (DROPOUT,), (NORM,), (DROPOUT, NORM)], ids=len)
def test_no_rule_has_a_finding_in_an_empty_wiring_or_in_the_healthy_one(layers):
    spec = a_spec(*layers)
    for sent in ({}, HEALTHY):
        assert diagnose(spec, [wired(spec, sent)]).findings == ()


def test_without_wiring_its_rules_are_unjudged_and_say_what_to_pass():
    diagnosis = diagnose(a_spec(DROPOUT), [wired(a_spec(DROPOUT), None)])
    advice = {each.rule: each.advice for each in diagnosis.unjudged}
    assert {*WIRING} <= {*advice}
    assert all("Watch" in advice[rule] for rule in WIRING)
    for rule in WIRING:
        with pytest.raises(Unknown, match="how its training is wired is not known"):
            BY_NAME[rule](wired(a_spec(), None))


def test_of_the_healthy_wiring_none_of_them_is_unjudged():
    diagnosis = diagnose(a_spec(DROPOUT), [wired(a_spec(DROPOUT), HEALTHY)])
    assert not {*WIRING} & {each.rule for each in diagnosis.unjudged}


def test_the_services_own_trainings_are_wired_by_the_service():
    run = a_run()
    assert [rule for rule in WIRING if BY_NAME[rule](run) is not None] == []
    assert not {*WIRING} & {each.rule for each in diagnose(run.spec, [run]).unjudged}


@pytest.mark.parametrize(
    ("wiring", "rate", "root"),
    [
        ({"tensors": every(changed=False)}, 0.0, "unchanged_weights"),
        ({"tensors": every(in_optimizer=False, changed=False)}, 0.1, "unchanged_weights"),
        ({"tensors": every(missing=40)}, 0.1, "no_gradient"),
        ({"loss_scale": {"steps": 40, "skipped": 40}, "tensors": every(changed=False)}, 0.1, "skipped_updates"),
    ],
)
def test_where_nothing_can_be_learnt_the_training_is_ill_after_its_first_record(wiring, rate, root):
    spec = a_spec()
    diagnosis = diagnose(spec, [wired(spec, {**HEALTHY, **wiring}, rate, epochs=1)])
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", root)


def test_frozen_layers_are_information_until_the_training_fails():
    spec = a_spec()
    wiring = {**HEALTHY, "tensors": tensors(dense_1={"frozen": True})}
    found = diagnose(spec, [wired(spec, wiring, loss=[1.0, 0.9, *[0.1] * 6])]).findings
    assert [(each.rule, each.severity) for each in found] == [("no_gradient", "info")]
    stuck = {each.rule: each for each in diagnose(spec, [wired(spec, wiring, loss=math.nan)]).findings}
    assert stuck["no_gradient"].severity == "warning"


def test_the_layers_of_paths_are_found_where_parameters_are_paths_themselves():
    layer = {"name": "base", "class_name": "Functional", "parameters": [{"name": "block/kernel", "shape": [3, 3]}]}
    sighting = sighted("no_gradient", layer, tensors={**HEALTHY["tensors"], "base/block/kernel": {**OK, **DETACHED}})
    assert sighting is not None
    assert sighting.layers == ("base",)


@pytest.mark.parametrize(("share", "batch"), [(0.5, 32), (0.1, 32), (0.1, 256), (0.9, 256), (0.5, 16)])
def test_batches_drawn_at_random_seldom_have_more_of_a_class_than_the_bound(share: float, batch: int):
    classes = round(1 / share) if share < 0.9 else 2
    shares = np.array([share, *[(1 - share) / (classes - 1)] * (classes - 1)])
    counts = np.random.default_rng(0).multinomial(batch, shares / shares.sum(), size=20_000)
    bound = share_by_chance(share, batch)
    assert share < bound <= 1
    assert (counts.max(axis=1) / batch > bound).mean() <= 1e-3


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_small_batches_of_one_class_are_no_order(batch: int):
    assert share_by_chance(0.5, batch) == 1
