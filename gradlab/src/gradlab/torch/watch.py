"""Watch: measures a PyTorch training as the service measures its own, and says what is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch

from gradlab.diagnosis import Diagnosis
from gradlab.errors import EndsTraining
from gradlab.spec import ExternalSpec
from gradlab.torch.course import Course
from gradlab.torch.messages import NOTHING, RECORDS
from gradlab.torch.naming import named_parameters, unwrapped
from gradlab.torch.samples import Samples
from gradlab.watch import Recorder, Reporting, intervals, intervals_of, samples_batches


class Watch(Reporting):
    """Measures a whole training of a model in one's own loop, and diagnoses it.

        watch = Watch(model, loss=loss, optimizer=optimizer, data=(x, y), validation_data=(val_x, val_y))
        for epoch in range(100):
            for batch_x, batch_y in loader:
                optimizer.zero_grad()
                loss(model(batch_x), batch_y).backward()
                optimizer.step()
            watch.epoch()
        watch.end()
        watch.diagnosis().root_cause

    A gradient is what the optimiser would get without clipping: summed over accumulated batches, averaged over
    processes, divided by the loss scale. Layers and tensors have their names in the model; shapes are in Keras's order
    of axes. Record 0 is the state before the first update. Observing changes no bit of the training, and no fault of
    the Watch ends it: it warns once, and says what it does not record any more. No sample leaves the process. Of
    several processes, the first one records.

    Args:
        model: the model, compiled or wrapped or not.
        loss: the loss, (output, target) -> one number. A module is observed; of a function, `loss` is that of `data` at
            a record's end, in evaluation mode. None for a model whose output has a `loss`.
        optimizer: the optimiser, or several.
        data: the training samples: (x, y), a `Dataset` or a `DataLoader`. Without them everything that rests on samples
            stays unjudged.
        validation_data: the validation samples, likewise.
        record: ``lean``, only gradients, of some batches of each record if one optimiser trains the model
            (`gradlab.watch.Sampling`); ``standard``; ``full``, everything in every record; or kind -> interval.
        every: ``epoch``, where the loop calls `epoch`; or the number of steps of the optimiser in a record.
        to: the address of a service that gets all records; None to keep them in the process.
        resume: the id of the service's experiment that this training continues: after `initial_epoch`, else after the
            experiment's last record. Its records are those of the experiment, whatever `record` and `every` are.
        api_key: the service's API key, if it has one.
        name: a title for people.
        report_at_end: True to print the diagnosis at the end.
        epochs: the planned number of epochs, with those before `initial_epoch`; None if unknown.
        initial_epoch: the epochs that were trained before, as of a checkpoint.
        scaler: the training's `GradScaler`. By default it is known from its first step.
        recorder: keeps the records in place of one that is made from `to`, `resume`, `api_key` and `report_at_end`.

    Raises:
        ValueError: an argument is none of these, the model has no trainable tensor, or `resume` names no experiment of
            `to` that may go on.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        loss: Any = None,
        optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
        data: Any = None,
        validation_data: Any = None,
        record: str | Mapping[str, int] = "standard",
        every: Literal["epoch"] | int = "epoch",
        to: str | None = None,
        resume: str | None = None,
        api_key: str | None = None,
        name: str = "untitled",
        report_at_end: bool = True,
        epochs: int | None = None,
        initial_epoch: int = 0,
        scaler: Any = None,
        recorder: Recorder | None = None,
    ) -> None:
        if every != "epoch" and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
            raise ValueError(f'every: expected "epoch" or a number of optimiser steps from 1 on; received {every!r}')
        optimizers = _optimizers(optimizer)
        module = unwrapped(model)
        if not isinstance(module, torch.nn.Module):
            raise ValueError(f"model: expected a torch.nn.Module; received {type(model).__name__}")
        if not named_parameters(module):
            count = sum(1 for _ in module.parameters())
            raise ValueError(
                f"model: expected trainable tensors; received {type(module).__name__}, none of whose {count} is"
            )
        if initial_epoch < 0 or (epochs is not None and initial_epoch >= epochs):
            raise ValueError(f"initial_epoch: expected an epoch from 0 on, before `epochs`; received {initial_epoch}")
        self.recorder = recorder or Recorder(to=to, resume=resume, api_key=api_key, report_at_end=report_at_end)
        steps, chosen, samples = None if every == "epoch" else every, intervals(record), samples_batches(record)
        if (earlier := self.recorder.resumption) is not None:
            steps, chosen = earlier.spec.every_steps, intervals_of(earlier.spec.record)
            samples = earlier.spec.gradients_every is not None
        self._lost: set[str] = set()
        self._course = Course(
            module,
            model,
            loss,
            optimizers,
            samples=None if data is None else Samples(data, "data"),
            validation=None if validation_data is None else Samples(validation_data, "validation_data"),
            intervals=chosen,
            every=steps,
            epochs=epochs,
            initial_epoch=initial_epoch,
            name=name,
            samples_batches=samples,
            scaler=scaler,
            recorder=self.recorder,
            attempt=self._attempt,
        )
        # In other processes nothing is measured: their gradients are the same.
        self.is_active = not _is_other_process()
        if self.is_active:
            self._attempt(NOTHING, self._course.open)

    @property
    def spec(self) -> ExternalSpec | None:
        """The training's description; None before its first step."""
        self.recorder.measure_pending()
        return self.recorder.spec

    @property
    def notes(self) -> list[str]:
        """Sentences about the model's tensors: those that are shared or frozen, and parameter groups."""
        return self._course.notes()

    def begin(self) -> None:
        """Take record 0 now. By default it is taken before the first step."""
        if self.is_active:
            self._attempt(NOTHING, self._course.begin)

    def step(self, loss: torch.Tensor, samples: int = 1) -> None:
        """Add the loss of a batch, where `loss` is a function that cannot be observed.

        Args:
            loss: its mean loss.
            samples: its number of samples.
        """
        if self.is_active:
            self._attempt(RECORDS, self._course.add_loss, loss, samples)

    def epoch(self, **metrics: float) -> None:
        """End an epoch, and with it a record, unless records are blocks of steps.

        Args:
            metrics: further metrics of the epoch by name, or better values of those that the Watch measures. If all
                metrics of the validation are among them, the Watch does not compute them again.
        """
        if self.is_active:
            self._attempt(RECORDS, self._course.end_epoch, metrics)

    def end(self, error: BaseException | str | None = None) -> None:
        """End the training, and print its diagnosis. Further steps are not recorded."""
        if self.is_active:
            self.is_active = False
            self._attempt(NOTHING, self._course.end, None if error is None else str(error))

    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis of the training as far as it is recorded.

        Raises:
            RuntimeError: the training has not begun.
        """
        return self.recorder.diagnosis()

    def check(self) -> None:
        """Raise `gradlab.watch.IllTraining` if the training is ill: for a job of continuous integration."""
        self.recorder.check()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self.end(error)

    def _attempt(self, part: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function unless its part has failed before. If it raises, warn, and return None."""
        if part in self._lost:
            return None
        try:
            return function(*arguments)
        except EndsTraining:
            raise
        except Exception as error:
            if part != RECORDS:
                self._lost.add(part)
            message = (
                f"{part}: {type(error).__name__}: {' '.join(str(error).split())[:500]}; the training goes on unchanged"
            )
            self.recorder.warn(message)
            return None


def _optimizers(optimizer: Any) -> list[torch.optim.Optimizer]:
    optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
    if not optimizers or not all(isinstance(each, torch.optim.Optimizer) for each in optimizers):
        names = ", ".join(type(each).__name__ for each in optimizers) or "none"
        raise ValueError(f"optimizer: expected a torch.optim.Optimizer or several; received {names}")
    return optimizers


def _is_other_process() -> bool:
    distributed = torch.distributed
    return distributed.is_available() and distributed.is_initialized() and distributed.get_rank() > 0
