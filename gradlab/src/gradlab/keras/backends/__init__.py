"""Differences between Keras's backends: gradients, compilation, sparse gradients, and the state that a step updates.

Each backend has one module here with the same functions. `backend` is the module of the backend that Keras runs on.
"""

from importlib import import_module
from typing import Any

import keras

NAMES = ("tensorflow", "jax", "torch")


def _imported() -> Any:
    name = keras.backend.backend()
    if name not in NAMES:
        raise ImportError(f"gradlab.keras needs one of the backends {', '.join(NAMES)}; Keras runs on {name}")
    return import_module(f"{__name__}.{name}")


backend: Any = _imported()

__all__ = ["backend"]
