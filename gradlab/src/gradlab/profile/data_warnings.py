"""Warnings of faults of the samples that break trainings, one function each."""

from collections.abc import Callable

from gradlab.profile import input_warnings as inputs
from gradlab.profile import target_warnings as targets
from gradlab.profile.model import DataWarning
from gradlab.profile.samples import Samples

# Gravest first: what ends a training, what is no answer, what makes it unstable, what is worth knowing.
CHECKS: tuple[Callable[[Samples], DataWarning | None], ...] = (
    inputs.infinite, inputs.missing, targets.divided, inputs.leak, targets.contradicting, inputs.duplicated,
    targets.few_samples, targets.noise, targets.mixed_forms, targets.shifted, inputs.pixels, inputs.scales,
    targets.target_scale, targets.unequal, targets.ordered, inputs.constant, inputs.identifiers, inputs.few_rows,
    targets.texts,
)  # fmt: skip


def warnings_of(samples: Samples) -> tuple[DataWarning, ...]:
    """Return the warnings about samples, gravest first."""
    return tuple(each for check in CHECKS if (each := check(samples)) is not None)
