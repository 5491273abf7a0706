"""Causal chain of a diagnosis: each finding below the one that it follows from, root cause first, as text too."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradlab.diagnosis.finding import Finding, Measure, causes_of
from gradlab.diagnosis.rule import listed

MAX_MEASURES = 2  # that a line has; the decisive one is the first
INDENT = "  "


@dataclass(frozen=True)
class Link:
    """A finding at its place in the chain.

    Attributes:
        finding: the finding.
        depth: the number of findings above it that it follows from; 0 for a cause that follows from none.
        also: further rules whose findings it directly follows from.
    """

    finding: Finding
    depth: int
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The finding in a line: ``→ TITLE (RULE), in LAYERS: MEASURE``, indented by its depth."""
        arrow = f"{INDENT * (self.depth - 1)}→ " if self.depth else ""
        where = f", in {listed(self.finding.layers)}" if self.finding.layers else ""
        also = f"; also from {', '.join(self.also)}" if self.also else ""
        evidence = ", ".join(map(in_words, decisive(self.finding)[:MAX_MEASURES]))
        return f"{arrow}{self.finding.title} ({self.finding.rule}){where}{f': {evidence}' if evidence else ''}{also}"


def chain_of(findings: Sequence[Finding], root: str | None) -> tuple[Link, ...]:
    """Return the findings as a tree, depth first: the root cause with what follows from it, then the other causes.

    A finding with several causes stands below the first of them that is reached.

    Args:
        findings: causes before their consequences.
        root: the rule of the root cause; None if there is none.
    """
    chain: dict[tuple[str, str], Link] = {}
    causes = {(each.rule, each.output): causes_of(each, findings) for each in findings}

    def add(finding: Finding, depth: int, above: Finding | None) -> None:
        others = {each.rule for each in causes[finding.rule, finding.output]} - {above and above.rule}
        also = tuple(rule for rule in finding.caused_by if rule in others)
        chain[finding.rule, finding.output] = Link(finding, depth, also)
        for each in findings:
            if finding in causes[each.rule, each.output] and (each.rule, each.output) not in chain:
                add(each, depth + 1, finding)

    sources = [each for each in findings if not causes[each.rule, each.output]]
    for source in sorted(sources, key=lambda each: each.rule != root):
        add(source, 0, None)
    return tuple(chain.values())


def serious(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that are more than information."""
    return [each for each in findings if each.severity != "info"]


def decisive(finding: Finding) -> list[Measure]:
    """Return the measures that lie beyond a threshold."""
    return [each for each in finding.measures if each.threshold is not None]


def in_words(measure: Measure) -> str:
    """Return a measure with its threshold: ``dead_share 1 > 0.5``."""
    return f"{measure.name} {measure} {measure.comparison} {measure.threshold:g}"


def chain_lines(
    findings: Sequence[Finding], root: str | None, *, max_lines: int | None = None, hint: str = ""
) -> list[str]:
    """Return the chain of the serious findings as text, a line for each.

    Args:
        findings, root: as in `chain_of`.
        max_lines: of more, the beginning and the end of the chain are kept, and the rest is counted in a line.
        hint: what stands behind that count.
    """
    chain = chain_of(serious(findings), root)
    lines = [str(link) for link in chain]
    if max_lines is None or len(lines) <= max_lines:
        return lines
    ends = [i for i, link in enumerate(chain) if link.finding.kind == "failure" and i >= max_lines - 2]
    left = len(lines) - max_lines + 1
    return [*lines[: max_lines - 2], f"… {left} more findings{hint}", lines[ends[-1] if ends else -1].lstrip()]
