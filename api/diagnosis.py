"""What the API answers about a diagnosis, typed."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from api.notebook import table
from api.schemas import Answer
from core.diagnosis import Diagnosis, Finding, SeedOutcome, Unjudged
from core.experiments import Suggestion, suggestions
from core.spec import ExperimentSpec, ExternalSpec
from core.store import Experiment, Status


class Change(Answer):
    """One field of a spec that a remedy changes; null where it was not, or is no more."""

    path: str
    before: Any
    after: Any


class SuggestionAnswer(Answer):
    """A change that may help."""

    remedy: str
    title: str
    source: str
    changes: list[Change]
    spec: ExperimentSpec = Field(description="the treated spec, ready to be submitted")

    @classmethod
    def of(cls, suggestion: Suggestion) -> "SuggestionAnswer":
        """The answer for a suggestion."""
        return cls(
            remedy=suggestion.remedy.name,
            title=suggestion.remedy.title,
            source=suggestion.remedy.source,
            changes=[Change(path=each.path, before=each.before, after=each.after) for each in suggestion.changes],
            spec=suggestion.spec,
        )


class DiagnosisAnswer(Answer):
    """What is wrong, on what evidence, and what would help."""

    verdict: Literal["healthy", "at risk", "ill", "undecided"] = Field(
        description="ill: more than a third of the seeds fail; at risk: some do, or the initial state foretells it"
    )
    root_cause: str | None = Field(description="the rule of the finding that the others follow from")
    findings: list[Finding] = Field(description="causes before what follows from them")
    outcomes: list[SeedOutcome] = Field(description="what became of each seed")
    suggestions: list[SuggestionAnswer] = Field(description="remedies for the root cause that apply, best first")
    unjudged: list[Unjudged] = Field(
        default=[], description="rules that cannot be asked of a training that ran elsewhere, and what they need"
    )

    @classmethod
    def of(cls, spec: ExperimentSpec | ExternalSpec, found: Diagnosis, **more: Any) -> Self:
        """The answer for a diagnosis of `spec`."""
        return cls(
            verdict=found.verdict,
            root_cause=found.root_cause,
            findings=list(found.findings),
            outcomes=list(found.outcomes),
            suggestions=[SuggestionAnswer.of(each) for each in suggestions(spec, found)],
            unjudged=list(found.unjudged),
            **more,
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, the findings, causes first, and what may help."""
        rows = [
            (
                each.title,
                each.kind,
                f"{len(each.seeds)} of {each.of_seeds}",
                each.since_epoch,
                ", ".join(each.caused_by),
            )
            for each in self.findings
        ]
        heads = ("finding", "kind", "seeds", "since epoch", "follows from")
        root = [each.explanation for each in self.findings if each.rule == self.root_cause]
        return table(self.verdict, heads, rows, [*root, *(f"may help: {each.title}" for each in self.suggestions)])


class ExperimentDiagnosisAnswer(DiagnosisAnswer):
    """The same of an experiment, as far as it has come."""

    experiment_id: UUID
    status: Status

    @classmethod
    def about(cls, experiment: Experiment, found: Diagnosis) -> Self:
        """The answer for a diagnosis of an experiment."""
        return cls.of(experiment.spec, found, experiment_id=experiment.id, status=experiment.status)
