"""Results of functions of a spec, kept on the spec."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from gradlab.spec.experiment import ExperimentSpec

Result = TypeVar("Result")


def once_per_spec(function: Callable[[ExperimentSpec], Result]) -> Callable[[ExperimentSpec], Result]:
    """Let a function work out its result once for a spec, whose fields never change. A changed copy keeps nothing."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(spec: ExperimentSpec) -> Result:
        results = vars(spec)
        if name not in results:
            results[name] = function(spec)
        result: Result = results[name]
        return result

    return kept
