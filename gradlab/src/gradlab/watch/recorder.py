"""Recorder: keeps what a Watch measures in the process, diagnoses it there, and sends it where it is asked to."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from gradlab.client.connection import Unreachable
from gradlab.client.parts import Boundary
from gradlab.diagnosis import Diagnosis, ExternalRun, diagnose
from gradlab.facts import Facts, Wiring
from gradlab.measurement.history import StoppedBy
from gradlab.measurement.plane import Plane
from gradlab.schemas.status import Status
from gradlab.spec import ExternalSpec
from gradlab.watch.describe import describe
from gradlab.watch.memory import Memory, stopped_by
from gradlab.watch.resumption import Continued, Resumption, experiment_to_resume, fetched
from gradlab.watch.transmission import BROKEN_OFF, Transmission

NONFINITE = (
    "the loss is {loss} {when} the first update: look at the samples for NaN and infinities, and at the loss for "
    "logarithms and roots of 0; the training goes on unchanged"
)


class WatchWarning(UserWarning):
    """Something of a training is not recorded, not sent or not judged. The training goes on unchanged."""


class IllTraining(Exception):
    """A training is ill, and `check` was called: a job of continuous integration ends with an error."""


class Recorder:
    """The record of one training, in the process where it runs.

    A Watch calls `begin`, then `record` for each record from 0 on, `wiring` whenever it knows more of it, and `end`.
    The user calls `diagnosis` at any time.

    Args:
        to: the address of a service that gets all records; None to keep them in the process.
        resume: the id of the service's experiment that this training continues; None for a new one.
        api_key: the service's API key, if it has one.
        report_at_end: True to print the diagnosis at the end of the training.
        seed: the seed that names the run.

    Attributes:
        spec: the training's description; None before `begin`.
        facts: what rules need to know of its data; None if that is unknown.
        plane: the trained network's outputs over the plane of its two inputs; None before the end, and for others.
        status: running, until the training ends as completed, or with an error as failed.
        error: why it failed; None if it did not.
        resumption: what the service has of the experiment that goes on; None for a new one, and without an answer.
        before_reading: is called before anybody reads the records.
        measure_pending: measures the records that are pending, where a Watch measures several together. It is called
            before anybody reads the records, and before the end of the process sends the last ones.

    Raises:
        ValueError: an experiment is to be resumed, and no service is named, or there is none that may go on.
    """

    def __init__(
        self,
        *,
        to: str | None = None,
        resume: UUID | str | None = None,
        api_key: str | None = None,
        report_at_end: bool = True,
        seed: int = 0,
    ) -> None:
        self.before_reading: Callable[[], object] = lambda: None
        self.measure_pending: Callable[[], object] = lambda: None
        self._to, self._api_key = to, api_key
        self._resume = None if resume is None else experiment_to_resume(resume, to)
        self._report_at_end, self._seed = report_at_end, seed
        self._transmission: Transmission | None = None
        self._memory: Memory | None = None
        self._wiring: Wiring | None = None
        self._stopped_by: StoppedBy | None = None
        self.status = Status.running
        self.error: str | None = None
        self._checks_loss = True  # until the first record behind an update has one
        self.facts: Facts | None = None
        self.plane: Plane | None = None
        self.resumption: Resumption | None = None
        self._first_record: int | None = None
        if to is not None and self._resume is not None:
            try:
                self.resumption = fetched(to, api_key, self._resume, seed)
            except Unreachable as error:
                self.warn(f"resume: {error}. Records go on after the training's `initial_epoch`, and are sent later")

    @property
    def spec(self) -> ExternalSpec | None:
        """The training's description, with all metrics so far; None before `begin`."""
        return None if self._memory is None else self._memory.spec

    def begin(self, spec: ExternalSpec, facts: Facts | None = None) -> None:
        """Begin a training. What was recorded of an earlier one is dropped.

        Args:
            spec: its description. Metrics that it does not name are added with their first record.
            facts: what rules need to know of its data; None if that is unknown.
        """
        if self._transmission is not None:
            self._transmission.end(self._begun().spec, BROKEN_OFF)
        continued = None if self._resume is None else self._continue(self._resume, spec)
        if continued is None:
            self._memory = Memory(spec)
        self.facts = facts or (self.resumption.facts if self.resumption is not None else None)
        self._wiring, self._stopped_by, self.plane = None, None, None
        self.status, self.error, self._checks_loss = Status.running, None, True
        self._transmission = None
        if self._to is not None:
            self._transmission = Transmission(
                self._to,
                api_key=self._api_key,
                seed=self._seed,
                continued=continued,
                warn=self.warn,
                before_closing=lambda: self.measure_pending(),
            )
            if facts is not None:
                self._transmission.document(facts)

    def _continue(self, id: UUID, spec: ExternalSpec) -> Continued | None:
        """Begin behind the records of an experiment. If the training cannot continue it, warn, and send nothing."""
        earlier = self.resumption
        if earlier is None:
            self._memory = Memory(spec)
            return Continued(id, spec.initial_epoch or None, spec.epochs)
        if self._memory is not None:  # the same Watch once more
            earlier = self.resumption = replace(earlier, history=self._memory.history())
        if (why := earlier.unfitting(spec)) is not None:
            self._to = self._resume = self.resumption = None
            self.warn(f"resume: {why}. Nothing is sent")
            return None
        joined, after = earlier.joined(spec), earlier.after(spec)
        self._memory = Memory(joined)
        self._memory.preload(earlier.history, after)
        self._first_record = after + 1
        return earlier.continued(id, joined, after)

    @property
    def resumes(self) -> bool:
        """True if the training is to continue an experiment, whether the service has answered or not."""
        return self._resume is not None

    @property
    def first_record(self) -> int | None:
        """The number of the first record of a training that continues an experiment; None for another one."""
        return self._first_record

    @property
    def sends(self) -> bool:
        """True if the records go to a service, which shows them while the training runs."""
        return self._transmission is not None

    @property
    def experiment_id(self) -> UUID | None:
        """Id of the service's experiment; None before the service has created it, and without a service."""
        return None if self._transmission is None else self._transmission.experiment_id

    def update(self, **fields: Any) -> None:
        """Add to the description what became known after the beginning, such as `batch_size`."""
        self._begun().update(fields)

    def record(self, epoch: int, metrics: Mapping[str, float], series: Mapping[str, np.ndarray]) -> None:
        """Keep a record.

        Args:
            epoch: its number. 0 is the state before the first update. Records follow each other without a gap.
            metrics: name -> number.
            series: kind -> (tensors, columns) float32, for the kinds that are due. What is missing is NaN.

        Raises:
            RuntimeError: the training has not begun.
            ValueError: the record does not follow the last one, or an array has another shape than its layout.
        """
        memory = self._begun()
        kept = memory.add(epoch, metrics, series)
        if self._checks_loss and "loss" in metrics:
            is_finite = bool(np.isfinite(metrics["loss"]))
            self._checks_loss = is_finite and epoch == 0
            if not is_finite:
                self.warn(NONFINITE.format(loss=metrics["loss"], when="before" if epoch == 0 else "from"))
        if self._transmission is not None:
            self._transmission.record(memory.spec, epoch, metrics, kept)

    def wiring(self, wiring: Wiring) -> None:
        """Keep how the training is put together. It replaces what was kept before."""
        self._begun()
        self._wiring = wiring
        if self._transmission is not None:
            self._transmission.document(wiring)

    def end(self, error: str | None = None, plane: Plane | None = None) -> None:
        """End the training; with an error, as failed. Print its diagnosis, if the recorder reports at the end.

        Args:
            error: why the training failed; None if it did not.
            plane: the trained network's outputs over the plane of its two inputs; None for other networks.
        """
        self.measure_pending()
        memory = self._begun()
        self.plane = plane
        self.status, self.error = (Status.completed if error is None else Status.failed), error
        history = memory.history()
        self._stopped_by = None  # as the service has it: one that failed was not stopped
        if error is None:
            self._stopped_by = stopped_by(history, memory.spec.epochs, has_loss=memory.has_loss)
        if self._transmission is not None:
            boundary = None if plane is None or not len(memory) else Boundary(history.last_epoch, plane)
            self._transmission.end(memory.spec, error, boundary)
        if self._report_at_end and error is None and len(memory):
            print(describe(self.diagnosis(), memory.spec))

    def runs(self) -> list[ExternalRun]:
        """Return what the rules read: the run, as far as it is recorded; [] before its first record."""
        self.before_reading()
        self.measure_pending()
        memory = self._memory
        if memory is None or not len(memory):
            return []
        run = ExternalRun(
            memory.spec, self._seed, memory.history(), self._stopped_by, facts=self.facts, wiring=self._wiring
        )
        return [run]

    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis of the training as far as it is recorded.

        Raises:
            RuntimeError: the training has not begun.
        """
        runs = self.runs()
        diagnosis = diagnose(self._begun().spec, runs)
        return replace(diagnosis, unjudged=list(diagnosis.unjudged))

    def check(self) -> None:
        """Raise IllTraining if the training is ill: for a job of continuous integration."""
        diagnosis = self.diagnosis()
        if diagnosis.verdict == "ill":
            raise IllTraining(describe(diagnosis, self._begun().spec))

    def warn(self, message: str) -> None:
        """Warn the user; the training goes on."""
        warnings.warn(message, WatchWarning, stacklevel=3)

    def _begun(self) -> Memory:
        if self._memory is None:
            raise RuntimeError("this Watch has recorded nothing yet: its training has not begun")
        return self._memory
