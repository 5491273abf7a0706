"""Remedy: one change of a spec, and which findings it may cure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gradlab.diagnosis.rules import RULES
from gradlab.spec import ExperimentSpec


@dataclass(frozen=True)
class Remedy:
    """One change of an experiment that is known to help.

    Attributes:
        name: how it is asked for, and the name of its file.
        title: the same for people.
        order: its place when several are applied, small numbers first: the data (10 to 20), the output (30), which
            layers there are and what they are (40 to 120), how they are drawn (130 to 150), what is put between and
            around them (160 to 210), how all of it is trained (220 and more). Each remedy has a number of its own.
        changes: what it does to a spec, in one sentence.
        source: where it and its numbers come from.
        apply: the treated spec, another than the one it was given. Raises Invalid where the remedy does not apply,
            with the field, what a spec must have to be treated so, and what this one has.
        steps: it goes one step on a scale, and may go several; any other is applied once or not at all.
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
        """The names of the rules whose findings it may cure: those that name it."""
        return tuple(rule.name for rule in RULES if self.name in (*rule.remedies, *rule.also))
