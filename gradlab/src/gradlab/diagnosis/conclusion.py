"""Conclusion of a diagnosis: verdict, findings in causal order and one root cause, from the runs of an experiment."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gradlab.diagnosis.causality import in_causal_order, root_finding, root_first
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import SEVERITIES, Finding, Kind, OutputName, Sighting
from gradlab.diagnosis.outcome import FAILING, Outcome, outcome, stands_still
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.settling import Settling, settling
from gradlab.diagnosis.unknown import Unknown

if TYPE_CHECKING:
    from gradlab.spec import AnySpec

Verdict = Literal["healthy", "at risk", "ill", "undecided"]
# Verdicts in a list that is sorted by them, and the one of several diagnoses that counts.
VERDICTS_WORST_FIRST: tuple[Verdict, ...] = ("ill", "at risk", "undecided", "healthy")
# Runs of the whole network or as one output shows them, and their outcomes by seed.
_Group = tuple[Sequence[Run], Mapping[int, Outcome]]

# An experiment is ill if more than this share of its seeds is: one of three runs may be bad luck. Five relu layers fail
# in 1 to 10 of 100 seeds, the networks that the tutorial calls ill in 75 to 100.
SHARE = 1 / 3


@dataclass(frozen=True)
class SeedOutcome:
    """Outcome of one seed's run; None for numbers that are undefined.

    Attributes:
        seed: the run's seed.
        outcome: ``learns``, ``fails``, ``diverged`` or ``undecided``.
        epoch: the last epoch that was read; None where none is recorded yet.
        gain: the share of the avoidable training loss that the run avoids over its last epochs, at most 1.
        learnt: the share of the constant prediction's errors that it avoids, at most 1.
        needed: the value of `learnt` from which on a run counts as learning.
        output: the name of the output, of several, whose outcome and numbers these are: the worst; "" for a single one.
    """

    seed: int
    outcome: str
    epoch: int | None
    gain: float | None
    learnt: float | None
    needed: float | None
    output: OutputName = ""


@dataclass(frozen=True)
class Unjudged:
    """A rule that could not be applied.

    Attributes:
        rule: the rule's name.
        why: what is missing.
        advice: what the user could pass to make it known; empty if nothing does.
    """

    rule: str
    why: str
    advice: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of an experiment.

    Attributes:
        verdict: ``ill``: more than a third of the recorded seeds fail, diverge or overfit.
            ``at risk``: some do; or more than a third show a risk, without facts also a symptom; or a seed
            without the outcome ``learns`` shows a critical one.
            ``undecided``: none of these, and some outcomes are undecided.
            ``healthy``: none of these.
        root_cause: the name of the rule whose finding the others follow from; None where there is none.
        findings: causes before their consequences.
        outcomes: one for each seed, in the order of the spec.
        unjudged: the rules that could not be applied, with the reason.
        settled_by: what would settle a verdict that is ``undecided`` or ``at risk``; () where nothing is open.
    """

    verdict: Verdict
    root_cause: str | None
    findings: tuple[Finding, ...]
    outcomes: tuple[SeedOutcome, ...]
    unjudged: Sequence[Unjudged] = ()
    settled_by: Sequence[Settling] = ()


def conclude(spec: "AnySpec", runs: Sequence[Run], rules: Sequence[Rule]) -> Diagnosis:
    """Apply every rule to every run, and draw the conclusion.

    Args:
        spec: the experiment's spec.
        runs: one run for each seed, as far as it is recorded. A seed without a run, or without an epoch, is undecided.
        rules: in causal order, causes before their consequences.
    """
    runs = [run for run in runs if len(run.history)]
    outcomes = {run.seed: outcome(run) for run in runs}
    unordered, unjudged = [], []
    order = [layer.name for layer in spec.layers]
    whole: dict[str, _Group] = {"": (runs, outcomes)}
    by_output = _groups(runs) or whole
    for rule in rules:
        seen, missing = _seen(rule, by_output if rule.of_output else whole)
        unjudged += missing
        unordered += [_finding(rule, each, len(runs), order, output) for output, each in seen.items() if each]
    findings = in_causal_order(unordered, {rule.name: rule for rule in rules})
    bad = _bad_seeds(findings, outcomes)
    verdict = _verdict(findings, outcomes, bad, len(spec.seeds))
    settled_by = () if verdict in ("ill", "healthy") else settling(spec, runs, outcomes, len(bad))
    if verdict == "at risk":
        findings = tuple(_with_share(each) for each in findings)
    root = None if verdict in ("healthy", "undecided") else root_finding(findings, outcomes)
    last = {run.seed: run.history.last_epoch for run in runs}
    of_seeds = tuple(_seed_outcome(seed, last.get(seed), outcomes.get(seed)) for seed in spec.seeds)
    cause = root.rule if root else None
    return Diagnosis(verdict, cause, root_first(findings, root), of_seeds, tuple(unjudged), settled_by)


def _groups(runs: Sequence[Run]) -> dict[str, _Group]:
    """The runs as each of several outputs shows them, by its name; {} for a single output, and without a run."""
    groups: dict[str, _Group] = {}
    for own in zip(*(run.by_output for run in runs), strict=True):
        groups[own[0].output] = own, {run.seed: outcome(run) for run in own}
    return groups


def _seen(rule: Rule, groups: Mapping[str, _Group]) -> tuple[dict[str, dict[int, Sighting]], list[Unjudged]]:
    """The sightings of one rule by output and seed, and where it could not be applied; "" is the whole network."""
    seen, unknown = {}, {}
    for output, (runs, outcomes) in groups.items():
        try:
            seen[output] = _sightings(rule, runs, outcomes)
        except Unknown as missing:
            unknown[output] = missing
    reasons = {(each.why, each.advice) for each in unknown.values()}
    if len(reasons) == 1 and len(unknown) == len(groups):
        return seen, [Unjudged(rule.name, *reasons.pop())]
    return seen, [
        Unjudged(rule.name, f"of the output {output}: {each.why}", each.advice) for output, each in unknown.items()
    ]


