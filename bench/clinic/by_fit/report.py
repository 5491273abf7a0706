"""Report of the clinic by `fit`: agreement with the service, false alarms, unjudged rules, and what differs."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bench.clinic.by_fit.comparing import ByFit, Compared
from bench.clinic.judging import Judged
from bench.clinic.report import share
from gradlab.diagnosis import Diagnosis

# The most rules that may be unjudged in one case.
MAX_UNJUDGED = 3


def lines(by_fit: Sequence[ByFit], pairs: Sequence[Compared]) -> Iterator[str]:
    """Yield the lines on agreement and on unjudged rules.

    Args:
        by_fit: the cases after their fits.
        pairs: both diagnoses of those that were trained.
    """
    left_out = [each for each in by_fit if each.left_out]
    yield f"{len(pairs)} cases by fit; {f'{len(left_out)} more are left out:' if left_out else 'none is left out'}"
    yield from (f"* {each.case.name}: {each.left_out}" for each in left_out)
    yield ""
    yield "| the same as the service's | share (95 %) |\n|---|---|"
    yield f"| verdict | {share([each.same_verdict for each in pairs])} |"
    yield f"| root cause | {share([each.same_root for each in pairs])} |"
    yield f"| verdict and root cause | {share([each.agrees for each in pairs])} |"
    alike = [each.agrees for each in pairs if each.same_outcomes]
    yield f"| the same, where each seed turned out as there | {share(alike)} |"
    yield ""
    yield from _unjudged(pairs)
    yield ""
    yield from _differences(pairs)
    warned = [each for each in by_fit if each.warnings]
    yield f"\nwarnings of a Watch: {len(warned)} cases"
    yield from (f"* {each.case.name}: {'; '.join(each.warnings)}" for each in warned)


def both_sides(fit: Sequence[Judged], service: Sequence[Judged]) -> Iterator[str]:
    """Yield the table of what each side makes of the cases that the criterion confirms."""
    yield "| cases that the criterion confirms | by fit | by the service |\n|---|---|---|"
    sides = [[each for each in side if each.holds] for side in (fit, service)]
    healthy = [[each for each in side if each.case.illness is None] for side in sides]
    ill = [[each for each in side if each.case.illness is not None] for side in sides]
    yield _row("false alarms", [[not each.detected for each in side] for side in healthy])
    yield _row("illness found", [[each.detected for each in side] for side in ill])
    yield _row("root cause right", [[each.root_right for each in side] for side in ill])


def _row(title: str, sides: Sequence[Sequence[bool]]) -> str:
    return f"| {title} | {' | '.join(map(share, sides))} |"


def _unjudged(pairs: Sequence[Compared]) -> Iterator[str]:
    most = max((len(each.fit.unjudged) for each in pairs), default=0)
    over = sum(len(each.fit.unjudged) > MAX_UNJUDGED for each in pairs)
    yield f"unjudged rules: at most {most} in a case; {over} cases have more than {MAX_UNJUDGED}"
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        for each in pair.fit.unjudged:
            reasons[each.rule][each.why] += 1
    if reasons:
        yield "\n| rule | cases in which it is unjudged | what is missing |\n|---|---|---|"
    for rule, why in sorted(reasons.items(), key=lambda item: -item[1].total()):
        yield f"| {rule} | {why.total()} | {'; '.join(why)} |"


def _differences(pairs: Sequence[Compared]) -> Iterator[str]:
    differing = [each for each in pairs if not each.agrees]
    otherwise = sum(not each.same_outcomes for each in differing)
    yield f"{len(differing)} cases differ, {otherwise} of them in how their seeds turned out:"
    for each in differing:
        yield f"* {each.case.name}"
        yield f"  * by fit: {_one_line(each.fit)}"
        yield f"  * by the service: {_one_line(each.service)}"


def _one_line(diagnosis: Diagnosis) -> str:
    """Return verdict, root cause, the seeds' outcomes, and the findings with the number of their seeds."""
    outcomes = Counter(each.outcome for each in diagnosis.outcomes)
    of_seeds = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    findings = ", ".join(f"{each.rule} ({len(each.seeds)})" for each in diagnosis.findings)
    return f"{diagnosis.verdict}, {diagnosis.root_cause}; seeds: {of_seeds}; findings: {findings or 'none'}"
