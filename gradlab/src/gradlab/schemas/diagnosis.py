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
    """Field of a spec that a remedy changes. `before` is null for a new field, `after` for a removed one."""

    path: str
    before: Any
    after: Any


class SuggestionResponse(ResponseModel):
    """Suggested remedy."""

    remedy: str
    title: str
    source: str
    instructions: str = Field(default="", description="the remedy's change in one sentence")
    changes: list[ChangeResponse] = Field(
        description="the changed fields; for an external training by the user's names of layers, where they are known"
    )
    spec: ExperimentSpec | None = Field(
        default=None, description="the changed spec, ready to be submitted; null for an external training"
    )
    code: str | None = Field(
        default=None,
        description="for an external training, the change as Keras or PyTorch code to copy from; null if none can be "
        "written",
    )


class DiagnosisResponse(ResponseModel):
    """Diagnosis: findings with their evidence, the root cause, and suggested remedies."""

    verdict: Literal["healthy", "at risk", "ill", "undecided"] = Field(
        description="ill: more than a third of the seeds fail; at risk: some fail, or the initial state predicts it"
    )
    root_cause: str | None = Field(description="rule of the finding that causes the others")
    findings: list[Finding] = Field(description="findings, causes before effects")
    outcomes: list[SeedOutcome] = Field(description="outcome of each seed")
    suggestions: list[SuggestionResponse] = Field(description="applicable remedies of the root cause, best first")
    unjudged: list[Unjudged] = Field(
        default=[], description="rules that cannot be applied to an external training, and the data that they need"
    )

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: verdict, findings (causes first) and suggested remedies."""
        rows = [
            (
                finding.title,
                finding.kind,
                f"{len(finding.seeds)} of {finding.of_seeds}",
                finding.since_epoch,
                ", ".join(finding.caused_by),
            )
            for finding in self.findings
        ]
        heads = ("finding", "kind", "seeds", "since epoch", "follows from")
        notes = [finding.explanation for finding in self.findings if finding.rule == self.root_cause]
        for suggestion in self.suggestions:
            notes += [f"may help: {suggestion.title}", *([suggestion.code] if suggestion.code else [])]
        for why in dict.fromkeys(each.why for each in self.unjudged):
            notes.append(f"not judged: {', '.join(each.rule for each in self.unjudged if each.why == why)}: {why}")
        return table(self.verdict, heads, rows, notes)


class ExperimentDiagnosisResponse(DiagnosisResponse):
    """Diagnosis of an experiment, from the epochs recorded so far."""

    experiment_id: UUID
    status: Status
