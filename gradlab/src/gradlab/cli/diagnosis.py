"""What the terminal shows of a diagnosis."""

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradlab.diagnosis import Finding
from gradlab.schemas.diagnosis import DiagnosisResponse

COLOURS = {"healthy": "green", "at risk": "yellow", "ill": "red", "undecided": "cyan"}
MAX_SUGGESTED = 5


def diagnosis(found: DiagnosisResponse) -> Group:
    """Verdict, root cause, findings in causal order, and what would help."""
    parts: list[Table | Text | Padding] = [Text(found.verdict, style=f"bold {COLOURS[found.verdict]}")]
    by_rule = {each.rule: each for each in found.findings}
    if found.root_cause:
        root = by_rule[found.root_cause]
        parts += [Text(f"Root cause: {root.title}", style="bold"), Padding(root.explanation, (0, 0, 1, 2))]
    if found.findings:
        parts.append(_table(found.findings))
    if found.unjudged:
        parts.append(Text(f"trained elsewhere: {len(found.unjudged)} rules cannot be judged", style="dim"))
    for each in found.suggestions[:MAX_SUGGESTED]:
        parts.append(Text(f"may help: {each.title} ({each.remedy})"))
    return Group(*parts)


def _table(findings: list[Finding]) -> Table:
    table = Table("finding", "kind", "seeds", "since", "where", "evidence", "follows from")
    for each in findings:
        table.add_row(
            each.title,
            each.kind if each.severity != "info" else f"{each.kind}, info",
            f"{len(each.seeds)}/{each.of_seeds}",
            f"epoch {each.since_epoch}",
            _where(each),
            _evidence(each),
            ", ".join(each.caused_by),
        )
    return table


def _where(finding: Finding) -> str:
    if len(finding.layers) > 2:
        return f"{finding.layers[0]} … {finding.layers[-1]}"
    return ", ".join(finding.layers)


def _evidence(finding: Finding) -> str:
    shown = [
        f"{each.name} {each} {each.comparison} {each.threshold:g}"
        for each in finding.measures
        if each.threshold is not None
    ]
    return "\n".join(shown)
