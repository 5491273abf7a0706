"""Diagnosis in the terminal."""

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradlab.diagnosis import Finding
from gradlab.diagnosis.summary import summary_of
from gradlab.schemas.diagnosis import DiagnosisResponse

COLOURS = {"healthy": "green", "at risk": "yellow", "ill": "red", "undecided": "cyan"}
MAX_SUGGESTED = 5


def render_diagnosis(diagnosis: DiagnosisResponse) -> Group:
    """Render verdict, root cause, findings in causal order, and suggested remedies."""
    line = Text(str(summary_of(diagnosis)), style=f"bold {COLOURS[diagnosis.verdict]}")
    parts: list[Table | Text | Padding] = [line]
    by_rule = {finding.rule: finding for finding in diagnosis.findings}
    if diagnosis.root_cause:
        parts.append(Padding(by_rule[diagnosis.root_cause].explanation, (0, 0, 1, 2)))
    if diagnosis.findings:
        parts.append(_table(diagnosis.findings))
    if diagnosis.unjudged:
        parts += _unjudged(diagnosis)
    for suggestion in diagnosis.suggestions[:MAX_SUGGESTED]:
        parts.append(Text(f"may help: {suggestion.title} ({suggestion.remedy})"))
        if suggestion.spec is None:
            parts.append(Padding(Text(suggestion.code or suggestion.instructions), (0, 0, 1, 2)))
    return Group(*parts)


def _unjudged(diagnosis: DiagnosisResponse) -> list[Text]:
    """One line for each reason: the rules, what is missing, and what could be passed."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in diagnosis.unjudged:
        reasons.setdefault((each.why, each.advice), []).append(each.rule)
    return [
        Text(f"  {', '.join(rules)}: {why}{f'; to pass: {advice}' if advice else ''}", style="dim")
        for (why, advice), rules in reasons.items()
    ]


def _table(findings: list[Finding]) -> Table:
    table = Table("finding", "kind", "seeds", "since", "where", "evidence", "follows from")
    for finding in findings:
        table.add_row(
            finding.title,
            finding.kind if finding.severity != "info" else f"{finding.kind}, info",
            f"{len(finding.seeds)}/{finding.of_seeds}",
            f"epoch {finding.since_epoch}",
            _layers(finding),
            _evidence(finding),
            ", ".join(finding.caused_by),
        )
    return table


def _layers(finding: Finding) -> str:
    if len(finding.layers) > 2:
        return f"{finding.layers[0]} … {finding.layers[-1]}"
    return ", ".join(finding.layers)


def _evidence(finding: Finding) -> str:
    lines = [
        f"{measure.name} {measure} {measure.comparison} {measure.threshold:g}"
        for measure in finding.measures
        if measure.threshold is not None
    ]
    return "\n".join(lines)
