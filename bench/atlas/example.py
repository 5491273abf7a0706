"""One illness shown: a small network in which a rule speaks, and the picture in which it is seen best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from matplotlib.figure import Figure

from bench.treating import runs_of
from gradlab.diagnosis import Diagnosis, Finding, Run, diagnose
from gradlab.spec import ANY_SPEC, ExperimentSpec, ExternalSpec


@dataclass(frozen=True, eq=False)
class Trained:
    """A spec, and what was recorded of its seeds."""

    spec: ExperimentSpec | ExternalSpec
    runs: tuple[Run, ...]

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """What the rules say."""
        return diagnose(self.spec, self.runs)

    def finding(self, rule: str) -> Finding | None:
        """What one of them says."""
        return next((each for each in self.diagnosis.findings if each.rule == rule), None)


@dataclass(frozen=True)
class Example:
    """An illness made on purpose.

    Attributes:
        rule: the rule that speaks.
        made: how the network was made ill, in one sentence.
        fields: the spec, as JSON has it.
        seen: what to look at in the picture, in one sentence.
        picture: draws it.
        train: the runs of the spec; of one that is trained elsewhere another function than the service's.
    """

    rule: str
    made: str
    seen: str
    fields: dict[str, Any] = field(hash=False)
    picture: Callable[[Trained], Figure] = field(hash=False)
    train: Callable[[Any], Sequence[Run]] = runs_of

    @property
    def spec(self) -> ExperimentSpec | ExternalSpec:
        """The spec of the network."""
        return ANY_SPEC.validate_python(self.fields)


def trained(example: Example) -> Trained:
    """Train an example's spec, once for all the examples that share it."""
    return _trained(example.spec.canonical(), example.train)


@cache
def _trained(canonical: str, train: Callable[[Any], Sequence[Run]]) -> Trained:
    spec = ANY_SPEC.validate_json(canonical)
    return Trained(spec, tuple(train(spec)))
