"""From the runs of an experiment to one answer: what is wrong, what follows from what, and where it begins."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_low
from typing import Literal

from gradlab.diagnosis.evidence import ExternalRun, Run, Unknown
from gradlab.diagnosis.finding import SEVERITIES, Finding, Kind, Sighting
from gradlab.diagnosis.outcome import Outcome, outcome, stands_still
from gradlab.diagnosis.rule import Rule
from gradlab.spec import ExperimentSpec, ExternalSpec

Verdict = Literal["healthy", "at risk", "ill", "undecided"]

# More than a third of the seeds: of three runs one may be bad luck. Five relu layers fail in 1 to 10 of 100 seeds, the
# networks that the tutorial calls ill in 75 to 100.
SHARE = 1 / 3


@dataclass(frozen=True)
class SeedOutcome:
    """What became of one seed's run, as plain numbers; None where one cannot be said.

    Attributes:
        seed: whose run.
        outcome: ``learns``, ``fails``, ``diverged`` or ``undecided``.
        epoch: the last epoch that was looked at; None where none is recorded yet.
        gain: the share of the avoidable training loss that it avoids, over the last epochs.
        learnt: the share of the avoidable errors.
        needed: the share of the avoidable errors from which on it learns.
    """

    seed: int
    outcome: str
    epoch: int | None
    gain: float | None
    learnt: float | None
    needed: float | None


@dataclass(frozen=True)
class Unjudged:
    """A rule that cannot be asked of a training that ran elsewhere.

    Attributes:
        rule: its name.
        why: what it needs that is not known.
    """

    rule: str
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with an experiment.

    Attributes:
        verdict: ``ill``: more than a third of the seeds looked at fail, diverge or learn by heart; ``at risk``: some
            do, or a risk is seen in more than a third, or a symptom of a training elsewhere, or a critical one in any
            seed that is not known to learn; ``undecided``: nothing is seen yet and it is too early, or it cannot be
            said; else ``healthy``.
        root_cause: the rule of the finding that the others follow from; None where there is none.
        findings: causes before their consequences.
        outcomes: what became of each seed.
        unjudged: the rules that cannot be asked, of a training that ran elsewhere.
    """

    verdict: Verdict
    root_cause: str | None
    findings: tuple[Finding, ...]
    outcomes: tuple[SeedOutcome, ...]
    unjudged: tuple[Unjudged, ...] = ()


def conclude(spec: ExperimentSpec | ExternalSpec, runs: Sequence[Run], rules: Sequence[Rule]) -> Diagnosis:
    """Ask every rule about every run, and put the answers in order.

    Args:
        spec: the experiment.
        runs: what is recorded of its seeds so far; a seed that is missing, or has no epoch yet, is undecided.
        rules: in causal order: what can cause comes before what it can cause.
    """
    runs = [run for run in runs if len(run.history)]
    outcomes = {run.seed: outcome(run) for run in runs}
    seen: dict[str, dict[int, Sighting]] = {}
    unjudged = []
    for rule in rules:
        try:
            seen[rule.name] = _sightings(rule, runs, outcomes)
        except Unknown as missing:
            unjudged.append(Unjudged(rule.name, str(missing)))
    order = [layer.name for layer in spec.layers]
    found = [_finding(rule, seen[rule.name], len(runs), order) for rule in rules if seen.get(rule.name)]
    findings = _in_causal_order(found, {rule.name: rule for rule in rules})
    verdict = _verdict(findings, outcomes, len(spec.seeds))
    if verdict == "at risk":
        findings = tuple(_with_share(each) for each in findings)
    root = None if verdict in ("healthy", "undecided") else _root(findings, outcomes)
    last = {run.seed: run.history.last_epoch for run in runs}
    told = tuple(_told(seed, last.get(seed), outcomes.get(seed)) for seed in spec.seeds)
    return Diagnosis(verdict, root, findings, told, tuple(unjudged))


def _sightings(rule: Rule, runs: Sequence[Run], outcomes: Mapping[int, Outcome]) -> dict[int, Sighting]:
    """What a rule says of each seed. Symptoms count only where the run fails: many of them are seen in healthy ones.

    Of a run that was trained elsewhere they count as long as its loss has not fallen. Symptoms that are `always`
    reported are no more than a piece of information where the run learns.

    Raises:
        Unknown: it needs what is not known of a training elsewhere, and no seed shows it without.
    """
    seen, missing = {}, None
    for run in runs:
        try:
            sighting = rule(run)
        except Unknown as unknown:
            missing = unknown
            continue
        if sighting is None:
            continue
        became = outcomes[run.seed].verdict
        fails = became in ("fails", "diverged") or (isinstance(run, ExternalRun) and stands_still(run))
        if fails or (sighting.kind or rule.kind) != "symptom":
            seen[run.seed] = sighting
        elif rule.always:
            seen[run.seed] = replace(sighting, severity="info") if became == "learns" else sighting
    if missing is not None and not seen:
        raise missing
    return seen


def _finding(rule: Rule, seen: Mapping[int, Sighting], of_seeds: int, order: Sequence[str]) -> Finding:
    """One finding from what was seen of several seeds: their layers together, the numbers of the one in the middle."""
    kind, severity = _kind(rule, seen), _severity(rule, seen)
    alike = [seed for seed, each in seen.items() if (each.kind or rule.kind) == kind]
    middle = seen[_middle({seed: seen[seed] for seed in alike})]
    named = {layer for sighting in seen.values() for layer in sighting.layers}
    layers = tuple(layer for layer in order if layer in named)
    told = replace(rule, explanation=middle.explanation or rule.explanation).explain(layers, middle.measures)
    return Finding(
        rule=rule.name,
        title=rule.title,
        kind=kind,
        severity=severity,
        layers=layers,
        seeds=tuple(seen),
        of_seeds=of_seeds,
        since_epoch=min(seen[seed].since_epoch for seed in alike),
        measures=middle.measures,
        explanation=told,
        remedies=rule.remedies if middle.remedies is None else middle.remedies,
    )


