"""A model and its samples, brought to a service from the user's own process: translated, uploaded and submitted."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from gradlab.errors import Invalid, Problem, shorten
from gradlab.frozen import MAX_NAME
from gradlab.keras.adopted_samples import X, samples_of
from gradlab.keras.live_weights import write_weights
from gradlab.translate.from_keras import CompiledTraining, Translation, translate
from gradlab.translate.from_keras.table import loss_kind
from gradlab.vocabulary.losses import BY_KIND

if TYPE_CHECKING:
    from gradlab.client.client import Client
    from gradlab.schemas import ExperimentResponse

Weights = Literal["fresh", "live"]


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
    weights: Weights = "fresh",
    loss: str | Mapping[str, str] | None = None,
    optimizer: str | None = None,
    name: str | None = None,
) -> "ExperimentResponse":
    """Submit a training of a Keras model to a service, which trains, diagnoses and treats it.

    The model is translated as text, and its samples are uploaded as one NPZ file. Its weights are uploaded as a file of
    tensors where the training is to begin with them; otherwise they stay in this process.

    Args:
        model: a sequential or functional model of Keras's own layers.
        x: its inputs, (samples, ...); for a model of several inputs a list of arrays, or a dictionary by input, as
            `fit` takes them.
        y: its targets: whole numbers or one-hot rows for classes, zeros and ones for labels, numbers for values. None
            for the inputs themselves, as an autoencoder has them. For a model of several outputs a list or a dictionary
            by output.
        to: a client of the service, or its address.
        epochs: passes over the samples.
        validation_data: inputs and targets for validation. By default the service sets a fifth of the samples apart.
        batch_size: samples per update.
        seeds: one run for each, with its own orders of the samples and random layers, and with initial weights of its
            own if these are fresh.
        weights: "fresh" to draw the initial weights by the model's initialisers, for each seed its own; "live" to begin
            every run with the weights that the model has now, running averages among them. The optimiser begins anew.
        loss: the loss's name, of several outputs also a dictionary by output; by default that which the model was
            compiled with.
        optimizer: the optimiser's name; by default that which the model was compiled with.
        name: the experiment's name; the model's by default.

    Returns:
        The experiment, queued.

    Raises:
        Invalid: the model cannot be translated, a problem for each layer; or the arrays do not fit one another; or the
            live weights are not finite.
        Refused: the service refused the samples or the spec.
        Unreachable: the service did not respond.
    """
    from gradlab.client.client import Client

    translation = translate(_text(model))
    chosen = _training(translation, loss, optimizer)
    samples = samples_of(model, translation, chosen["loss"], x, y, validation_data)
    training = chosen | {"epochs": epochs, "batch_size": batch_size, "metrics": samples.metrics}
    title = (name or str(model.name))[:MAX_NAME]
    if weights not in get_args(Weights):
        raise Invalid(Problem("weights", '"fresh" or "live"', shorten(weights)))
    client = Client(to) if isinstance(to, str) else to
    try:
        if weights == "live":
            training["initial_weights"] = {"id": _upload_weights(client, model, translation, samples.arrays, title)}
        dataset = {"kind": "uploaded", "id": _upload(client, samples.arrays, title), "task": samples.task}
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


def _training(translation: Translation, loss: str | Mapping[str, str] | None, optimizer: str | None) -> dict[str, Any]:
    """Return loss and optimiser: those that are given, else those of the compiled model. Raises Invalid."""
    compiled: CompiledTraining | None = translation.training
    own = compiled.model_dump(mode="json") if compiled is not None else {}
    given = {"loss": _given_loss(translation, loss), "optimizer": optimizer and {"kind": optimizer.lower()}}
    chosen = {field: value or own.get(field) for field, value in given.items()}
    missing = [field for field, value in chosen.items() if not value]
    if missing:
        problems = (Problem(field, "its name: the model is not compiled", "nothing") for field in missing)
        raise Invalid(*problems)
    return chosen | {"loss_weights": own.get("loss_weights")}


def _given_loss(translation: Translation, loss: str | Mapping[str, str] | None) -> dict[str, Any] | None:
    """Return the loss that the caller names, of several outputs by the names of the spec; None for none."""
    if loss is None:
        return None
    if isinstance(loss, str):
        kind = loss_kind(loss)
        if kind is None:
            raise Invalid(Problem("loss", f"one of {', '.join(BY_KIND)}", loss))
        return {"kind": kind}
    names = dict(zip(translation.output_names, getattr(translation.model, "outputs", ()), strict=False))
    if loss.keys() != names.keys():
        raise Invalid(Problem("loss", f"a loss for each output: {', '.join(names)}", ", ".join(loss)))
    return {names[name]: _given_loss(translation, each) for name, each in loss.items()}


def _upload_weights(
    client: "Client", model: Any, translation: Translation, arrays: Mapping[str, np.ndarray], name: str
) -> str:
    """Upload the live weights, and return their id. Raises Invalid."""
    inputs = translation.model.inputs
    shapes = [arrays[each].shape[1:] for each in (inputs if len(inputs) > 1 else (X,))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.safetensors"
        write_weights(model, translation, shapes, file)
        return str(client.add_weights(file, name=name).id)


def _upload(client: "Client", arrays: dict[str, np.ndarray], name: str) -> str:
    """Upload arrays as an NPZ file, and return the dataset's id."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.npz"
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return str(client.add_dataset(file, name=name).id)
