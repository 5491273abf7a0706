"""Training: one training of a Keras model under a Watch, from its beginning to its end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from gradlab.keras.backends import backend
from gradlab.keras.course import Course
from gradlab.keras.described import batch_size_of, none_if_raises, running_metrics
from gradlab.keras.description import facts_of, spec_of, sums_samples
from gradlab.keras.guard import unnoticed
from gradlab.keras.messages import FACTS, LOSSES, UNKNOWN_DATA, WIRING
from gradlab.keras.plan import Options, Plan
from gradlab.keras.plane import plane_of_model
from gradlab.keras.records import Records
from gradlab.keras.samples import Samples, UnreadableData, samples_of, unfitting
from gradlab.keras.session import BATCHES, INITIAL, Session
from gradlab.keras.wiring import WiringReader
from gradlab.spec import ExternalSpec
from gradlab.watch import Recorder, Sampling
from gradlab.watch.pending import PROBES
from gradlab.watch.plane import BOUNDARY


class Training:
    """One training under a Watch.

    Args:
        plan: what is known of it when it begins.
        options: what the user asked for.
        recorder: gets the records.
        attempt: runs an action of a part; if it raises, warns once and returns None from then on.
        lose: warns that a part is not recorded any more, and why.
        warn: warns the user.

    Attributes:
        session: what is measured.
        course: how far it is.
        has_started: True from the beginning of its first epoch.
        is_running: True until it ends.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        recorder: Recorder,
        *,
        attempt: Callable[..., Any],
        lose: Callable[[str, str], None],
        warn: Callable[[str], None],
    ) -> None:
        self.plan, self._options, self._recorder = plan, options, recorder
        self._attempt, self._warn = attempt, warn
        self._samples = self._read(options.data, "data")
        self._validation = self._read(options.validation_data, "validation_data")
        self.session = Session(
            plan.model,
            intervals=options.intervals,
            attempt=attempt,
            lose=lose,
            optimizers=plan.optimizers,
            fit=self if plan.fit is None else plan.fit,
            # Keras's own step computes each batch's gradients anew.
            compares=not plan.is_fit or type(plan.model).train_step is not keras.Model.train_step,
            sampling=Sampling(options.every or plan.steps_per_epoch) if options.samples_batches else None,
            batches_of_record=self._batches_of_record(),
        )
        self.course = Course(options.every, _accumulation(self.session.tap.optimizers))
        self.has_started, self.is_running = False, True
        self._has_begun, self._epoch_is_over = False, False
        self._read_until, self._several = 0, 1  # batches whose loss is read; batches that Keras trains at a time
        self._late: dict[str, float] = {}
        self._records = Records(self.session, self.course, recorder, attempt)

    def _batches_of_record(self) -> int | None:
        """The batches of each record; None where the user's own loop decides how many there are."""
        plan, every = self.plan, self._options.every
        if every is None or not plan.is_fit:
            return plan.steps_per_epoch if plan.is_fit else None
        return every * _accumulation([getattr(plan.model, "optimizer", None)])

    def _read(self, data: Any, field: str) -> Samples | None:
        if data is None and field == "data":
            self._warn(UNKNOWN_DATA)
        try:
            with unnoticed():
                return None if data is None else samples_of(data, field)
        except UnreadableData as error:
            self._warn(str(error))
            return None

    @property
    def is_built(self) -> bool:
        """True if all variables of the model exist."""
        model = self.plan.model
        return bool(model.built) and all(layer.built for layer in model._flatten_layers())

    def open(self) -> None:
        """Measure every step from now on."""
        self.session.open()

    def start(self, initial_epoch: int) -> None:
        """Start before the first epoch: record the state before the first update, if the model is built or can be.

        Args:
            initial_epoch: epochs that were trained before.
        """
        self.has_started, self.plan.initial_epoch = True, initial_epoch
        if self.course.every is None:
            self.course.record = initial_epoch + 1
        if self._samples is not None and (expected := unfitting(self.plan.model, self._samples)) is not None:
            self._warn(f"data: {expected}. What rests on samples stays unjudged")
            self._samples = None
        if self._samples is not None and self.plan.has_metrics:
            # As Keras does on its other backends before it trains; no weight is drawn in another order.
            self.plan.model._symbolic_build(data_batch=self._samples.first(1))
        if self.is_built:
            self._begin_recording()

    def _begin_recording(self) -> None:
        """Describe the training, and record the state before the first update if there are samples."""
        self._has_begun = True
        self.session.prepare()
        spec = self._spec()
        parts = spec, self._samples, self._validation, self.plan.model
        facts = None if self._samples is None else self._attempt(FACTS, facts_of, *parts)
        self._recorder.begin(spec, facts)
        self.course.record = self._recorder.first_record or self.course.record
        if self._samples is not None and self.course.batches == 0:
            self._attempt(PROBES, self._prepare_probe)
            if self._options.resumes:  # what is resumed has the state that this one begins with
                self.session.begin_record(self.course.record)
            else:
                self._record_initial()
        self._records.wiring = self._attempt(WIRING, self._wiring_reader)

    def _spec(self) -> ExternalSpec:
        plan, options = self.plan, self._options
        with unnoticed():
            return spec_of(
                plan.model,
                name=options.name,
                intervals=options.intervals,
                every=options.every,
                epochs=plan.epochs,
                initial_epoch=plan.initial_epoch,
                loss=plan.loss,
                optimizer=next(iter(self.session.tap.optimizers), None),
                samples=self._samples,
                validation=self._validation,
                batch_size=plan.batch_size,
                steps_per_epoch=plan.steps_per_epoch,
                gradients_every=self.session.gradients_every,
            )

    def _wiring_reader(self) -> WiringReader:
        with unnoticed():  # dropout on PyTorch draws from the generator of the process
            target = None if self._recorder.spec is None else self._recorder.spec.target
            return WiringReader(self.plan, self.session, self._samples, self._validation, target)

    def _prepare_probe(self) -> None:
        assert self._samples is not None
        summed = sums_samples(self.plan.own_loss)
        self.session.prepare_probe(self._samples, self.plan.loss_function, lambda n: 1.0 if summed else float(n))
        for problem in self.session.probe_problems():
            self._warn(problem)

    def _record_initial(self) -> None:
        spec = self._recorder.spec
        assert spec is not None
        number = spec.initial_epoch
        metrics: dict[str, float] = {}
        gradients = None
        if self.plan.loss_function is not None:
            measured = self._attempt(INITIAL, self._initial_metrics)
            if measured is not None:
                metrics, gradients = measured
        metrics |= self.session.learning_rates()
        kept = self.session.initial(spec.layout.series, number, gradients)
        self._records.add_with(kept, metrics)
        self.session.begin_record(self.course.record, kept)

    def _initial_metrics(self) -> tuple[dict[str, float], np.ndarray]:
        assert self._samples is not None
        assert self.plan.loss_function is not None
        return self.session.initially(
            self._samples, self._validation, self.plan.loss_function, has_metrics=self.plan.has_metrics
        )

    def batches_done(self, in_epoch: int) -> None:
        """Handle that `in_epoch` batches of this epoch are done, in Keras's own loop."""
        self._advance(in_epoch)
        if self.course.is_due:
            self.record(self._attempt(LOSSES, running_metrics, self.plan.model) or {})

    def _advance(self, in_epoch: int) -> None:
        course = self.course
        new = course.advance(in_epoch)
        if not new:
            return
        self._several = max(self._several, new)
        if course.reads_losses or course.is_due:
            self._attempt(LOSSES, self._read_losses, course.batches)
        if not self._has_begun and self.is_built:
            self._begin_recording()
        if self.plan.batch_size is None:
            self._learn_batch_size(in_epoch)

    def before_validation(self) -> None:
        """Handle that an epoch's last batch is done, before Keras resets the losses for the validation."""
        if not self._epoch_is_over:
            self._epoch_is_over = True
            done = self.course.in_epoch + self._several
            self._advance(min(done, self.plan.steps_per_epoch or done))
            if self.course.every is not None:
                self._attempt(LOSSES, self._read_losses, self.course.batches)

    def _read_losses(self, batches: int) -> None:
        self._read_until, new = batches, batches - self._read_until
        total, count = backend.loss_sum(self.plan.model)
        self.course.read(total, count, new)

    def _learn_batch_size(self, in_epoch: int) -> None:
        size = none_if_raises(batch_size_of, self.plan.model, in_epoch)
        if size is not None:
            self.plan.batch_size = size
            self._recorder.update(batch_size=size)

    def step(self, loss: float | None, batch: tuple[Any, Any] | None = None) -> None:
        """Count a batch of a loop of the user's own."""
        self.course.add(loss)
        if batch is not None:
            self._attempt(BATCHES, self.session.batches.give, *batch)
        if not self._has_begun and self.is_built:
            self._begin_recording()
        if self.course.is_due:
            self.record({})

    def end_epoch(self, metrics: Mapping[str, float]) -> None:
        """Handle the end of an epoch, with its metrics."""
        if self.plan.is_fit:
            self.before_validation()
        self._epoch_is_over = False
        if not self._has_begun and self.is_built:
            self._begin_recording()
        batches = self.course.end_epoch()
        if batches and self.plan.steps_per_epoch is None:
            self._learn_steps(batches)
        if self.course.every is None or self.course.is_due:
            self.record(metrics)
        else:
            self._late |= {name: value for name, value in metrics.items() if name.startswith("val_")}

    def _learn_steps(self, batches: int) -> None:
        self.plan.steps_per_epoch = batches
        fields = {"steps_per_epoch": batches}
        if (every := self.course.every) is not None:
            steps = (self.plan.epochs - self.plan.initial_epoch) * batches
            before = (self._recorder.first_record or 1) - 1
            fields["epochs"] = before + max(1, -(-steps // (every * self.course.accumulation)))
        self._recorder.update(**fields)

    def record(self, metrics: Mapping[str, float]) -> None:
        """Record everything since the last record."""
        if not self._has_begun or self._recorder.spec is None:
            return
        course, number = self.course, self.course.record
        loss = course.mean_loss if course.every is not None or "loss" not in metrics else None
        own = {} if loss is None else {"loss": loss}
        late, self._late = self._late, {}
        # What is left at the end is shorter than the records before.
        expected = course.unrecorded if self.is_running else None
        kept = self.session.keep(self._recorder.spec.layout.series, number, expected)
        if (every := self.session.gradients_every) != self._recorder.spec.gradients_every:
            self._recorder.update(gradients_every=every)
        course.end_record()
        self.session.begin_record(course.record, kept)
        self._records.add_with(kept, {**metrics, **late, **own, **self.session.learning_rates()})

    def end(self, error: str | None = None) -> None:
        """End the training: put everything back, and let the recorder report."""
        self.is_running = False
        if self.course.every is not None and self.course.unrecorded and self._has_begun:
            self.record(self._attempt(LOSSES, running_metrics, self.plan.model) or {} if self.plan.is_fit else {})
        self.session.close()
        if self.course.every is None and self.course.unrecorded > 1 and not self.plan.is_fit:
            self._warn(
                f"{self.course.unrecorded} steps are in no record: call `epoch(...)` after each pass over the samples"
            )
        if self._has_begun:
            facts, data = self._recorder.facts, (self._samples, self._validation)
            self._recorder.end(error, self._attempt(BOUNDARY, plane_of_model, self.plan.model, facts, *data))


def _accumulation(optimizers: Sequence[Any]) -> int:
    """Return the batches in a step of the optimisers."""
    return max((getattr(each, "gradient_accumulation_steps", None) or 1 for each in optimizers), default=1)
