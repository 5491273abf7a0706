"""Causality among findings: which follows from which, and the one that explains most."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradlab.diagnosis.finding import SEVERITIES, Finding, causes_of, concerns
from gradlab.diagnosis.outcome import FAILING, Outcome
from gradlab.diagnosis.rule import Rule


def in_causal_order(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> tuple[Finding, ...]:
    """Return the findings, in the rules' order, with `caused_by` filled in.

    A cause is a finding of a rule among the other one's `causes`. It is more than ``info``, appears in at least half of
    the other one's seeds, and not later. Of two causes, one of which follows from the other, only the nearer is named.
    """
    direct: list[tuple[str, ...]] = []
    behind: dict[Finding, set[Finding]] = {}  # finding -> all its direct and indirect causes
    for finding in findings:
        possible = [each for each in findings if each.rule in rules[finding.rule].causes and each.severity != "info"]
        causes = [each for each in possible if _precedes(each, finding) and concerns(each, finding)]
        behind[finding] = {*causes}.union(*(behind[each] for each in causes))
        nearest = [each for each in causes if not any(each in behind[other] for other in causes)]
        direct.append(tuple(dict.fromkeys(each.rule for each in nearest)))
    return tuple(replace(each, caused_by=names) for each, names in zip(findings, direct, strict=True))


def _precedes(cause: Finding, effect: Finding) -> bool:
    """True if the cause appears in at least half of the effect's seeds, and not later."""
    shared = len({*cause.seeds} & {*effect.seeds})
    return cause.since_epoch <= effect.since_epoch and 2 * shared >= len(effect.seeds)


def root_finding(findings: Sequence[Finding], outcomes: Mapping[int, Outcome]) -> Finding | None:
    """Return the finding that follows from no other and explains most; None if there is none.

    Findings more than ``info`` come first; then those in most failing seeds, the most severe, the commonest, the
    earliest. Where some seeds fail and there is a finding of kind ``failure``, only failures and their causes compete.
    """
    failing = {seed for seed, each in outcomes.items() if each.verdict in FAILING}
    failures = {each for each in findings if each.kind == "failure"}
    competing = failures if failing and failures else {*findings}
    waiting = list(competing)
    while waiting:
        new = {*causes_of(waiting.pop(), findings)} - competing
        competing |= new
        waiting += new

    def weight(finding: Finding) -> tuple[bool, int, int, int, int]:
        severity = SEVERITIES.index(finding.severity)
        return severity > 0, len({*finding.seeds} & failing), severity, len(finding.seeds), -finding.since_epoch

    sources = [each for each in findings if each in competing and not each.caused_by]
    return max(sources, key=weight, default=None)  # of equals the first in causal order


def root_first(findings: tuple[Finding, ...], root: Finding | None) -> tuple[Finding, ...]:
    """Return the findings with the root cause before others of its rule: the rule's name stands for the first."""
    if root is None or not root.output:
        return findings
    first = next(place for place, each in enumerate(findings) if each.rule == root.rule)
    others = [each for each in findings if each is not root]
    return (*others[:first], root, *others[first:])
