"""Diagnosis in the terminal."""

from collections.abc import Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradlab.diagnosis.chain import Link, chain_lines, chain_of, decisive, in_words
from gradlab.diagnosis.rule import listed
from gradlab.diagnosis.summary import DiagnosisSummary, root_of, summary_of
from gradlab.schemas.diagnosis import DiagnosisResponse

COLOURS = {"healthy": "green", "at risk": "yellow", "ill": "red", "undecided": "cyan"}
MAX_SUGGESTED = 5


def render_diagnosis(diagnosis: DiagnosisResponse) -> Group:
    """Render verdict, root cause, findings as a causal chain, what would settle the verdict, and suggested remedies."""
    parts: list[Table | Text | Padding] = [verdict_line(summary_of(diagnosis))]
    if root := root_of(diagnosis):
        parts.append(Padding(root.explanation, (0, 0, 1, 2)))
    if diagnosis.findings:
        parts.append(_table(chain_of(diagnosis.findings, diagnosis.root_cause)))
    parts += settling_lines(diagnosis)
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


def verdict_line(summary: DiagnosisSummary) -> Text:
    """Render verdict, root cause, confidence and the number of unjudged rules as one line."""
    return Text(str(summary), style=f"bold {COLOURS[summary.verdict]}")


def render_verdict(diagnosis: DiagnosisResponse) -> Group:
    """Render the verdict in one line, the causal chain below it, and what would settle the verdict."""
    chain = chain_lines(diagnosis.findings, diagnosis.root_cause)
    lines = [Text(f"  {line}", overflow="ellipsis", no_wrap=True) for line in chain]
    return Group(verdict_line(summary_of(diagnosis)), *lines, *settling_lines(diagnosis))


def settling_lines(diagnosis: DiagnosisResponse) -> list[Text]:
    """Render what would settle the verdict, a line for each."""
    return [Text(f"  {each}") for each in diagnosis.settled_by]


def _table(chain: Sequence[Link]) -> Table:
    table = Table("finding", "kind", "seeds", "since", "where", "evidence", "also from")
    for link in chain:
        finding = link.finding
        table.add_row(
            f"{' ' * (link.depth - 1)}→ {finding.title}" if link.depth else finding.title,
            finding.kind if finding.severity != "info" else f"{finding.kind}, info",
            f"{len(finding.seeds)}/{finding.of_seeds}",
            f"epoch {finding.since_epoch}",
            listed(finding.layers) if finding.layers else "",
            "\n".join(map(in_words, decisive(finding))),
            ", ".join(link.also),
        )
    return table
