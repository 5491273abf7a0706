"""Groups that train at a time: whose chunks come when, and how they end."""

import threading

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from core.training.checkpoint import split
from core.training.together import Group, together
from gradlab.measurement.history import Checkpoint
from tests.builders import a_group, a_run, a_spec

SPEC = a_spec(epochs=3, seeds=(0, 1, 2, 3))


class Trained:
    """The chunks of one group, an epoch each, which may wait for something or fail."""

    def __init__(self, seeds, *, before=lambda epoch: None) -> None:
        self.seeds, self.before, self.closed = seeds, before, False

    def __iter__(self):
        try:
            for epoch in range(4):
                self.before(epoch)
                yield a_group(self.seeds, *(a_run(SPEC, seed=each, first_epoch=epoch, epochs=1) for each in self.seeds))
        finally:
            self.closed = True

    def group(self, checkpoint=None):
        return Group(self.seeds, iter(self), checkpoint)


def places(chunks):
    return [(chunk.runs[0].seed, chunk.runs[0].history.last_epoch) for chunk in chunks]


def test_the_first_trained_epochs_come_first_and_the_others_when_they_are_ready():
    is_far = threading.Event()

    def wait(epoch):
        assert epoch < 2 or is_far.wait(30)

    slow, fast = Trained((0, 1), before=wait), Trained((2, 3))
    chunks = []
    for chunk in together([slow.group(), fast.group()]):
        chunks.append(chunk)
        if places([chunk]) == [(2, 3)]:
            is_far.set()
    assert places(chunks) == [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2), (2, 3), (0, 2), (0, 3)]
    assert {chunk.group for chunk in chunks} == {(0, 1, 2, 3)}


def test_a_checkpoint_holds_all_that_has_been_yielded_of_each():
    trainings = [Trained((0, 1)).group(), Trained((2, 3)).group(Checkpoint(2, 7, b"earlier"))]
    done = {0: 0, 2: 7}
    for chunk in together(trainings):
        ((seed, epoch),) = places([chunk])
        done[seed] = epoch
        checkpoint = chunk.checkpoint()
        assert (checkpoint.seed, checkpoint.epoch) == (0, sum(done.values()))
        assert {each.seed: each.epoch for each in split(checkpoint)} == done
    assert split(chunk.checkpoint())[1].state != b"earlier"


def test_what_fails_in_one_group_ends_all():
    def fail(epoch):
        if epoch == 2:
            raise MemoryError("epoch 2")

    failing, other = Trained((2, 3), before=fail), Trained((0, 1))
    with pytest.raises(MemoryError, match="epoch 2"):
        list(together([other.group(), failing.group()]))
    assert other.closed
    assert failing.closed


def test_what_a_group_logs_names_the_experiment():
    seen = []
    groups = [Trained(seeds, before=lambda _: seen.append(get_contextvars())).group() for seeds in ((0, 1), (2, 3))]
    with bound_contextvars(experiment_id="this"):
        list(together(groups))
    assert seen == [{"experiment_id": "this"}] * 8


def test_closing_it_closes_all_groups():
    both = Trained((0, 1)), Trained((2, 3))
    chunks = together([each.group() for each in both])
    for _ in range(4):
        next(chunks)
    chunks.close()
    assert all(each.closed for each in both)
