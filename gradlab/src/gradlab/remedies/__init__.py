"""Remedies, one file each: pure functions from a spec to one with a single change.

A new file with a `REMEDY` is registered automatically. Its `order` is its place among several.
"""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.combination import EITHER_OR, combined
from gradlab.remedies.rewriting.comparison import Difference, difference, size
from gradlab.spec import ExperimentSpec
from gradlab.spec.problems import among

# Every module of this package that holds a `REMEDY`, in the order in which several are applied.
REMEDIES: tuple[Remedy, ...] = tuple(
    sorted(
        (
            import_module(f"{__name__}.{module.name}").REMEDY
            for module in iter_modules(__path__)
            if not module.ispkg and module.name != "remedy"
        ),
        key=lambda each: each.order,
    )
)


def remedy(name: str) -> Remedy:
    """Return the remedy of that name.

    Raises:
        Invalid: there is none. The problem lists the names, and the one that was probably meant.
    """
    by_name = {each.name: each for each in REMEDIES}
    if name not in by_name:
        raise Invalid(Problem("remedies", among(tuple(by_name), name), name))
    return by_name[name]


def applicable(spec: ExperimentSpec) -> tuple[Remedy, ...]:
    """Return the remedies that apply to `spec`, each by itself."""
    return tuple(each for each in REMEDIES if _applies(each, spec))


def combine(spec: ExperimentSpec, names: Sequence[str]) -> ExperimentSpec:
    """Apply several remedies to `spec`, in the order of `REMEDIES`, whatever the order of `names`.

    Raises:
        Invalid: there is no such remedy, or two exclude each other, or one that is not a step is named twice, or one
            does not apply after the others.
    """
    return combined(spec, [remedy(name) for name in names], REMEDIES)


def _applies(each: Remedy, spec: ExperimentSpec) -> bool:
    try:
        each.apply(spec)
    except Invalid:
        return False
    return True


__all__ = ["EITHER_OR", "REMEDIES", "Difference", "Remedy", "applicable", "combine", "difference", "remedy", "size"]
