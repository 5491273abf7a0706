"""Groups of seeds that train at a time, each in a thread of its own.

A group's program leaves Python alone for most of its time, so that two threads use two cores.
"""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from contextvars import copy_context
from dataclasses import dataclass, replace

from core.training.checkpoint import join
from gradlab.measurement.history import Checkpoint, Chunk


@dataclass(eq=False)
class Group:
    """A group of seeds that trains.

    Attributes:
        seeds: the seeds.
        chunks: yields its chunks.
        checkpoint: that after its last chunk, or after which it goes on; None from the beginning.
    """

    seeds: tuple[int, ...]
    chunks: Generator[Chunk]
    checkpoint: Checkpoint | None


def together(groups: Sequence[Group]) -> Iterator[Chunk]:
    """Train several groups at a time, and yield the chunks of each as they come, with checkpoints of all groups.

    The first group trains alone until its first trained epochs. So these come as early as if it were the only one, and
    the others find what it has traced and compiled. While the receiver works on a chunk, its group stands still, and
    the others finish theirs at most.
    """
    if len(groups) == 1:
        yield from groups[0].chunks
        return
    seeds = tuple(seed for group in groups for seed in group.seeds)
    with ExitStack() as closed:
        for group in groups:
            closed.enter_context(closing(group.chunks))
        threads = closed.enter_context(ThreadPoolExecutor(len(groups)))  # ends first: nothing closes what runs
        first, *waiting = groups
        under_way: dict[Future[Chunk | None], Group] = {threads.submit(copy_context().run, _next, first): first}
        while under_way:
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                group, chunk = under_way.pop(done), done.result()
                if chunk:
                    group.checkpoint = chunk.checkpoint()  # now: others yield while this one trains on
                    yield replace(chunk, group=seeds, checkpoint=lambda: _checkpoint(groups))
                ready = [group] if chunk else []
                if not chunk or any(run.history.last_epoch for run in chunk.runs):
                    ready, waiting = ready + waiting, []
                under_way |= {threads.submit(copy_context().run, _next, each): each for each in ready}


def _next(group: Group) -> Chunk | None:
    return next(group.chunks, None)


def _checkpoint(groups: Sequence[Group]) -> Checkpoint:
    return join([group.checkpoint for group in groups if group.checkpoint])
