"""Watch for the trainer of Hugging Face's Transformers: `Trainer(callbacks=[Watch()])`."""

from collections.abc import Mapping
from typing import Any, Literal

import transformers

from gradlab.torch.adapter import Adapter, guarded, numbers


class Watch(Adapter, transformers.TrainerCallback):
    """A callback of the trainer that measures a whole training and diagnoses it, as `gradlab.torch.Watch` does.

        watch = Watch()
        Trainer(model, args, train_dataset=dataset, callbacks=[watch]).train()
        watch.diagnosis().root_cause

    The loss is the one that the model computes. Names are those of the model.

    Args:
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
        self._metrics: dict[str, float] = {}

    @guarded
    def on_train_begin(self, args: Any, state: Any, control: Any, **named: Any) -> None:
        """Make the Watch, once the trainer has its optimiser."""
        optimizer = named["optimizer"]
        steps = _steps_per_epoch(named["train_dataloader"], args)
        self._begin(
            named["model"],
            loader=named["train_dataloader"],
            epochs=-(-int(state.max_steps) // steps),
            initial_epoch=int(state.global_step) // steps,
            optimizer=getattr(optimizer, "optimizer", optimizer),  # the one inside Accelerate's
        )

    @guarded
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **named: Any) -> None:
        """Keep what the trainer logs, for the next record."""
        logged = numbers(logs or {})
        self._metrics |= {name: value for name, value in logged.items() if name.startswith("eval_")}

    @guarded
    def on_epoch_end(self, args: Any, state: Any, control: Any, **named: Any) -> None:
        """End an epoch."""
        watch = self._watch_of(named["model"])
        if watch is None:
            return
        metrics, self._metrics = self._metrics, {}
        watch.epoch(**{f"val_{name.removeprefix('eval_')}": value for name, value in metrics.items()})

    @guarded
    def on_train_end(self, args: Any, state: Any, control: Any, **named: Any) -> None:
        """End the training."""
        if watch := self._watch_of(named["model"]):
            watch.end()


def _steps_per_epoch(loader: Any, args: Any) -> int:
    return max(1, len(loader) // max(1, int(args.gradient_accumulation_steps)))
