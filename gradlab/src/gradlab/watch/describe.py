"""A diagnosis as plain text, for the end of a training: at most 15 lines."""

from collections.abc import Sequence
from textwrap import wrap

from gradlab.diagnosis import Diagnosis, Finding, Unjudged
from gradlab.diagnosis.chain import chain_lines
from gradlab.diagnosis.summary import root_of, summary_of
from gradlab.responses.suggestions import suggestions
from gradlab.spec import ExternalSpec

WIDTH = 100
# Lines of the explanation, of the causal chain below the root cause, of a remedy's code, and of what would settle the
# verdict, with a root cause and without. With the verdict, the remedies and what is not judged they are 15 at most.
MAX_EXPLANATION, MAX_CHAIN, MAX_CODE, MAX_SETTLING, MAX_ADVICES = 3, 3, 4, (1, 2), 2
# Rules that are named in one line.
MAX_NAMES = 5
MORE = '; `watch.report("report.html")` has all of it'


def describe(diagnosis: Diagnosis, spec: ExternalSpec) -> str:
    """Return a diagnosis as text, without the parts that there are none of.

    They are verdict, root cause with its explanation, what follows from it, remedies with code, ways to settle the
    verdict, and unjudged rules.

    Args:
        diagnosis: of the training.
        spec: the training's description, from which code is written.
    """
    lines = [f"Gradient Lab: {summary_of(diagnosis)}"]
    root = root_of(diagnosis)
    chain = chain_lines(diagnosis.findings, diagnosis.root_cause, max_lines=MAX_CHAIN + (root is not None), hint=MORE)
    if root is not None:
        lines += _indented(wrap(root.explanation, WIDTH - 2, max_lines=MAX_EXPLANATION, placeholder=" …"))
        lines += _indented(chain[1:])  # the first is the root cause
        lines += _remedies(root, diagnosis, spec)
    else:
        lines += _indented(chain)
    settling = diagnosis.settled_by[: MAX_SETTLING[root is None]]
    lines += map(str, settling)
    advices = MAX_ADVICES - (root is not None and len(settling) > 0)
    return "\n".join([*lines, *_unjudged(diagnosis.unjudged, advices)])


def _remedies(root: Finding, diagnosis: Diagnosis, spec: ExternalSpec) -> list[str]:
    """The names of the root cause's remedies, and the first that can be told as code."""
    if not root.remedies:
        return []
    first = next((each for each in suggestions(spec, diagnosis) if each.code), None)
    lines = [f"May help: {', '.join(root.remedies)}" + (f". {first.remedy.title}:" if first else "")]
    code = [] if first is None or first.code is None else [line for line in first.code.splitlines() if line.strip()]
    return lines + _indented([*code[: MAX_CODE - 1], "…"] if len(code) > MAX_CODE else code)


def _unjudged(unjudged: Sequence[Unjudged], max_advices: int) -> list[str]:
    """Lines about unjudged rules, by what the user could pass to make it known; most rules first."""
    rules: dict[str, list[str]] = {}
    for each in unjudged:
        rules.setdefault(f"pass {each.advice}" if each.advice else each.why, []).append(each.rule)
    ordered = sorted(rules.items(), key=lambda item: -len(item[1]))
    lines = [f"Not judged: {_named(names)}; {advice}" for advice, names in ordered[:max_advices]]
    if left := sum(len(names) for _, names in ordered[max_advices:]):
        lines.append(f"Not judged: {left} more; `watch.diagnosis().unjudged` says why")
    return lines


def _named(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