def _kind(rule: Rule, seen: Mapping[int, Sighting]) -> Kind:
    """A failure where one is confirmed; else the kind that most seeds show, the rule's own where they are equal."""
    kinds = [sighting.kind or rule.kind for sighting in seen.values()]
    if "failure" in kinds:
        return "failure"
    return max(kinds, key=lambda kind: (kinds.count(kind), kind == rule.kind))


def _severity(rule: Rule, seen: Mapping[int, Sighting]) -> Literal["info", "warning", "critical"]:
    return max((sighting.severity or rule.severity for sighting in seen.values()), key=SEVERITIES.index)


def _middle(seen: Mapping[int, Sighting]) -> int:
    """The seed whose decisive number is the median one."""
    decisive = {seed: each.measures[0].value if each.measures else None for seed, each in seen.items()}
    known = {seed: value for seed, value in decisive.items() if value is not None}
    if not known:
        return next(iter(seen))
    middle = median_low(known.values())
    return next(seed for seed, value in known.items() if value == middle)


def _in_causal_order(found: Sequence[Finding], rules: Mapping[str, Rule]) -> tuple[Finding, ...]:
    """The findings, in the rules' order, each with those that it directly follows from.

    A finding follows from another one that can cause it, does more than inform, is seen in half of its seeds at least,
    and not later. Of two causes one of which follows from the other, the nearer one is named.
    """
    direct: dict[str, tuple[str, ...]] = {}
    behind: dict[str, set[str]] = {}  # rule -> all that it follows from
    for finding in found:
        possible = [each for each in found if each.rule in rules[finding.rule].causes and each.severity != "info"]
        causes = [each.rule for each in possible if _precedes(each, finding)]
        behind[finding.rule] = {*causes}.union(*(behind[name] for name in causes))
        direct[finding.rule] = tuple(name for name in causes if not any(name in behind[other] for other in causes))
    return tuple(replace(finding, caused_by=direct[finding.rule]) for finding in found)


def _precedes(cause: Finding, effect: Finding) -> bool:
    shared = len({*cause.seeds} & {*effect.seeds})
    return cause.since_epoch <= effect.since_epoch and 2 * shared >= len(effect.seeds)


def _verdict(findings: Sequence[Finding], outcomes: Mapping[int, Outcome], seeds: int) -> Verdict:
    known = {seed: each.verdict for seed, each in outcomes.items() if each.verdict != "undecided"}
    bad = {seed for seed, verdict in known.items() if verdict in ("fails", "diverged")}
    bad |= {seed for finding in findings if finding.kind == "failure" for seed in finding.seeds}
    if bad and len(bad) > SHARE * len(outcomes):
        return "ill"
    # Symptoms are among them: of our own trainings only those that fail show any, and these are bad already.
    risks = [each for each in findings if each.kind in ("risk", "symptom") and each.severity != "info"]
    if bad or any(len(each.seeds) > SHARE * each.of_seeds or _threatens(each, known) for each in risks):
        return "at risk"
    return "undecided" if len(known) < seeds else "healthy"


def _with_share(finding: Finding) -> Finding:
    """The finding, saying how many seeds show it where they are too few to make the experiment ill."""
    if finding.severity != "critical" or len(finding.seeds) > SHARE * finding.of_seeds:
        return finding
    share = f"This is seen in {len(finding.seeds)} of {finding.of_seeds} seeds."
    return replace(finding, explanation=f"{finding.explanation} {share}")


def _threatens(finding: Finding, known: Mapping[int, str]) -> bool:
    """Whether it is critical for some seed, however few they are, that is not known to learn in spite of it."""
    return finding.severity == "critical" and any(known.get(seed) != "learns" for seed in finding.seeds)


def _root(findings: Sequence[Finding], outcomes: Mapping[int, Outcome]) -> str | None:
    """The finding that follows from no other and explains most: most failing seeds first, then the most severe, the
    commonest, the earliest.

    Where something failed and it is said what, only what leads there is asked.
    """
    failing = {seed for seed, each in outcomes.items() if each.verdict in ("fails", "diverged")}
    by_name = {each.rule: each for each in findings}
    failures = {each.rule for each in findings if each.kind == "failure"}
    asked = failures if failing and failures else {*by_name}
    waiting = list(asked)
    while waiting:
        new = {*by_name[waiting.pop()].caused_by} - asked
        asked |= new
        waiting += new

    def weight(finding: Finding) -> tuple[bool, int, int, int, int]:
        severity = SEVERITIES.index(finding.severity)
        return severity > 0, len({*finding.seeds} & failing), severity, len(finding.seeds), -finding.since_epoch

    sources = [each for each in findings if each.rule in asked and not each.caused_by]
    return max(sources, key=weight).rule if sources else None  # of equals the first in causal order


def _told(seed: int, epoch: int | None, became: Outcome | None) -> SeedOutcome:
    if became is None:
        return SeedOutcome(seed, "undecided", epoch, None, None, None)
    numbers = (became.gain, became.learnt, became.least_learnt)
    return SeedOutcome(seed, became.verdict, epoch, *(each if math.isfinite(each) else None for each in numbers))
