"""Course: one training from its first step to its end, as records."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from gradlab.measurement.history import SeriesLayout
from gradlab.spec.external import ExternalRecord, ExternalSpec
from gradlab.torch.description import describe_layers, describe_tensors, learning_rates, output_is, planned_records
from gradlab.torch.facts import facts_of
from gradlab.torch.losses import describe_loss, describe_target
from gradlab.torch.messages import FACTS, FORGOTTEN, NEVER, NO_DATA, NO_STEP, NOTHING, RECORDS, SCALE
from gradlab.torch.optimizers import optimizer_class, optimizer_spec
from gradlab.torch.pending import fetch
from gradlab.torch.plane import plane_of_session
from gradlab.torch.probe import Probed
from gradlab.torch.records import Records
from gradlab.torch.samples import Samples
from gradlab.torch.session import Session
from gradlab.torch.wiring import TensorCounts, commonest_share, input_scale
from gradlab.watch import Recorder, Sampling, without_an_end
from gradlab.watch.pending import PROBES
from gradlab.watch.plane import BOUNDARY
from gradlab.watch.untapped import not_recorded

MIN_FORGOTTEN_STEPS = 20  # beyond two epochs: a loop with so many steps in a record forgets `epoch`


class Course:
    """The records of one training.

    Args:
        module, called: the unwrapped model, and the model as the loop calls it.
        loss: the loss; None if the model's output has one.
        optimizers: what updates the model.
        samples, validation: the samples; None if unknown.
        intervals: field of `record` -> its interval in records; 0 for never.
        every: steps of the optimiser in a record; None for epochs.
        epochs: the planned number of epochs, with those before; None if unknown.
        initial_epoch: the epochs that were trained before.
        name: a title for people.
        samples_batches: True to measure the gradients of some batches, where one optimiser updates the model.
        scaler: the `GradScaler`; None if unknown.
        recorder: takes the records.
        attempt: runs a function of a part, and keeps its errors from the training.
    """

    def __init__(
        self,
        module: nn.Module,
        called: Any,
        loss: Any,
        optimizers: Sequence[torch.optim.Optimizer],
        *,
        samples: Samples | None,
        validation: Samples | None,
        intervals: Mapping[str, int],
        every: int | None,
        epochs: int | None,
        initial_epoch: int,
        name: str,
        samples_batches: bool = False,
        scaler: Any,
        recorder: Recorder,
        attempt: Callable[..., Any],
    ) -> None:
        self._module, self._loss, self._optimizers = module, loss, optimizers
        self._samples, self._validation, self._intervals = samples, validation, intervals
        self._every, self._epochs, self._name = every, epochs, name
        self._initial = initial_epoch if every is None else 0
        self._planned = None if epochs is None else epochs - initial_epoch
        self._recorder, self._attempt = recorder, attempt
        self._session = Session(
            module,
            called,
            loss,
            optimizers,
            scaler=scaler,
            samples=samples,
            validation=validation,
            attempt=attempt,
            before_step=self._before_step,
            after_step=self._after_step,
        )
        self._counts = TensorCounts(module, self._session.parameters, optimizers)
        self._records = Records(self._session, self._counts, recorder, loss, attempt=attempt, steps=lambda: self._steps)
        self._layouts: Sequence[SeriesLayout] = ()
        self._number, self._steps_before = self._initial, 0  # steps before the record
        self._has_begun = self._has_warned = False
        self._metrics: dict[str, float] = {}
        self._sampling = Sampling(every) if samples_batches and len(optimizers) == 1 else None
        self._session.tap.samples = self._sampling is not None
        self._expect_steps(None)

    def open(self) -> None:
        """Begin to measure."""
        self._session.open()

    def notes(self) -> list[str]:
        """Return what is special about the model's tensors, one sentence each."""
        return describe_tensors(self._module, self._optimizers, self._session.parameters)

    def begin(self) -> None:
        """Describe the training, and take record 0: the state before the first update, unless an experiment goes on."""
        if self._has_begun:
            return
        self._has_begun = True
        self._check_data()
        probed = None if self._samples is None else self._attempt(PROBES, self._session.probe)
        if probed is not None and probed.lost:
            self._recorder.warn(not_recorded(probed.lost))
        spec = self._spec(probed)
        samples, validation = self._samples, self._validation
        facts = None if samples is None else self._attempt(FACTS, facts_of, spec, samples, validation)
        self._recorder.begin(spec, facts)
        assert self._recorder.spec is not None
        self._layouts = self._recorder.spec.layout.series
        self._records.commonest = None if self._samples is None else commonest_share(self._samples, spec.target)
        if probed is not None:
            masked = {name: float(share) for name, share in fetch(probed.masked).items()} or None
            self._records.fixed = {"output_is": output_is(probed.layers), "masked_share": masked}
        if self._samples is not None and self._validation is not None:
            self._records.fixed["input_scale"] = self._attempt(SCALE, input_scale, self._samples, self._validation)
        kept = None
        if (first := self._recorder.first_record) is not None:
            self._number = self._initial = first - 1
        elif not self._recorder.resumes:  # the state before the first update is the last one of what goes on
            kept = self._session.initial(self._layouts, self._number, probed)
            kept.add_rates(learning_rates(self._optimizers))
            self._records.add(kept)
        self._session.begin_record(self._layouts, self._number + 1, kept)
        self._expect_steps(self._recorder.spec.steps_per_epoch)

    def _check_data(self) -> None:
        """Do without samples that the model or the loss do not take, and say so in one sentence."""
        evaluation = self._session.evaluation
        for name, samples in (("data", self._samples), ("validation_data", self._validation)):
            problem = None if samples is None else evaluation.problem_of(samples)
            if problem is not None:
                self._recorder.warn(f"{name}: {problem}. The Watch does without them")
                self._samples = self._session.samples = None if name == "data" else self._samples
                self._validation = self._session.validation = None
        if self._samples is None:
            self._recorder.warn(NO_DATA)

    def _spec(self, probed: Probed | None) -> ExternalSpec:
        layers = describe_layers(self._module, () if probed is None else probed.layers, self._session.parameters)
        flows = any(layer.measured().flow is not None for layer in layers)
        intervals = dict(self._intervals) | ({} if flows else {"activations": 0, "signals": 0})
        first, samples = self._session.first, self._samples
        target, earlier = None, self._recorder.resumption
        if probed is not None and samples is not None:
            target = describe_target(self._loss, probed.output, self._session.evaluation.targets(samples), layers)
        steps = -(-samples.count // first.batch_size) if samples is not None and first.batch_size else None
        records = self._planned and planned_records(self._planned, self._every, steps)
        self._sampling = self._sampling and Sampling(self._every or steps)
        spec = ExternalSpec(
            source="external",
            name=self._name,
            layers=layers,
            record=ExternalRecord(**intervals),
            epochs=self._initial + (records or 1),
            initial_epoch=self._initial,
            loss=describe_loss(self._loss, first.target_form in (None, "indices")),
            optimizer=optimizer_spec(self._optimizers[0]) if len(self._optimizers) == 1 else None,
            optimizer_class=optimizer_class(self._optimizers[0]),
            target=target,
            train_count=None if samples is None else samples.count,
            val_count=0 if self._validation is None else self._validation.count,
            axis="epoch" if self._every is None else "step",
            every_steps=self._every,
            gradients_every=None if self._sampling is None else self._sampling.every,
            framework="torch",
            batch_size=first.batch_size,
            steps_per_epoch=steps,
            versions={"torch": torch.__version__},
        )
        return spec if records else without_an_end(spec, 0 if earlier is None else earlier.last)

    @property
    def _steps(self) -> int:
        return self._session.tap.steps

    @property
    def _steps_in_record(self) -> int:
        return self._steps - self._steps_before

    def _before_step(self) -> None:
        if not self._has_begun:
            self._attempt(NOTHING, self.begin)
        self._session.first.add_gradient(self._session.rows.last)

    def _after_step(self) -> None:
        if self._every is not None:
            if self._steps_in_record == self._every:
                self._attempt(RECORDS, self._end_record)
        elif self._steps_in_record == self._forgotten_after and not self._has_warned:
            self._has_warned = True
            expected = self._steps_expected
            self._recorder.warn(FORGOTTEN.format(steps=self._steps_in_record, expected=expected))

    def _expect_steps(self, steps: int | None) -> None:
        """Expect an epoch of so many steps; None if that is unknown."""
        self._steps_expected = steps
        self._forgotten_after = math.inf if steps is None else 2 * steps + MIN_FORGOTTEN_STEPS + 1
        self._plan_steps()

    def _plan_steps(self) -> None:
        """Choose which steps of the record are measured, and after how many of them something is due."""
        if self._sampling is not None:
            self._session.tap.sample(self._sampling.every)
        due = self._forgotten_after if self._every is None else self._every
        self._session.tap.due_at = self._steps_before + due

    def add_loss(self, loss: torch.Tensor, samples: int) -> None:
        """Add the mean loss of a batch of `samples`."""
        self._session.add_loss(loss, samples)

    def end_epoch(self, metrics: Mapping[str, float]) -> None:
        """End an epoch with further metrics."""
        self._metrics |= {name: float(value) for name, value in metrics.items()}
        if not self._has_begun:
            self._begin_without_a_step()
        if self._every is None:
            self._end_record()

    def _begin_without_a_step(self) -> None:
        """Begin where no update has been made, though gradients were computed: the weights are the initial ones."""
        if not self._session.first.passes:
            raise RuntimeError("epoch: expected a step of the optimiser before it; received none")
        self._recorder.warn(NO_STEP)
        self.begin()

    def _end_record(self) -> None:
        if self._recorder.spec is None:
            return  # it could not be described, which was said
        self._complete_spec()
        if self._sampling is not None and self._steps_in_record != self._sampling.batches:
            self._sampling = Sampling(self._steps_in_record)
            self._recorder.update(gradients_every=self._sampling.every)
        self._number, self._steps_before = self._number + 1, self._steps
        self._plan_steps()
        self._session.observes_moves = not self._counts.have_all_changed
        kept, self._metrics = self._session.record(self._layouts, self._number, self._metrics), {}
        kept.add_rates(learning_rates(self._optimizers))
        self._session.begin_record(self._layouts, self._number + 1, kept)
        self._records.add(kept)

    def _complete_spec(self) -> None:
        """Add what only the first batch shows, where the backward pass runs inside the step."""
        spec, size = self._recorder.spec, self._session.first.batch_size
        if spec is not None and spec.batch_size is None and size is not None:
            steps = None if self._samples is None else -(-self._samples.count // size)
            self._recorder.update(batch_size=size, steps_per_epoch=steps)
            self._expect_steps(steps)

    def end(self, error: str | None) -> None:
        """End the training: take what is left as a record, and remove the hooks."""
        try:
            if error is None and self._number == self._initial:
                self._record_all()
        finally:
            self._session.close()
            self._records.measure()
        if self._recorder.spec is not None:
            if self._epochs is None:
                self._recorder.update(epochs=max(1, self._number))
            self._recorder.end(error, self._attempt(BOUNDARY, plane_of_session, self._session, self._recorder.facts))

    def _record_all(self) -> None:
        """Take a whole training without a record as one, unless it is only shorter than a block of steps."""
        if not self._has_begun and self._session.first.passes:
            self._begin_without_a_step()
        elif self._has_begun and self._every is None and self._steps:
            self._recorder.warn(NEVER.format(steps=self._steps_in_record))
        elif self._steps or not self._session.first.passes:
            return
        self._end_record()
