"""An example of a rule: a small network with a finding of that rule, and a picture that shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from matplotlib.figure import Figure

from bench.treating import runs_of
from gradlab.diagnosis import Diagnosis, Finding, Run, diagnose
from gradlab.spec import ANY_SPEC, AnySpec


@dataclass(frozen=True, eq=False)
class TrainedExample:
    """A spec and its recorded runs."""

    spec: AnySpec
    runs: tuple[Run, ...]

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Diagnosis of the runs."""
        return diagnose(self.spec, self.runs)

    def finding(self, rule: str) -> Finding | None:
        """Return the finding of a rule, None without one."""
        return next((each for each in self.diagnosis.findings if each.rule == rule), None)


@dataclass(frozen=True)
class Example:
    """A network made ill on purpose, for one rule.

    Attributes:
        rule: name of the rule.
        made: the cause of the illness, in one sentence.
        seen: the visible sign in the picture, in one sentence.
        fields: the spec as JSON values.
        picture: draws the picture.
        train: trains the spec and returns its runs; external specs have a function of their own.
    """

    rule: str
    made: str
    seen: str
    fields: dict[str, Any] = field(hash=False)
    picture: Callable[[TrainedExample], Figure] = field(hash=False)
    train: Callable[[Any], Sequence[Run]] = runs_of

    @property
    def spec(self) -> AnySpec:
        """The spec of the network."""
        return ANY_SPEC.validate_python(self.fields)


def trained(example: Example) -> TrainedExample:
    """Train an example's spec, once for all the examples that share it."""
    return _trained(example.spec.canonical(), example.train)


@cache
def _trained(canonical: str, train: Callable[[Any], Sequence[Run]]) -> TrainedExample:
    spec = ANY_SPEC.validate_json(canonical)
    return TrainedExample(spec, tuple(train(spec)))
