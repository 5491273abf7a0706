"""Watch: a Keras callback that measures a training as the service measures its own, and says what is wrong with it."""

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras

from gradlab.errors import EndsTraining
from gradlab.keras.arrays import array
from gradlab.keras.described import none_if_raises
from gradlab.keras.description import described_loss, loss_function_of, named_loss
from gradlab.keras.fits import broken_off, is_fitting
from gradlab.keras.plan import Options, Plan
from gradlab.keras.training import Training
from gradlab.watch import Recorder, Reporting, WatchWarning, intervals, intervals_of, samples_batches

CALLED_BY_KERAS = {name for name in dir(keras.callbacks.Callback) if name.startswith("on_")}
NOTHING = "nothing is recorded of this training any more"
Method = Callable[..., None]


def _guarded(method: Method) -> Method:
    """Keep every fault of a method from the training that calls it; warn once, and stop watching."""

    @functools.wraps(method)
    def guarded(self: "Watch", *arguments: Any, **named: Any) -> None:
        if vars(self).get("_is_broken") or (vars(self).get("_is_elsewhere") and method.__name__ in CALLED_BY_KERAS):
            if method.__name__ == "on_train_end":
                self._is_elsewhere = False
            return
        try:
            method(self, *arguments, **named)
        except (EndsTraining, WatchWarning):  # a warning is raised only where the user has asked for it
            raise
        except Exception as error:
            object.__setattr__(self, "_is_broken", True)
            _warn(f"{NOTHING}: {type(error).__name__}: {' '.join(str(error).split())[:500]}")

    return guarded


def _warn(message: str) -> None:
    warnings.warn(f"{message}; the training goes on unchanged", WatchWarning, stacklevel=4)


