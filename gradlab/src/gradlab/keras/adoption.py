"""A model and its samples, brought to a service from the user's own process: translated, uploaded and submitted."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradlab.errors import Invalid, Problem
from gradlab.translate.from_keras import CompiledTraining, Translation, translate
from gradlab.translate.from_keras.table import loss_kind
from gradlab.vocabulary.losses import BY_KIND
from gradlab.vocabulary.metrics import fits
from gradlab.vocabulary.targets import Target

if TYPE_CHECKING:
    from gradlab.client.client import Client
    from gradlab.schemas import ExperimentResponse

Task = Literal["classes", "labels", "values", "inputs"]


def adopt(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    to: "Client | str",
    epochs: int,
    validation_data: tuple[Any, Any] | None = None,
    batch_size: int = 32,
    seeds: Sequence[int] = (0,),
    loss: str | None = None,
    optimizer: str | None = None,
    name: str | None = None,
) -> "ExperimentResponse":
    """Submit a training of a Keras model to a service, which trains, diagnoses and treats it.

    The model is translated as text, and its samples are uploaded as one NPZ file. The service trains from fresh
    weights: those of the live model stay in this process.

    Args:
        model: a sequential or functional model of Keras's own layers.
        x: its inputs, (samples, ...).
        y: its targets: whole numbers or one-hot rows for classes, zeros and ones for labels, numbers for values. None
            for the inputs themselves, as an autoencoder has them.
        to: a client of the service, or its address.
        epochs: passes over the samples.
        validation_data: inputs and targets for validation. By default the service sets a fifth of the samples apart.
        batch_size: samples per update.
        seeds: one run for each, with its own initial weights and orders of the samples.
        loss: the loss's name; by default that which the model was compiled with.
        optimizer: the optimiser's name; by default that which the model was compiled with.
        name: the experiment's name; the model's by default.

    Returns:
        The experiment, queued.

    Raises:
        Invalid: the model cannot be translated, a problem for each layer; or the arrays do not fit one another.
        Refused: the service refused the samples or the spec.
        Unreachable: the service did not respond.
    """
    from gradlab.client.client import Client

    translation = translate(_text(model))
    chosen = _training(translation, loss, optimizer)
    task = _task(chosen["loss"]["kind"], y)
    arrays = _arrays(task, x, y, validation_data, _output_shape(model))
    training = chosen | {"epochs": epochs, "batch_size": batch_size, "metrics": _metrics(translation, task, arrays)}
    title = (name or str(model.name))[:200]
    client = Client(to) if isinstance(to, str) else to
    try:
        dataset = {"kind": "uploaded", "id": _upload(client, arrays, title), "task": task}
        network = translation.model.model_dump(mode="json")
        spec = {"name": title, "dataset": dataset, "model": network, "training": training, "seeds": [*seeds]}
        return client.submit(spec)
    finally:
        if client is not to:
            client.close()


def _text(model: Any) -> str:
    try:
        return str(model.to_json())
    except (NotImplementedError, TypeError, ValueError) as error:
        expected = "a sequential or functional model: one of your own class has no configuration that can be translated"
        raise Invalid(Problem("model", expected, type(model).__name__)) from error


def _training(translation: Translation, loss: str | None, optimizer: str | None) -> dict[str, Any]:
    """Return loss and optimiser: those that are given, else those of the compiled model. Raises Invalid."""
    compiled: CompiledTraining | None = translation.training
    own = compiled.model_dump(mode="json") if compiled is not None else {}
    kind = None if loss is None else loss_kind(loss)
    if loss is not None and kind is None:
        raise Invalid(Problem("loss", f"one of {', '.join(BY_KIND)}", loss))
    given = {"loss": kind and {"kind": kind}, "optimizer": optimizer and {"kind": optimizer.lower()}}
    chosen = {field: value or own.get(field) for field, value in given.items()}
    missing = [field for field, value in chosen.items() if not value]
    if missing:
        problems = (Problem(field, "its name: the model is not compiled", "nothing") for field in missing)
        raise Invalid(*problems)
    return chosen


def _task(loss: str, y: Any) -> Task:
    """Return the form of the targets, as the loss reads them."""
    if y is None:
        return "inputs"
    shape, member = np.shape(y), BY_KIND[loss]
    if member.unit_per_value:
        return "values"
    several = len(shape) > 1 and shape[-1] > 1
    return "labels" if member.unit_per_label and several else "classes"


def _output_shape(model: Any) -> tuple[int | None, ...] | None:
    """Return the shape of a model's one output with the batch axis; None for several, and before it is known."""
    shape = getattr(model, "output_shape", None)
    return shape if isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape) else None


def _arrays(
    task: Task, x: Any, y: Any, validation_data: tuple[Any, Any] | None, output: tuple[int | None, ...] | None
) -> dict[str, np.ndarray]:
    """Return the arrays of the file. Raises Invalid if inputs and targets do not belong to the same samples."""
    pairs = {"": (x, y), "_val": validation_data} if validation_data is not None else {"": (x, y)}
    arrays: dict[str, np.ndarray] = {}
    for suffix, pair in pairs.items():
        inputs, targets = pair
        arrays[f"x{suffix}"] = np.asarray(inputs)
        if task != "inputs":
            arrays[f"y{suffix}"] = _targets(task, np.asarray(targets), output)
            if len(arrays[f"y{suffix}"]) != len(arrays[f"x{suffix}"]):
                received = f"{len(arrays[f'y{suffix}']):,} targets for {len(arrays[f'x{suffix}']):,} inputs"
                raise Invalid(Problem(f"y{suffix}", "one target for each input", received))
    return arrays


def _targets(task: Task, y: np.ndarray, output: tuple[int | None, ...] | None) -> np.ndarray:
    """Return targets as the file has them: classes as whole numbers, a single column without its axis.

    Classes have an axis of their own where they have as many axes as the output, (samples, ..., classes). With one
    less they are whole numbers already, as at each time step.
    """
    if task == "classes":
        own_axis = y.ndim > 1 and (output is None or y.ndim == len(output))
        if own_axis and y.shape[-1] == 1:
            y = y[..., 0]
        elif own_axis and (output is None or y.shape[-1] == output[-1]):
            y = y.argmax(axis=-1)
    elif y.ndim == 2 and y.shape[-1] == 1:
        y = y[:, 0]
    is_whole = task == "classes" and y.dtype.kind == "f" and bool(np.all(y == np.floor(y)))
    return y.astype(np.int64) if is_whole else y


def _metrics(translation: Translation, task: Task, arrays: dict[str, np.ndarray]) -> list[str] | None:
    """Return the compiled metrics that are defined for the targets; None for the usual ones."""
    if translation.training is None or translation.training.metrics is None:
        return None
    y = arrays.get("y", arrays["x"])
    count = len(np.unique(y)) if task == "classes" else int(np.prod(y.shape[1:]))
    target = Target("values" if task == "inputs" else task, max(1, count))
    return [each for each in translation.training.metrics if fits(each, target)] or None


def _upload(client: "Client", arrays: dict[str, np.ndarray], name: str) -> str:
    """Upload arrays as an NPZ file, and return the dataset's id."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.npz"
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return str(client.add_dataset(file, name=name).id)
