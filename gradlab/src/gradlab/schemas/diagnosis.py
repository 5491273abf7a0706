"""Responses about diagnoses."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from gradlab.diagnosis import Finding, SeedOutcome, Unjudged
from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec


class ChangeResponse(ResponseModel):
    """One field of a spec that a remedy changes; null where it was not, or is no more."""

    path: str
    before: Any
    after: Any


class SuggestionResponse(ResponseModel):
    """A change that may help."""

    remedy: str
    title: str
    source: str
    changes: list[ChangeResponse]
    spec: ExperimentSpec = Field(description="the treated spec, ready to be submitted")


class DiagnosisResponse(ResponseModel):
    """What is wrong, on what evidence, and what would help."""

    verdict: Literal["healthy", "at risk", "ill", "undecided"] = Field(
        description="ill: more than a third of the seeds fail; at risk: some do, or the initial state foretells it"
    )
    root_cause: str | None = Field(description="the rule of the finding that the others follow from")
    findings: list[Finding] = Field(description="causes before what follows from them")
    outcomes: list[SeedOutcome] = Field(description="what became of each seed")
    suggestions: list[SuggestionResponse] = Field(description="remedies for the root cause that apply, best first")
    unjudged: list[Unjudged] = Field(
        default=[], description="rules that cannot be asked of a training that ran elsewhere, and what they need"
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


class ExperimentDiagnosisResponse(DiagnosisResponse):
    """The same of an experiment, as far as it has come."""

    experiment_id: UUID
    status: Status
