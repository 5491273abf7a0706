"""The library of Gradient Lab, which finds out why a deep network does not learn.

`Client` sends requests to a service. `Sender` sends it a training that runs elsewhere. `diagnose` applies the rules to
histories. `GradientStatistics`, for `model.fit`, is in `gradlab.keras`, which imports Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.client.client import Client as Client
    from gradlab.client.connection import Refused as Refused
    from gradlab.client.connection import Unreachable as Unreachable
    from gradlab.client.sender import Sender as Sender
    from gradlab.diagnosis import diagnose as diagnose

# Each name is imported at its first use: a script that only sends does not wait for the rules.
_MODULES = {
    "Client": "gradlab.client.client",
    "Refused": "gradlab.client.connection",
    "Sender": "gradlab.client.sender",
    "Unreachable": "gradlab.client.connection",
    "diagnose": "gradlab.diagnosis",
}

__all__ = ["Client", "Refused", "Sender", "Unreachable", "diagnose"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
