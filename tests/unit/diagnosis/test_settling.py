"""Ways to settle a verdict, from why it is undecided."""

from dataclasses import replace
from typing import Any

import pytest

from gradlab.diagnosis import Diagnosis, ExternalRun, Run, diagnose
from gradlab.diagnosis.unknown import WAIT
from gradlab.measurement.history import Layout
from tests.unit.diagnosis.histories import a_network, a_run
from tests.unit.diagnosis.sent import as_sent

LONG = a_network(epochs=400, seeds=(0, 1, 2))


def settled(diagnosis: Diagnosis) -> list[tuple[Any, ...]]:
    return [(each.by, each.seeds, each.epoch) for each in diagnosis.settled_by]


def unknown(run: Run, **changes: Any) -> ExternalRun:
    """The run as it is sent by somebody who says nothing of the data."""
    sent = as_sent(run, **changes)
    return ExternalRun(sent.external, sent.seed, sent.history, sent.stopped_by)


def test_nothing_is_open_where_all_seeds_are_decided():
    spec = a_network(seeds=(0, 1))
    for fails in (True, False):
        diagnosis = diagnose(spec, [a_run(spec, seed=seed, fails=fails) for seed in (0, 1)])
        assert (diagnosis.verdict, settled(diagnosis)) == ("ill" if fails else "healthy", [])


def test_seeds_that_have_only_begun_need_more_epochs_and_those_without_any_have_to_be_trained():
    diagnosis = diagnose(LONG, [a_run(LONG, seed=seed, epochs=10) for seed in (0, 1)])
    assert diagnosis.verdict == "undecided"
    assert settled(diagnosis) == [("epochs", (0, 1), 40), ("epochs", (2,), None)]
    assert diagnosis.settled_by[0].what == ("Train on to epoch 40: the outcome of seeds 0, 1 is decided from there on.")
    assert "seed 2: nothing is recorded" in diagnosis.settled_by[1].what


def test_at_the_epoch_that_is_named_the_outcome_is_decided():
    epoch = diagnose(LONG, [a_run(LONG, epochs=10)]).settled_by[0].epoch
    assert epoch is not None
    before, then = (diagnose(LONG, [a_run(LONG, epochs=last, fails=True)]) for last in (epoch - 1, epoch))
    assert (before.verdict, then.verdict) == ("undecided", "ill")


def test_a_seed_that_has_learnt_too_little_so_far_is_trained_to_the_end():
    little = {"accuracy": 0.72, "val_accuracy": 0.72, "loss": 0.57, "val_loss": 0.57}  # of 0.6875 and 0.621
    diagnosis = diagnose(LONG, [a_run(LONG, seed=seed, epochs=60, metrics=little) for seed in LONG.seeds])
    assert diagnosis.verdict == "undecided"
    assert settled(diagnosis) == [("epochs", (0, 1, 2), 400)]


def test_where_the_loss_is_not_measured_it_has_to_be():
    spec = a_network()
    run = a_run(spec, metrics={"loss": 0.1})
    kept = replace(run.history, layout=Layout(("learning_rate",), ()), metrics=run.history.metrics[:, :1], series={})
    diagnosis = diagnose(spec, [replace(run, history=kept)])
    assert (diagnosis.verdict, settled(diagnosis)) == ("undecided", [("series", (0,), None)])


def test_elsewhere_it_is_the_facts_and_the_gradients_that_would_settle_it():
    run = unknown(a_run())
    diagnosis = diagnose(run.external, [run])
    assert (diagnosis.verdict, settled(diagnosis)) == ("undecided", [("facts", (0,), None)])
    assert "`data=(x, y)` of a Watch" in diagnosis.settled_by[0].what
    bare = unknown(a_run(), record={"gradients": 0})
    assert settled(diagnose(bare.external, [bare])) == [("facts", (0,), None), ("series", (0,), None)]


def test_a_record_of_steps_is_named_by_its_step():
    run = as_sent(a_run(LONG, epochs=10), axis="step", every_steps=50)
    assert "to step 2000:" in diagnose(run.external, [run]).settled_by[0].what


def test_facts_that_a_worker_is_going_to_work_out_are_waited_for():
    run = replace(a_run(), facts=None)
    diagnosis = diagnose(run.spec, [run])
    assert WAIT.startswith("nothing: a worker")
    assert (diagnosis.verdict, settled(diagnosis)) == ("undecided", [("facts", (0,), None)])
    assert diagnosis.settled_by[0].what.startswith("Ask again in some seconds")


@pytest.mark.parametrize(("failing", "means"), [((0,), ["seeds"]), ((0, 1), [])])
def test_seeds_that_fail_but_are_few_may_be_bad_luck(failing, means):
    spec = a_network(seeds=(0, 1, 2))
    diagnosis = diagnose(spec, [a_run(spec, seed=seed, fails=seed in failing) for seed in spec.seeds])
    assert diagnosis.verdict == ("at risk" if means else "ill")
    assert [each.by for each in diagnosis.settled_by] == means
