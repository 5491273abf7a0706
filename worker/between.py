"""Work between two chunks of a training, for a small share of its time."""

from collections.abc import Callable, Iterator

from gradlab.measurement.history import Chunk


def between_chunks(
    chunks: Iterator[Chunk],
    work: Callable[[], object],
    clock: Callable[[], float],
    *,
    share: float,
    first: float = 0.0,
    pause: float = 0.0,
) -> Iterator[Chunk]:
    """Yield the chunks, and work behind those whose runs go on. What was yielded is stored by then.

    Args:
        chunks: of a training.
        work: is done once it is due.
        clock: returns seconds.
        share: of the training's time that goes into the work, at most.
        first: seconds before the work is due for the first time.
        pause: seconds between two times, at least.
    """
    due = clock() + first
    for chunk in chunks:
        yield chunk
        if not chunk.ended and (begun := clock()) >= due:
            work()
            ended = clock()
            due = ended + max(pause, (ended - begun) / share)
