"""train: from a spec to the measurements of its runs, chunk by chunk."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import keras

from core.history import Checkpoint, Chunk, History
from core.spec import ExperimentSpec
from core.training.callback import GradientStatistics
from core.training.checkpoint import pack, unpack
from core.training.model import sample_order
from core.training.program import Data, Program

# A compiled program takes some tens of megabytes; a study rarely alternates between more architectures than this.
PROGRAMS_KEPT = 8
# A chunk may be so many times as long as the one before it: the first ones are short, to learn how long an epoch takes.
GROWTH = 8

_programs: OrderedDict[str, Program] = OrderedDict()


def train(
    spec: ExperimentSpec,
    resume: Checkpoint | None = None,
    *,
    chunk_seconds: float = 0.5,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Iterator[Chunk]:
    """Train the runs of an experiment, one seed after another, in the order of `spec.seeds`.

    The same spec gives the same bits on the same machine, whatever the chunk lengths, interrupted or not.

    Args:
        spec: what to train.
        resume: go on after this checkpoint instead of from the beginning.
        chunk_seconds: how long a chunk should take. The first of a run is one epoch, so that something shows early.
        callbacks: standard Keras callbacks. Each sees every run from `on_train_begin` to `on_train_end`, and every
            epoch, but at the end of its chunk: the weights are then the chunk's last, and `model.stop_training` ends
            the run after the chunk at hand.

    Yields:
        The chunks, without gaps. A run that leaves the finite numbers ends after the epoch in which it did.
    """
    data = Data(spec)
    with _program_for(spec) as program:
        for seed in spec.seeds[spec.seeds.index(resume.seed) if resume else 0 :]:
            if resume and seed == resume.seed:
                state, ended = unpack(resume.state)
                if ended:
                    continue
                program.restore(state)
                epoch = resume.epoch
            else:
                program.begin(spec, seed)
                epoch = 0
            yield from _train_run(spec, seed, epoch, program, data, chunk_seconds, callbacks)


def _train_run(
    spec: ExperimentSpec,
    seed: int,
    epoch: int,
    program: Program,
    data: Data,
    chunk_seconds: float,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Iterator[Chunk]:
    listeners = keras.callbacks.CallbackList(list(callbacks), model=program.network, epochs=spec.training.epochs)
    program.network.stop_training = False
    listeners.on_train_begin()
    ended, length = False, 1
    while not ended:
        count = min(length, program.capacity, spec.training.epochs - epoch)
        orders = [sample_order(seed, epoch + 1 + e, spec.dataset.train_count) for e in range(count)]
        begun = time.perf_counter()
        metrics, gradients, finite = program.run(data, orders)
        seconds = time.perf_counter() - begun
        history = History(layout=spec.layout, first_epoch=epoch + 1, metrics=metrics, gradients=gradients)
        epoch = history.last_epoch
        _tell(callbacks, listeners, history)
        ended = not finite or epoch == spec.training.epochs or program.network.stop_training
        yield Chunk(
            seed=seed,
            history=history,
            run_ended=ended,
            stopped_by=None if finite else "nonfinite",
            compiled=program.compiled,
            checkpoint=partial(_checkpoint, program, seed, epoch, ended),
        )
        length = next_length(count, seconds, chunk_seconds)
    listeners.on_train_end()


def next_length(count: int, seconds: float, chunk_seconds: float) -> int:
    """How many epochs the next chunk should have, after `count` epochs took `seconds`."""
    return max(1, min(count * GROWTH, int(count * chunk_seconds / seconds)))


def _checkpoint(program: Program, seed: int, epoch: int, ended: bool) -> Checkpoint:
    return Checkpoint(seed=seed, epoch=epoch, state=pack(program.state(), run_ended=ended))


def _tell(
    callbacks: Sequence[keras.callbacks.Callback], listeners: keras.callbacks.CallbackList, chunk: History
) -> None:
    for record in chunk if callbacks else ():
        listeners.on_epoch_begin(record.epoch - 1)
        for callback in callbacks:
            if isinstance(callback, GradientStatistics):
                callback.record(record.epoch, record.gradients)
        listeners.on_epoch_end(record.epoch - 1, record.metrics)


@contextmanager
def _program_for(spec: ExperimentSpec) -> Iterator[Program]:
    """The compiled program for a spec's architecture, kept for the next one who needs it.

    While it is lent it is not on the shelf: two trainings side by side never share variables.
    """
    key = architecture(spec)
    program = _programs.pop(key, None) or Program(spec)
    try:
        yield program
    finally:
        _programs[key] = program
        while len(_programs) > PROGRAMS_KEPT:
            _programs.popitem(last=False)


def architecture(spec: ExperimentSpec) -> str:
    """What a compiled program depends on: equal texts, equal programs.

    Not among it: seeds, initial weights, samples, epochs and the learning rate, which are all data to the program.
    """
    layers = [
        layer.spec.model_dump_json(exclude={"kernel_initializer", "bias_initializer", "repeat"})
        for layer in spec.layers
    ]
    optimizer = spec.training.optimizer.model_dump_json(exclude={"learning_rate"})
    dataset = spec.dataset
    sizes = (dataset.train_count, dataset.sample_count, dataset.feature_count, dataset.class_count)
    return repr((layers, optimizer, spec.training.loss, spec.training.batch_size, sizes))
