"""The groups of seeds whose training goes on after a checkpoint; others begin anew."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.plan.widths import width_for
from core.training.checkpoint import UnreadableError, split, unpack, width_of
from core.training.program_cache import lend
from gradlab.errors import MAX_REASON
from gradlab.measurement.history import Checkpoint
from gradlab.spec import ExperimentSpec

log = structlog.get_logger()


def resumable(spec: ExperimentSpec, resume: Checkpoint | None, *, alone: bool) -> tuple[int, dict[int, Checkpoint]]:
    """Return how many seeds a training has side by side, and by first seed the checkpoints of groups that go on.

    A checkpoint that cannot be read is logged: its group begins anew.

    Args:
        spec: the experiment.
        resume: the checkpoint of all groups; None from the beginning.
        alone: True if seeds train one after another.
    """
    width, checkpoints = 1 if alone else width_for(spec), dict[int, Checkpoint]()
    if resume is None:
        return width, checkpoints
    with _logged_if_unreadable(resume):
        for group in split(resume):
            with _logged_if_unreadable(group):
                state = unpack(group.state)
                # A training goes on as wide as it began: earlier versions trained up to 32 seeds side by side.
                began = width if checkpoints or alone else width_of(state, spec.parameter_count)
                with lend(spec, began) as program:
                    program.check(state)
                width, checkpoints[group.seed] = began, group
    return width, checkpoints


@contextmanager
def _logged_if_unreadable(checkpoint: Checkpoint) -> Iterator[None]:
    """Log an UnreadableError of the block instead of raising it: the training begins anew then."""
    try:
        yield
    except UnreadableError as error:
        text = str(error)[:MAX_REASON]
        log.error("checkpoint_unreadable", seed=checkpoint.seed, epoch=checkpoint.epoch, reason=text)
