"""Watch for a Lightning trainer: `Trainer(callbacks=[Watch()])`."""

from collections.abc import Mapping
from typing import Any, Literal

import lightning.pytorch as lightning
from torch import nn

from gradlab.torch.adapter import Adapter, guarded, numbers


class Watch(Adapter, lightning.Callback):
    """A callback of Lightning that measures a whole training and diagnoses it, as `gradlab.torch.Watch` does.

        watch = Watch()
        Trainer(max_epochs=100, callbacks=[watch]).fit(module, loader)
        watch.diagnosis().root_cause

    Names are those of the module. Metrics that the module logs are metrics of each record.

    Args:
        loss: the loss, (output of the module, target) -> one number. By default it is the module's only attribute that
            is one of PyTorch's losses.
        data: the training samples; by default those of the trainer's loader, in their own order.
        validation_data: the validation samples.
        record: ``lean``, ``standard`` or ``full``; or kind -> interval.
        every: ``epoch``, or the number of steps of the optimiser in a record.
        to: the address of a service that gets all records; None to keep them in the process.
        resume: the id of the service's experiment that this training continues: after the epochs of the checkpoint that
            the trainer resumes from, else after the experiment's last record.
        api_key: the service's API key, if it has one.
        name: a title for people.
        report_at_end: True to print the diagnosis at the end.

    Attributes:
        watch: the `gradlab.torch.Watch` of the training; None before it begins.

    Raises:
        ValueError: `resume` names no experiment of `to` that may go on.
    """

    def __init__(
        self,
        *,
        loss: Any = None,
        data: Any = None,
        validation_data: Any = None,
        record: str | Mapping[str, int] = "standard",
        every: Literal["epoch"] | int = "epoch",
        to: str | None = None,
        resume: str | None = None,
        api_key: str | None = None,
        name: str = "untitled",
        report_at_end: bool = True,
    ) -> None:
        super().__init__(
            loss=loss,
            data=data,
            validation_data=validation_data,
            record=record,
            every=every,
            to=to,
            resume=resume,
            api_key=api_key,
            name=name,
            report_at_end=report_at_end,
        )

    @guarded
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Make the Watch, once the trainer has its optimisers."""
        self._begin(
            pl_module,
            loader=trainer.train_dataloader,
            epochs=trainer.max_epochs,
            initial_epoch=trainer.current_epoch,
            loss=_loss_of(pl_module) if self._options["loss"] is None else None,
            optimizer=trainer.optimizers,
            scaler=getattr(trainer.precision_plugin, "scaler", None),
        )

    @guarded
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """End an epoch, with what the module has logged."""
        metrics = numbers(trainer.callback_metrics)
        if "train_loss" in metrics and "loss" not in metrics:
            metrics["loss"] = metrics["train_loss"]
        if watch := self._watch_of(pl_module):
            watch.epoch(**metrics)

    @guarded
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """End the training."""
        if watch := self._watch_of(pl_module):
            watch.end()

    @guarded
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the training as failed."""
        if self.watch is not None and (watch := self._watch_of(pl_module)):
            watch.end(exception)


def _loss_of(module: nn.Module) -> nn.Module | None:
    """Return the module's only attribute that is one of PyTorch's losses; None if there is none, or several."""
    losses = [each for each in module.children() if isinstance(each, nn.modules.loss._Loss)]
    return losses[0] if len(losses) == 1 else None
