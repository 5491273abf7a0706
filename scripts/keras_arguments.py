"""Writes the optional arguments of Keras's classes with their defaults: `python -m scripts.keras_arguments`.

The translation of configurations reads them: an argument that the vocabulary lacks may stand at Keras's default.
"""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradlab.translate.from_keras

FILE = Path(gradlab.translate.from_keras.__file__).with_name("arguments.json")
# Sorts of classes: the module of Keras that lists them, and the name of their base class in it.
SORTS = {
    "layers": ("layers", "Layer"),
    "initializers": ("initializers", "Initializer"),
    "regularizers": ("regularizers", "Regularizer"),
    "constraints": ("constraints", "Constraint"),
    "optimizers": ("optimizers", "Optimizer"),
    "schedules": ("optimizers.schedules", "LearningRateSchedule"),
    "losses": ("losses", "Loss"),
    "metrics": ("metrics", "Metric"),
}


def arguments() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the optional arguments of all public classes: sort -> class -> argument -> default."""
    import keras

    def module(path: str) -> Any:
        place: Any = keras
        for name in path.split("."):
            place = getattr(place, name)
        return place

    return {
        sort: {name: dict(_optional(each)) for name, each in _classes(module(path), base)}
        for sort, (path, base) in SORTS.items()
    }


def _classes(module: Any, base: str) -> list[tuple[str, type]]:
    """Return the classes by the names that a configuration may have for them: the public ones, and their own."""
    root = getattr(module, base)
    public = {name: each for name, each in vars(module).items() if inspect.isclass(each) and issubclass(each, root)}
    return sorted({**public, **{each.__name__: each for each in public.values()}}.items())


def _optional(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the optional arguments of a class, those of the classes it hands its `**kwargs` to as well."""
    seen: set[str] = set()
    for base in kind.__mro__:
        if "__init__" not in vars(base) or not base.__module__.startswith("keras."):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        for each in parameters:
            if each.default is not inspect.Parameter.empty and each.name not in seen:
                seen.add(each.name)
                yield each.name, each.default if _is_json(each.default) else repr(each.default)
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
            return


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def text() -> str:
    """Return the content of the file: one line for each class."""
    sorts = []
    for sort, classes in arguments().items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in classes.items())
        sorts.append(f" {json.dumps(sort)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(sorts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
