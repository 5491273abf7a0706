"""Training of an experiment's runs, which yields their measurements chunk by chunk."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import structlog

from core.plan.widths import rounds_of
from core.training.architecture import architecture
from core.training.beside import Beside
from core.training.checkpoint import checkpoint_of, unpack
from core.training.data import Data
from core.training.inspector import inspect
from core.training.pretraining import starting_values
from core.training.program import Program
from core.training.program_cache import lend
from core.training.resumable import resumable
from core.training.sample_order import sample_order
from core.training.together import Group, together
from core.training.trained_epochs import Block, Earlier, TrainedEpochs, are_measured, concatenated, trained_count
from gradlab.keras.gradient_statistics import GradientStatistics
from gradlab.measurement.history import Architecture, Checkpoint, Chunk, Culprit, History, RunChunk, Snapshot, StoppedBy
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

log = structlog.get_logger()

# A chunk has at most so many times the epochs of the one before. The first are short, to measure an epoch's time.
GROWTH = 8


def train(
    spec: ExperimentSpec,
    resume: Checkpoint | None = None,
    *,
    samples: Dataset | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    chunk_seconds: float = 0.5,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Iterator[Chunk]:
    """Train the runs of an experiment, in groups of seeds side by side, one or two groups at a time.

    The same spec gives the same bits on the same machine, whatever the chunk lengths, interrupted or not. A seed
    trained alone may differ in the last digits from the same seed trained beside others.

    Args:
        spec: the experiment.
        resume: continue after this checkpoint instead of from the beginning.
        samples: the samples of the dataset; by default they are drawn from its spec.
        weights: the tensors of the file that `initial_weights` names, as `gradlab.tensor_file` reads them.
        chunk_seconds: target duration of a chunk, in seconds. A run's first chunk is epoch 0, the state before the
            first update; the second has one epoch, so that first results appear early.
        callbacks: standard Keras callbacks, called from `on_train_begin` to `on_train_end` of every run. Epochs are
            reported at the end of their chunk. The weights are then the chunk's last, and `model.stop_training` ends
            the run after this chunk. With callbacks, seeds train one after another.

    Yields:
        The chunks, without gaps. A run that becomes non-finite ends after that epoch.
    """
    data = Data(spec, samples)
    del samples  # `data` holds what is left of them
    width, after = resumable(spec, resume, alone=bool(callbacks))
    begin = partial(_Training, spec, data=data, weights=weights, callbacks=callbacks)
    for seeds in rounds_of(spec.seeds[spec.seeds.index(resume.seed) if resume else 0 :], width):
        groups = []
        for place, group in enumerate(seeds):
            lent, checkpoint = lend(spec, width, place), after.get(group[0])
            groups.append(Group(group, _whole(lent, partial(begin, group), checkpoint, chunk_seconds), checkpoint))
        yield from together(groups)


def _whole(
    lent: AbstractContextManager[Program],
    begin: "Callable[[Program], _Training]",
    resumed: Checkpoint | None,
    chunk_seconds: float,
) -> Generator[Chunk]:
    """Train a group, after a checkpoint or from the beginning, until all runs have ended."""
    with lent as program:
        training = begin(program)
        if resumed:
            training.resume(resumed)
        else:
            yield training.begin()
        yield from training.chunks(chunk_seconds)


class _Training:
    """The runs of one group of seeds."""

    def __init__(
        self,
        spec: ExperimentSpec,
        group: tuple[int, ...],
        program: Program,
        data: Data,
        weights: Mapping[str, np.ndarray] | None,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        self._weights = weights
        self._spec, self._group, self._program, self._data, self._callbacks = spec, group, program, data, callbacks
        # Unused places of the stack train the last seed again; their results are dropped.
        self._places = group + group[-1:] * (program.stack.width - len(group))
        self._epoch = 0
        model = program.stack.network.model
        self._listeners = keras.callbacks.CallbackList(list(callbacks), model=model, epochs=spec.training.epochs)
        model.stop_training = False

    def begin(self) -> Chunk:
        """Draw the initial weights, or take those that are given, and measure them: epoch 0."""
        spec, data, weights = self._spec, self._data, self._weights
        values = {seed: starting_values(spec, seed, data, weights) for seed in self._group}
        self._program.begin(spec, [values[seed] for seed in self._places])
        self._begun()
        before, live = self._program.state(), np.ones(len(self._group), bool)
        initially = self._program.initially(self._data)
        nothing = np.zeros((1, len(self._places), 0), np.int32)
        chunk = self._chunk(initially, 0, live, self._culprits(initially, live, before, nothing, 0))
        if not spec.training.epochs:
            return chunk
        # The program is compiled while the chunk is stored, checkpoint included: its state is copied before.
        chunk = replace(chunk, checkpoint=partial(checkpoint_of, self._program.state(), self._group[0], 0))
        self._program.compile(data)
        return chunk

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restore the state of a checkpoint."""
        self._program.restore(unpack(checkpoint.state))
        self._epoch = checkpoint.epoch
        self._begun()

    def _begun(self) -> None:
        if self._callbacks:
            self._program.stack.write_back()
        self._listeners.on_train_begin()

    def chunks(self, chunk_seconds: float) -> Iterator[Chunk]:
        """Train until all runs have ended. While a chunk is measured, the next one is trained already."""
        # A triage has no epoch to compile a program for.
        length, waited = 1, 0.0 if self._is_over() else self._compile()
        earlier: Earlier | None = None
        is_first = True  # first results do not wait for the next ones
        with Beside() as beside:
            while not self._is_over():
                count = min(length, self._program.capacity, self._spec.training.epochs - self._epoch)
                first, permutations = self._epoch + 1, self._permutations(count)
                live, before, blocks, seconds = self._live(), self._program.state(), list[Block](), 0.0
                begun = time.perf_counter()
                try:
                    for block in self._program.blocks(self._data, permutations, first, len(self._group), beside):
                        blocks += [block] if block else []
                        seconds += time.perf_counter() - begun
                        if earlier and are_measured(earlier.blocks):
                            yield self._later(earlier, before)
                            earlier = None
                        begun = time.perf_counter()
                except Exception:
                    if earlier:  # it was trained before something failed
                        yield self._later(earlier, before)
                    raise
                if earlier:
                    late = self._later(earlier, before)
                    seconds += time.perf_counter() - begun
                    yield late
                self._epoch += trained_count(blocks)
                if self._goes_on(live) and not is_first:
                    earlier = Earlier(first, live, blocks)
                else:
                    begun = time.perf_counter()
                    trained = concatenated(blocks)
                    seconds += time.perf_counter() - begun
                    culprits = self._culprits(trained, live, before, permutations, first)
                    yield replace(self._chunk(trained, first, live, culprits), compiling_seconds=waited)
                    earlier, waited, is_first = None, 0.0, False
                length = next_length(count, seconds, chunk_seconds)
        self._listeners.on_train_end()

    def _permutations(self, count: int) -> np.ndarray:
        """Return the orders of the samples in the next epochs, (epochs, places, samples)."""
        epochs, samples = range(self._epoch + 1, self._epoch + 1 + count), self._spec.dataset.train_count
        return np.array([[sample_order(seed, epoch, samples) for seed in self._places] for epoch in epochs])

    def _goes_on(self, live: np.ndarray) -> bool:
        """Return True if these epochs ended no run, and nobody may stop one before the next are trained."""
        return not (self._is_over() or self._callbacks or (live != self._live()).any())

    def _later(self, earlier: Earlier, state: list[np.ndarray]) -> Chunk:
        """Return the chunk of some epochs once they are measured; the program may be at others then.

        Args:
            earlier: the epochs.
            state: the program's at their end.
        """
        chunk = self._chunk(concatenated(earlier.blocks), earlier.first_epoch, earlier.live, {})
        epoch = earlier.first_epoch + trained_count(earlier.blocks) - 1
        return replace(chunk, checkpoint=partial(checkpoint_of, state, self._group[0], epoch))

    def _compile(self) -> float:
        """Compile the program, unless that was done before. Return the seconds that were waited for it."""
        self._program.compile(self._data)
        begun = time.perf_counter()
        self._program.wait()
        if self._program.refusal:  # worth a warning: a plain graph differs in its last digits
            kinds = list(dict.fromkeys(layer.spec.kind for layer in self._spec.layers))
            log.warning("not_compiled", seed=self._group[0], layers=kinds, reason=self._program.refusal)
        return time.perf_counter() - begun

    def _is_over(self) -> bool:
        return self._epoch >= self._spec.training.epochs or not self._live().any()

    def _live(self) -> np.ndarray:
        live: np.ndarray = self._program.live()[: len(self._group)]
        return live

    def _culprits(
        self,
        trained: TrainedEpochs,
        live: np.ndarray,
        before: list[np.ndarray],
        permutations: np.ndarray,
        first_epoch: int,
    ) -> dict[int, Culprit]:
        lost = {
            place: first_epoch + int(trained.done[place]) - 1
            for place in np.nonzero(live)[0].tolist()
            if not trained.finite[place]
        }
        if not lost:
            return {}
        return dict(inspect(self._spec, self._program, self._data, before, permutations, lost, first_epoch))

    def _chunk(self, trained: TrainedEpochs, first_epoch: int, live: np.ndarray, culprits: dict[int, Culprit]) -> Chunk:
        histories = {place: self._history(trained, place, first_epoch) for place in np.nonzero(live)[0].tolist()}
        self._notify_callbacks(histories)
        runs = tuple(self._run(trained, place, history, culprits.get(place)) for place, history in histories.items())
        program, seed, epoch = self._program, self._group[0], self._epoch
        checkpoint = lambda: checkpoint_of(program.state(), seed, epoch)  # noqa: E731
        return Chunk(self._group, self._with_snapshots(runs), self._program.compiled, checkpoint, self._architecture)

    def _architecture(self) -> Architecture:
        return architecture(self._spec, self._program.stack.network.model, self._program.variables)

    def _with_snapshots(self, runs: tuple[RunChunk, ...]) -> tuple[RunChunk, ...]:
        """Add a snapshot of the network to runs that ended, and to runs at epoch 0.

        The weights of an ended run stay unchanged in the stack, so they are those after its last epoch.
        """
        with_snapshot = [run for run in runs if run.run_ended or run.history.last_epoch == 0]
        if not with_snapshot:
            return runs
        held = dict(zip(self._group, self._program.stack.held(), strict=False))
        kept = {run.seed: Snapshot(run.history.last_epoch, held[run.seed]) for run in with_snapshot}
        return tuple(replace(run, snapshot=kept.get(run.seed)) for run in runs)

    def _history(self, trained: TrainedEpochs, place: int, first_epoch: int) -> History:
        layout, epochs = self._spec.layout, int(trained.done[place])
        last = first_epoch + epochs - 1
        series = {
            kind: values[: len(layout[kind].recorded(first_epoch, last)), place]
            for kind, values in trained.series.items()
        }
        return History(layout, first_epoch, trained.metrics[:epochs, place], series)

    def _run(self, trained: TrainedEpochs, place: int, history: History, culprit: Culprit | None) -> RunChunk:
        stopped_by: StoppedBy | None = None
        if not trained.finite[place]:
            stopped_by = "nonfinite"
        elif trained.stopped[place]:
            stopped_by = "early_stopping"
        stopped = self._program.stack.network.model.stop_training  # by a callback
        ended = stopped_by is not None or stopped or history.last_epoch == self._spec.training.epochs
        return RunChunk(self._group[place], history, ended, stopped_by, culprit)

    def _notify_callbacks(self, histories: dict[int, History]) -> None:
        if not self._callbacks:
            return
        self._program.stack.write_back()
        (history,) = histories.values()  # with callbacks, seeds train one after another
        for record in history:
            if record.epoch == 0:
                continue  # Keras has no epoch before the first update
            self._listeners.on_epoch_begin(record.epoch - 1)
            for callback in self._callbacks:
                if isinstance(callback, GradientStatistics) and "gradients" in record.series:
                    columns = history.layout["gradients"].columns
                    places = [columns.index(name) for name in callback.statistics]
                    callback.record(record.epoch, record.series["gradients"][:, places])
            self._listeners.on_epoch_end(record.epoch - 1, record.metrics)
        if self._program.stack.network.model.stop_training:
            self._program.end()


def next_length(count: int, seconds: float, chunk_seconds: float) -> int:
    """Return the number of epochs of the next chunk, after `count` epochs took `seconds`."""
    return max(1, min(count * GROWTH, int(count * chunk_seconds / seconds)))
