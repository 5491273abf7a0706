"""Translation of a Keras model's configuration: its network, and what it was compiled with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gradlab.errors import Invalid, Problem
from gradlab.spec.experiment import AnyModel
from gradlab.spec.problems import THE_BODY, invalid
from gradlab.translate.from_keras.builder import FUNCTIONAL, SEQUENTIAL, Builder
from gradlab.translate.from_keras.network import Network
from gradlab.translate.from_keras.notes import Notes
from gradlab.translate.from_keras.objects import KerasObject, keras_object
from gradlab.translate.from_keras.text import check, parse
from gradlab.translate.from_keras.training import CompiledTraining, compiled

MODEL: TypeAdapter[Any] = TypeAdapter(AnyModel)


@dataclass(frozen=True)
class Translation:
    """A Keras model in the vocabulary of specs.

    Attributes:
        model: the network: a chain where it is one, else a graph.
        training: loss, optimiser and metrics that it was compiled with; None if it was not.
        dropped: arguments that were left out, since they change nothing of what is trained.
        notes: what has another name here, or is to be known.
        input_shapes: the shape of each input without the batch axis; None for one, or for an axis, that is unknown.
        output_shapes: the shape of each output without the batch axis; None for one that is unknown.
        names: name of a layer in the spec -> its path in Keras.
        input_names: the name that Keras has for each input, in the order of the spec's.
        output_names: the name that Keras has for each output, in the order of the spec's.
    """

    model: Any
    training: CompiledTraining | None
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    input_shapes: tuple[tuple[int | None, ...] | None, ...]
    output_shapes: tuple[tuple[int, ...] | None, ...]
    names: Mapping[str, str]
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int | None, ...] | None:
        """Shape of the one input without the batch axis; None for several, and where it is unknown."""
        return self.input_shapes[0] if len(self.input_shapes) == 1 else None

    @property
    def output_shape(self) -> tuple[int, ...] | None:
        """Shape of the one output without the batch axis; None for several, and where it is unknown."""
        return self.output_shapes[0] if len(self.output_shapes) == 1 else None


def translate(text: str | bytes) -> Translation:
    """Translate the text of a configuration: of `model.to_json()`, or config.json of a `.keras` file.

    No class is looked up by its name, and no code is loaded.

    Raises:
        Invalid: it is no such text, or something in it has no counterpart: a problem for each layer or argument.
    """
    return translate_parsed(parse(text))


def translate_parsed(configuration: Mapping[str, Any]) -> Translation:
    """Translate a configuration that is already parsed. Raises Invalid as `translate` does."""
    outer = check(configuration)
    model = keras_object(outer)
    if model is None or not (model.class_name == SEQUENTIAL or model.class_name in FUNCTIONAL) or not model.is_of_keras:
        raise Invalid(_no_model(model))
    version = outer.get("keras_version")
    notes = Notes(is_keras_2=isinstance(version, str) and version.startswith("2."))
    network = Builder(notes).build(model)
    training = compiled(_compile_config(outer), notes, network.named_outputs)
    notes.check()
    if training is None:
        notes.remark("The model has no compile configuration: choose loss and optimiser.")
    return Translation(
        _validated(network),
        training,
        tuple(notes.dropped),
        tuple(notes.remarks),
        tuple(network.input_shapes),
        tuple(network.output_shapes),
        dict(network.names()),
        tuple(network.input_names),
        tuple(network.output_names),
    )


def _no_model(model: KerasObject | None) -> Problem:
    if model is None:
        expected = "a model's configuration: an object with class_name and config"
        return Problem(THE_BODY, expected, "an object without them")
    if model.class_name in (SEQUENTIAL, *FUNCTIONAL) or not model.is_of_keras:
        expected = "Sequential or Functional: a model of your own class is code, which is never loaded"
        return Problem("class_name", expected, model.registered_name or model.class_name)
    return Problem("class_name", "Sequential or Functional", model.class_name)


def _compile_config(outer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the model was compiled with, as Keras 3 or the files of Keras 2 name it; empty if it was not."""
    for name in ("compile_config", "training_config"):
        if isinstance(config := outer.get(name), dict):
            return config
    return {}


def _validated(network: Network) -> Any:
    """Return the network as a spec's model. Raises Invalid."""
    model = network.model()
    try:
        return MODEL.validate_python(model)
    except ValidationError as error:
        raise invalid(error, model) from error
