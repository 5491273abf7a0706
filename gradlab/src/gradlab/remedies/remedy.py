"""Remedy: one change of a spec, with its source and the rules whose findings it may cure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gradlab.diagnosis.rules import RULES
from gradlab.spec import ExperimentSpec


@dataclass(frozen=True)
class Remedy:
    """One change of a spec that can cure an experiment.

    Attributes:
        name: the name of the remedy and of its file.
        title: the name for people.
        order: its place when several are applied, small numbers first: the data (10 to 20), the output (30), which
            layers there are and what they are (40 to 120), how they are drawn (130 to 150), what is put between and
            around them (160 to 210), how all of it is trained (220 and more). Each remedy has a number of its own.
        changes: the change of a spec in one sentence.
        source: the origin of the change and of its numbers.
        apply: returns the treated spec, which always differs from its argument. Raises Invalid where the remedy does
            not apply: field, requirement, and what the spec has.
        steps: True if it is a step on a scale, which may be applied several times; all others are applied once.
    """

    name: str
    title: str
    order: int
    changes: str
    source: str
    apply: Callable[[ExperimentSpec], ExperimentSpec]
    steps: bool = False

    @cached_property
    def treats(self) -> tuple[str, ...]:
        """The names of the rules that suggest this remedy."""
        return tuple(rule.name for rule in RULES if self.name in (*rule.remedies, *rule.also))