def _sightings(rule: Rule, runs: Sequence[Run], outcomes: Mapping[int, Outcome]) -> dict[int, Sighting]:
    """The sightings of one rule, by seed.

    Symptoms count only in runs that fail, since healthy runs show many of them. Without facts they count as long as the
    loss has not fallen. Symptoms that are `always` reported have the severity ``info`` in runs that learn.

    Raises:
        Unknown: the rule needs what the training does not give, and no seed has a sighting.
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
        fails = became in FAILING or (not outcomes[run.seed].by_facts and stands_still(run))
        if fails or (sighting.kind or rule.kind) != "symptom":
            seen[run.seed] = sighting
        elif rule.always:
            seen[run.seed] = replace(sighting, severity="info") if became == "learns" else sighting
    if missing is not None and not seen:
        raise missing
    return seen


def _finding(rule: Rule, seen: Mapping[int, Sighting], of_seeds: int, order: Sequence[str], output: str) -> Finding:
    """One finding from the sightings of several seeds: the layers of all, the measures of the median one."""
    kind, severity = _kind(rule, seen), _severity(rule, seen)
    alike = [seed for seed, each in seen.items() if (each.kind or rule.kind) == kind]
    middle = seen[_middle({seed: seen[seed] for seed in alike})]
    named = {layer for sighting in seen.values() for layer in sighting.layers}
    layers = tuple(layer for layer in order if layer in named)
    explained = replace(rule, explanation=middle.explanation or rule.explanation)
    explanation = explained.explain(layers, middle.measures)
    return Finding(
        rule=rule.name,
        title=f"{rule.title}, output {output}" if output else rule.title,
        kind=kind,
        severity=severity,
        layers=layers,
        seeds=tuple(seen),
        of_seeds=of_seeds,
        since_epoch=min(seen[seed].since_epoch for seed in alike),
        measures=middle.measures,
        explanation=f"Output {output}: {explanation}" if output else explanation,
        remedies=rule.remedies if middle.remedies is None else middle.remedies,
        output=output,
    )


def _kind(rule: Rule, seen: Mapping[int, Sighting]) -> Kind:
    """``failure`` if any seed shows one; else the commonest kind, of equally common ones the rule's own."""
    kinds = [sighting.kind or rule.kind for sighting in seen.values()]
    if "failure" in kinds:
        return "failure"
    return max(kinds, key=lambda kind: (kinds.count(kind), kind == rule.kind))


def _severity(rule: Rule, seen: Mapping[int, Sighting]) -> Literal["info", "warning", "critical"]:
    """The highest severity of all sightings."""
    return max((sighting.severity or rule.severity for sighting in seen.values()), key=SEVERITIES.index)


def _middle(seen: Mapping[int, Sighting]) -> int:
    """The seed whose first measure is the median of all; the first seed where none has a value."""
    first = {seed: each.measures[0].value if each.measures else None for seed, each in seen.items()}
    values = {seed: value for seed, value in first.items() if value is not None}
    if not values:
        return next(iter(seen))
    middle = sorted(values.values())[(len(values) - 1) // 2]  # the lower median, which some seed has
    return next(seed for seed, value in values.items() if value == middle)


def _bad_seeds(findings: Sequence[Finding], outcomes: Mapping[int, Outcome]) -> set[int]:
    """The seeds that fail or diverge, or show a failure."""
    bad = {seed for seed, each in outcomes.items() if each.verdict in FAILING}
    return bad | {seed for finding in findings if finding.kind == "failure" for seed in finding.seeds}


def _verdict(findings: Sequence[Finding], outcomes: Mapping[int, Outcome], bad: Collection[int], seeds: int) -> Verdict:
    decided = {seed: each.verdict for seed, each in outcomes.items() if each.verdict != "undecided"}
    if bad and len(bad) > SHARE * len(outcomes):
        return "ill"
    # Symptoms count here for trainings without facts. With them only runs that fail have any, and are in `bad`.
    risks = [each for each in findings if each.kind in ("risk", "symptom") and each.severity != "info"]
    if bad or any(len(each.seeds) > SHARE * each.of_seeds or _threatens(each, decided) for each in risks):
        return "at risk"
    return "undecided" if len(decided) < seeds else "healthy"


def _with_share(finding: Finding) -> Finding:
    """The finding; a critical one with the number of its seeds, where they are too few to make the experiment ill."""
    if finding.severity != "critical" or len(finding.seeds) > SHARE * finding.of_seeds:
        return finding
    share = f"This is seen in {len(finding.seeds)} of {finding.of_seeds} seeds."
    return replace(finding, explanation=f"{finding.explanation} {share}")


def _threatens(finding: Finding, decided: Mapping[int, str]) -> bool:
    """True if the finding is critical, and one of its seeds does not have the outcome ``learns``."""
    return finding.severity == "critical" and any(decided.get(seed) != "learns" for seed in finding.seeds)


def _seed_outcome(seed: int, epoch: int | None, result: Outcome | None) -> SeedOutcome:
    if result is None:
        return SeedOutcome(seed, "undecided", epoch, None, None, None)
    numbers = (result.gain, result.learnt, result.min_learnt)
    gain, learnt, needed = (each if math.isfinite(each) else None for each in numbers)
    return SeedOutcome(seed, result.verdict, epoch, gain, learnt, needed, result.output)
