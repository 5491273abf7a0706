"""A meter passes chunks on as they are, and measures what lies between them."""

import time
from dataclasses import replace

import pytest

from core.training.meter import Meter
from tests.builders import a_spec, a_training

SPEC = a_spec(epochs=6, seeds=range(9))


@pytest.mark.parametrize(
    ("at_a_time", "passed", "rest"),  # groups one after another, and with their chunks joined
    [(8, 6, 0.02 + 4 * 0.005), (9, 3, 2 * 0.005)],
)
def test_groups_epochs_and_seconds_are_counted(at_a_time, passed, rest):
    def slow(seed: int, epoch: int) -> None:
        time.sleep(0.02 if epoch == 0 else 0.005)

    meter = Meter(SPEC)
    chunks = list(meter.through(a_training(length=3, side_by_side=at_a_time, before=slow)(SPEC)))
    measured = meter.measured
    assert measured is not None
    assert (measured.groups, measured.epochs, meter.left_finite) == (2, 12, False)
    assert len(chunks) == passed
    assert measured.start_seconds >= 0.02
    assert measured.rest_seconds >= rest


def test_what_the_receiver_does_is_not_counted():
    meter = Meter(spec := a_spec(epochs=6))
    for _ in meter.through(a_training(length=6)(spec)):
        time.sleep(0.1)
    assert meter.measured is not None
    assert meter.measured.start_seconds + meter.measured.rest_seconds < 0.1


def test_the_wait_for_the_compiled_program_counts_as_start():
    def compiled_late():
        begun, first, *others = a_training(length=2)(SPEC)
        yield begun
        time.sleep(0.05)
        yield from (replace(first, compiling_seconds=0.05), *others)

    meter = Meter(SPEC)
    list(meter.through(compiled_late()))
    assert meter.measured is not None
    assert meter.measured.rest_seconds < 0.05 <= meter.measured.start_seconds


def test_a_wait_that_other_chunks_passed_by_counts_once():
    def compiled_meanwhile():
        begun, first, *others = a_training(length=2)(SPEC)
        yield begun
        yield from (first, replace(others[0], compiling_seconds=60.0), *others[1:])

    meter = Meter(SPEC)
    list(meter.through(compiled_meanwhile()))
    assert meter.measured is not None
    assert meter.measured.rest_seconds >= 0
    assert meter.measured.start_seconds < 60


@pytest.mark.parametrize(
    ("side_by_side", "stops", "passed"),
    [(1, {}, 9), (9, {1: 2}, 2), (9, {}, 4)],  # earlier seeds have ended; a run was lost; nothing is left
)
def test_a_training_that_goes_on_is_passed_on_to_its_end(side_by_side, stops, passed):
    train = a_training(side_by_side=side_by_side, stops=stops)
    *_, last = chunks = list(train(SPEC))
    checkpoint = chunks[passed - 1].checkpoint()
    meter = Meter(SPEC)
    rest = list(meter.through(train(SPEC, checkpoint)))
    assert len(rest) == len(chunks) - passed
    assert rest == [] or rest[-1].runs[-1].seed == last.runs[-1].seed


def test_a_run_that_left_the_finite_numbers_is_told():
    meter = Meter(SPEC)
    list(meter.through(a_training(stops={1: 2})(SPEC)))
    assert meter.left_finite


def test_closing_it_closes_the_training():
    closed = []

    def training():
        try:
            yield from a_training()(SPEC)
        finally:
            closed.append(True)

    meter = Meter(SPEC)
    chunks = meter.through(training())
    next(chunks)
    chunks.close()
    assert closed == [True]
    assert meter.measured is None
