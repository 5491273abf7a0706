"""The remedies, one file each: pure functions from a spec to one in which a single thing is changed.

A new file with a `REMEDY` is registered by being there. Its `order` says where it stands among several.
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
    """The remedy of that name.

    Raises:
        Invalid: there is none; says which there are, and which was probably meant.
    """
    known = {each.name: each for each in REMEDIES}
    if name not in known:
        raise Invalid(Problem("remedies", among(tuple(known), name), name))
    return known[name]


def applicable(spec: ExperimentSpec) -> tuple[Remedy, ...]:
    """The remedies that `spec` can be treated with, each by itself."""
    return tuple(each for each in REMEDIES if _applies(each, spec))


def combine(spec: ExperimentSpec, names: Sequence[str]) -> ExperimentSpec:
    """`spec` with several remedies applied, in the order of `REMEDIES` whatever theirs is.

    Raises:
        Invalid: there is no such remedy, two exclude each other, one that is no step on a scale is there twice, or one
            does not apply to what the others made.
    """
    return combined(spec, [remedy(name) for name in names], REMEDIES)


def _applies(each: Remedy, spec: ExperimentSpec) -> bool:
    try:
        each.apply(spec)
    except Invalid:
        return False
    return True


__all__ = ["EITHER_OR", "REMEDIES", "Difference", "Remedy", "applicable", "combine", "difference", "remedy", "size"]
