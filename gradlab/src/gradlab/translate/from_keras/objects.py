"""Objects of Keras in a configuration: a class name with its arguments, as Keras 2 and Keras 3 write them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradlab.translate.from_keras.notes import Untranslatable

# Beginnings of the modules that Keras's own classes are written with.
KERAS_MODULES = ("keras.", "tf_keras.", "tensorflow.keras.", "tensorflow.python.keras.")
OURS = "gradient_lab>"  # the package under which activations with parameters are registered


@dataclass(frozen=True)
class KerasObject:
    """A class of Keras and the arguments of one object.

    Attributes:
        class_name: name of the class; ``function`` for a function.
        config: its arguments by name.
        module: module that the class is imported from; None in configurations of Keras 2.
        registered_name: name under which a class of somebody else is registered; None for most of Keras's own.
        outer: the whole JSON object, with fields beside the arguments such as `inbound_nodes`.
    """

    class_name: str
    config: Mapping[str, Any]
    module: str | None = None
    registered_name: str | None = None
    outer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_of_keras(self) -> bool:
        """True unless its module, or its registered name, is somebody else's."""
        package, separator, _ = (self.registered_name or "").rpartition(">")
        if separator and package != "keras":
            return False
        return self.module in (None, "keras", "tf_keras") or f"{self.module}.".startswith(KERAS_MODULES)

    @property
    def name(self) -> str:
        """The object's own name; its class's name if it has none."""
        for source in (self.outer, self.config):
            if isinstance(name := source.get("name"), str) and name:
                return name
        return self.class_name


def keras_object(value: Any) -> KerasObject | None:
    """Return a JSON object with `class_name` and `config` as an object of Keras; None for any other value."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return None
    config = value.get("config", {})
    module, registered = value.get("module"), value.get("registered_name")
    return KerasObject(
        value["class_name"],
        config if isinstance(config, dict) else {"config": config},
        module if isinstance(module, str) else None,
        registered if isinstance(registered, str) else None,
        value,
    )


def function_name(value: Any) -> str | None:
    """Return the name of a function of Keras in a configuration; None for any other value."""
    if isinstance(value, str):
        return value
    function = keras_object(value)
    if function is not None and function.class_name == "function" and function.module in (None, "builtins"):
        name = function.config.get("config")
        return name if isinstance(name, str) else None
    return None


def plain(value: Any) -> Any:
    """Return NumPy's numbers as Python's, floats in the digits of float32, and lists as tuples.

    Raises:
        Untranslatable: the value is an object, code or an array.
    """
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    if isinstance(value, float) and math.isfinite(value):
        # Keras reads a learning rate back from a variable of float32: 0.001 is 0.0010000000474974513 then.
        with np.errstate(over="ignore"):
            short = float(str(np.float32(value)))
            return short if np.float32(value) == value else value
    if isinstance(value, list | tuple):
        return tuple(plain(each) for each in value)
    if isinstance(value, dict):
        if value.get("class_name") == "__tuple__" and isinstance(value.get("items"), list | tuple):
            return tuple(plain(each) for each in value["items"])
        raise Untranslatable("numbers or texts", str(value.get("class_name", "an object"))[:80])
    return value
