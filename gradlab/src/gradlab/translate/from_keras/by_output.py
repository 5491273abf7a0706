"""Arguments of `compile` by output: an object by the names that Keras has for the outputs, or a list in their order."""

from collections.abc import Sequence
from typing import Any

from gradlab.spec.problems import among
from gradlab.translate.from_keras.notes import Untranslatable
from gradlab.translate.from_keras.objects import keras_object

# The name that Keras has for each output, and its name in the spec.
OutputNames = Sequence[tuple[str, str]]


def is_by_output(value: Any) -> bool:
    """True for a list, and for an object that is none of Keras's."""
    return isinstance(value, list | tuple) or (isinstance(value, dict) and keras_object(value) is None)


def by_output(value: Any, outputs: OutputNames, what: str, *, is_whole: bool = True) -> dict[str, Any]:
    """Return an argument of `compile` by the names of a spec's outputs, without those that it leaves out.

    Args:
        value: a list in the outputs' order, or an object by their names in Keras.
        outputs: the names of the outputs.
        what: what there is to be for each output, for an error.
        is_whole: False if some outputs may be left out.

    Raises:
        Untranslatable: it names no outputs of the model, or leaves out some.
    """
    names = [keras_name for keras_name, _ in outputs]
    if isinstance(value, dict):
        if wrong := next((name for name in value if name not in names), None):
            raise Untranslatable(f"{what}: {among(names, str(wrong))}", str(wrong))
        given = [value.get(name) for name in names]
    elif isinstance(value, list | tuple) and len(value) == len(names):
        given = list(value)
    else:
        received = f"{len(value)}" if isinstance(value, list | tuple) else value
        raise Untranslatable(f"{what}, in a list of {len(names)}: {', '.join(names)}", received)
    if is_whole and (left_out := [name for name, each in zip(names, given, strict=True) if each is None]):
        raise Untranslatable(f"{what}: an output without one is not trained", f"none for {', '.join(left_out)}")
    return {own: each for (_, own), each in zip(outputs, given, strict=True) if each is not None}
