"""Responses about diagnoses."""

from typing import Any
from uuid import UUID

from pydantic import Field

from gradlab.diagnosis import Finding, SeedOutcome, Settling, Unjudged
from gradlab.diagnosis.chain import chain_of
from gradlab.diagnosis.conclusion import Verdict
from gradlab.diagnosis.summary import Confidence, root_of, summary_of
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

    verdict: Verdict = Field(
        description="ill: more than a third of the seeds fail; at risk: some fail, or the initial state predicts it"
    )
    root_cause: str | None = Field(description="rule of the finding that causes the others")
    findings: list[Finding] = Field(description="findings, causes before effects")
    outcomes: list[SeedOutcome] = Field(description="outcome of each seed")
    suggestions: list[SuggestionResponse] = Field(description="applicable remedies of the root cause, best first")
    unjudged: list[Unjudged] = Field(
        default=[], description="rules that cannot be applied to an external training, and the data that they need"
    )
    confidence: Confidence | None = Field(
        default=None,
        description="certain: nothing is unjudged, and every seed shows the root cause; likely: more than half of the "
        "seeds show it",
    )
    settled_by: list[Settling] = Field(
        default=[], description="what would settle a verdict that is undecided or at risk: epochs, seeds, series, facts"
    )

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: verdict, findings as a causal chain, and suggested remedies."""
        rows = [
            (
                f"{'→ ' * bool(link.depth)}{link.finding.title}",
                link.finding.kind,
                f"{len(link.finding.seeds)} of {link.finding.of_seeds}",
                link.finding.since_epoch,
                ", ".join(link.finding.caused_by),
            )
            for link in chain_of(self.findings, self.root_cause)
        ]
        heads = ("finding", "kind", "seeds", "since epoch", "follows from")
        root = root_of(self)
        notes = [root.explanation] if root else []
        for suggestion in self.suggestions:
            notes += [f"may help: {suggestion.title}", *([suggestion.code] if suggestion.code else [])]
        for why in dict.fromkeys(each.why for each in self.unjudged):
            notes.append(f"not judged: {', '.join(each.rule for each in self.unjudged if each.why == why)}: {why}")
        notes += [f"to settle it: {each.what}" for each in self.settled_by]
        return table(str(summary_of(self)), heads, rows, notes)


class ExperimentDiagnosisResponse(DiagnosisResponse):
    """Diagnosis of an experiment, from the epochs recorded so far."""

    experiment_id: UUID
    status: Status
