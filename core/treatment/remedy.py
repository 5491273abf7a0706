"""What a remedy is: one change of a spec, with what it is good for."""

from collections.abc import Callable
from dataclasses import dataclass

from core.spec import ExperimentSpec


@dataclass(frozen=True)
class Remedy:
    """One change of an experiment that is known to help.

    Attributes:
        name: how it is asked for, and the name of its file.
        title: the same for people.
        treats: the names of the rules in `core.diagnosis` whose findings it may cure.
        changes: what it does to a spec, in one sentence.
        source: where it and its numbers come from.
        apply: the treated spec, another than the one it was given. Raises Invalid where the remedy does not apply,
            with the field, what a spec must have to be treated so, and what this one has.
        steps: it goes one step on a scale, and may go several; any other is applied once or not at all.
    """

    name: str
    title: str
    treats: tuple[str, ...]
    changes: str
    source: str
    apply: Callable[[ExperimentSpec], ExperimentSpec]
    steps: bool = False