class Watch(Reporting, keras.callbacks.Callback):
    """A Keras callback that measures a whole training and diagnoses it.

        watch = Watch(data=(x, y), validation_data=(val_x, val_y))
        model.fit(x, y, epochs=100, validation_data=(val_x, val_y), callbacks=[watch])
        watch.diagnosis().root_cause

    It records the gradients of every batch before clipping, the weights and their moves, histograms, and on a probe
    batch, the first training samples, every layer's activations and back-propagated signals. Record 0 is the state
    before the first update. It changes no bit of the training, and no fault of its own ends it: it warns once, and says
    what it does not record any more. No sample leaves the process.

    A loop of one's own, or one of `train_on_batch`, calls `begin`, `step`, `epoch` and `end`.

    Args:
        data: the training samples: (x, y), or a dataset of batches that is not shuffled. Without them everything that
            rests on samples stays unjudged.
        validation_data: the validation samples, likewise.
        record: ``lean``, only gradients, of some batches of each record if one optimiser trains the model
            (`gradlab.watch.Sampling`); ``standard``; ``full``, everything in every record; or kind -> interval.
        every: ``epoch``, or the number of steps of the optimiser in a record.
        to: the address of a service that gets all records; None to keep them in the process.
        resume: the id of the service's experiment that this training continues: after its `initial_epoch`, else after
            the experiment's last record. Its records are those of the experiment, whatever `record` and `every` are.
        api_key: the service's API key, if it has one.
        name: a title for people.
        report_at_end: True to print the diagnosis at the end.

    Attributes:
        recorder: keeps what is measured.

    Raises:
        ValueError: `record` or `every` is none of these, or `resume` names no experiment of `to` that may go on.
    """

    def __init__(
        self,
        data: Any = None,
        validation_data: Any = None,
        *,
        record: str | Mapping[str, int] = "standard",
        every: str | int = "epoch",
        to: str | None = None,
        resume: str | None = None,
        api_key: str | None = None,
        name: str = "untitled",
        report_at_end: bool = True,
    ) -> None:
        super().__init__()
        if every != "epoch" and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
            raise ValueError(f'every: expected "epoch" or a number of steps of at least 1; received {every!r}')
        steps, chosen = every if isinstance(every, int) else None, intervals(record)
        samples = samples_batches(record)
        self.recorder = Recorder(to=to, resume=resume, api_key=api_key, report_at_end=report_at_end)
        if (earlier := self.recorder.resumption) is not None:
            steps, chosen = earlier.spec.every_steps, intervals_of(earlier.spec.record)
            samples = earlier.spec.gradients_every is not None
        self._options = Options(name, chosen, steps, data, validation_data, resume is not None, samples)
        self._training: Training | None = None
        self._lost: set[str] = set()
        self._ended_epoch: int | None = None
        self._is_elsewhere = self._is_in_fit = False
        self.recorder.before_reading = self._notice_end

    # A loop of the user's own.

    @_guarded
    def begin(
        self,
        model: Any,
        *,
        optimizer: Any = None,
        loss: Any = None,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Begin a training in a loop of one's own, before its first step is called or traced.

        Args:
            model: the model.
            optimizer: the Keras optimiser whose `apply` updates it; None for the one that the model was compiled with.
            loss: (y, prediction) -> the mean loss, a loss of Keras or its name; None for the compiled one.
            epochs: passes over the samples that are planned.
            steps_per_epoch: batches in each; None if it is unknown.
            batch_size: samples in a batch; None if it is unknown.
        """
        compiled = optimizer is None and getattr(model, "optimizer", None) is not None
        function = keras.losses.get(loss) if isinstance(loss, str) else loss
        plan = Plan(
            model,
            optimizers=None if compiled else [optimizer],
            loss=described_loss(model) if loss is None else none_if_raises(named_loss, function),
            loss_function=loss_function_of(model) if loss is None else lambda x, y, p: keras.ops.mean(function(y, p)),
            own_loss=getattr(model, "loss", None) if loss is None else function,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            batch_size=batch_size,
            has_metrics=compiled,
            is_fit=False,
        )
        self._begin(plan, retrace=compiled)

    @_guarded
    def step(self, loss: Any = None, *, batch: Any = None) -> None:
        """Handle the end of a batch of a loop of one's own.

        Args:
            loss: the mean loss of the batch; None to leave it out.
            batch: the batch, (x, y). Of the first ones the share of the commonest class is kept, and whether they
                repeat. Not needed where `train_on_batch` trains the model.
        """
        if self._training is None:
            raise RuntimeError("expected `begin` before `step`")
        self._attempt(NOTHING, self._training.step, None if loss is None else float(array(loss)), batch)

    @_guarded
    def epoch(self, metrics: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Handle the end of an epoch of a loop of one's own, with its metrics: ``loss``, ``val_loss`` ..."""
        if self._training is None:
            raise RuntimeError("expected `begin` before `epoch`")
        self._attempt(NOTHING, self._training.end_epoch, _numbers({**(metrics or {}), **more}))

    @_guarded
    def end(self, error: str | None = None) -> None:
        """End the training of a loop of one's own; with an error, as failed."""
        training, self._training = self._training, None
        if training is not None:
            self._attempt(NOTHING, training.end, error)
            if training.plan.has_metrics:
                training.plan.model.train_function = None

    # What Keras calls.

    def set_model(self, model: Any) -> None:
        if self._training is not None and self._training.is_running and model is not self._training.plan.model:
            self._is_elsewhere = True  # until the other fit has ended
            _warn("a Watch watches one model at a time: make another one for this model, which is not watched")
            return
        super().set_model(model)

    @_guarded
    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        model, params = self.model, self.params or {}
        if self._training is not None and self._training.is_running:
            self._attempt(NOTHING, self._training.end, broken_off())
        self._ended_epoch = None
        self._is_in_fit = is_fitting(model)
        plan = Plan(
            model,
            loss=described_loss(model),
            loss_function=loss_function_of(model),
            own_loss=getattr(model, "loss", None),
            epochs=params.get("epochs") or 1,
            initial_epoch=0,
            steps_per_epoch=params.get("steps"),
            has_metrics=True,
            fit=self.params,
        )
        self._begin(plan, retrace=True)

    @_guarded
    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._training is not None and not self._training.has_started:
            self._attempt(NOTHING, self._training.start, epoch)

    @_guarded
    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # `on_train_batch_end` would make Keras wait for every batch's metrics.
        if self._training is not None and batch > 0:
            self._attempt(NOTHING, self._training.batches_done, batch)

    @_guarded
    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        if self._training is not None and self._training.is_running:
            self._attempt(NOTHING, self._training.before_validation)

    @_guarded
    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._training is None or epoch == self._ended_epoch:
            return  # not watched, or the list of callbacks has this one twice
        self._ended_epoch = epoch
        self._attempt(NOTHING, self._training.end_epoch, _numbers(logs or {}))

    @_guarded
    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        training = self._training
        if training is not None and training.is_running:
            self._attempt(NOTHING, training.end)
            self.model.train_function = None

    def _notice_end(self) -> None:
        """End a training whose `fit` has raised."""
        training = self._training
        if training is None or not training.is_running or not (training.plan.is_fit and self._is_in_fit):
            return
        if not is_fitting(training.plan.model):
            self._attempt(NOTHING, training.end, broken_off())

    # How it keeps its faults to itself.

    def _begin(self, plan: Plan, *, retrace: bool) -> None:
        self._training, self._lost = None, set()
        if not plan.model.trainable_variables and plan.model.built:
            self._lose(NOTHING, "expected a model with trainable tensors; received one without any")
            return
        self._training = Training(
            plan, self._options, self.recorder, attempt=self._attempt, lose=self._lose, warn=_warn
        )
        self._attempt(NOTHING, self._training.open)
        if not plan.is_fit:
            self._attempt(NOTHING, self._training.start, plan.initial_epoch)
        if retrace:
            self._attempt(NOTHING, self._training.session.retrace)

    def _attempt(self, part: str, action: Callable[..., Any], *arguments: Any) -> Any:
        """Run an action of a part. If it raises, warn once, and return None from then on."""
        if part in self._lost or NOTHING in self._lost:
            return None
        try:
            return action(*arguments)
        except (EndsTraining, WatchWarning):
            raise
        except Exception as error:
            self._lose(part, f"{type(error).__name__}: {error}")
            return None

    def _lose(self, part: str, why: str) -> None:
        if part not in self._lost:
            self._lost.add(part)
            _warn(f"{part}: {' '.join(why.split())[:500]}")


def _numbers(metrics: Mapping[str, Any], path: str = "") -> dict[str, float]:
    """Return the metrics that are one number; nested ones by their path: ``heads/left``."""
    numbers: dict[str, float] = {}
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            numbers |= _numbers(value, f"{path}{key}/")
            continue
        try:
            numbers[f"{path}{key}"] = float(array(value).reshape(()))
        except (TypeError, ValueError):
            continue
    return numbers
