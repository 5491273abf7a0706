"""A diagnosis as plain text, for the end of a training."""

from textwrap import fill

from gradlab.diagnosis import Diagnosis, Finding
from gradlab.diagnosis.rule import listed

WIDTH = 100
# Findings that are named beside the root cause; the rest are counted.
MAX_FINDINGS = 5


def describe(diagnosis: Diagnosis) -> str:
    """Return verdict, root cause with its explanation, further findings, remedies, and what is not judged."""
    lines = [f"Gradient Lab: {diagnosis.verdict}{_measured_on(diagnosis)}"]
    root = next((each for each in diagnosis.findings if each.rule == diagnosis.root_cause), None)
    if root is not None:
        lines += [f"Root cause: {root.title} ({root.rule})", _indented(root.explanation)]
        if root.remedies:
            lines.append(f"May help: {', '.join(root.remedies)}")
    others = [each for each in diagnosis.findings if each is not root and each.severity != "info"]
    lines += [f"Also: {_line(each)}" for each in others[:MAX_FINDINGS]]
    if len(others) > MAX_FINDINGS:
        lines.append(f"Also: {len(others) - MAX_FINDINGS} more findings")
    if diagnosis.unjudged:
        named = ", ".join(each.rule for each in diagnosis.unjudged[:MAX_FINDINGS])
        more = len(diagnosis.unjudged) - MAX_FINDINGS
        lines.append(f"Not judged: {named}{f' and {more} more' if more > 0 else ''}; `diagnosis().unjudged` says why")
    return "\n".join(lines)


def _measured_on(diagnosis: Diagnosis) -> str:
    return ", on what was measured" if diagnosis.verdict == "healthy" and diagnosis.unjudged else ""


def _line(finding: Finding) -> str:
    return f"{finding.title} ({finding.rule}), in {listed(finding.layers)}"


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
