"""The search for the smallest cure: the next trials as a pure function of the results so far.

* Single changes come first, a round at a time, then changes against all independent causes at once.
* Once a change cures, only smaller ones are tried. Each remedy of the recommended cure is left out once, beginning with
  the smallest remaining change. A remaining change that does as well is recommended, and reduced in its turn.
* A cure may have learnt clearly less than the nearest neighbours or a linear model, or than a perfect score where these
  learn nothing. Then the remedies of its own diagnosis and higher learning rates are added, as long as that helps.
* A change that leaves hardly a seed ill is confirmed on the control's seeds, unless these could not prove it. So is one
  that leaves hardly more seeds ill than a cure and learns clearly more.
* If nothing cures, the best changes are combined with others: the remedies of their own diagnoses, those of other
  trials, then all that apply. A change without effect is not extended if another one is better in all respects.
* Every treated spec is triaged first. One that is foretold to fail is trained only when nothing else is left, or when
  it is a part of the cure.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from core.treatment.hindsight import with_hindsight
from core.treatment.judgement import MAX_ILL, MEDIAN_POINTS, POINTS, Judgement, could_be_proven, judge
from core.treatment.parts import made, swapped
from core.treatment.recommendation import next_part, recommended
from core.treatment.result import MAX_TOGETHER, ROUND, criterion, of_different_sorts
from core.treatment.stopping import has_nothing_to_cure
from core.treatment.trial import Treatment, Trial
from gradlab.remedies import applicable, size
from gradlab.spec import ExperimentSpec

# Fresh seeds of the control for each seed of a trial: the control costs as much as a round of trials.
CONTROL = ROUND
# Share of the budget for single changes that the diagnosis chose; the rest is for combinations.
SINGLES = 2 / 3
# The best accuracy and R²: assumed to be reachable where no baseline is better than a constant prediction.
PERFECT = 1.0
# Remedies by which a network without a finding may learn more in the same epochs.
FASTER = ("learning_rate_tripled", "learning_rate_higher")
LARGEST_SEED = 2**32 - 1

Names = tuple[str, ...]


def begin(
    spec: ExperimentSpec, candidates: Sequence[Names], *, seeds: int, budget: int, chosen: bool, untreated: Trial | None
) -> Treatment:
    """Return a treatment with its first trials.

    Args:
        spec: the untreated experiment.
        candidates: the changes to try, in order; those that do not apply are skipped.
        seeds: number of seeds of a trial: the experiment's own first, then the smallest that it does not have.
        budget: number of treated specs that are trained, at most.
        chosen: True if a person chose the candidates.
        untreated: the experiment itself as a trial, if it was trained on these seeds.
    """
    own = spec.seeds[:seeds]
    own += _fresh(seeds - len(own), {*own})
    base = spec.model_copy(update={"seeds": own})
    fresh = base.model_copy(update={"seeds": _fresh(CONTROL * seeds, {*own, *spec.seeds})})
    applicable = tuple(names for names in candidates if made(base, names))
    trials = (untreated or Trial("untreated", (), base, "training"), Trial("control", (), fresh, "training"))
    return proceed(Treatment(base, applicable, budget, chosen, trials))


def proceed(treatment: Treatment) -> Treatment:
    """Return the treatment with its next trials; unchanged while some are under way, or if none is left."""
    treatment = with_hindsight(treatment)
    treatment = replace(treatment, trials=tuple(_decided(trial, treatment.chosen) for trial in treatment.trials))
    treated = treatment.of_role("treated")
    left = treatment.budget - sum(trial.stage != "deferred" for trial in treated)
    if any(trial.is_under_way for trial in treated) or left < 1:
        return treatment
    if treated and not (treatment.is_over and treatment.result_of("untreated")):
        return treatment  # a second round needs the untreated runs' results
    together = left if treatment.chosen else min(ROUND, left)
    if new := _confirmations(treatment):
        return _begun(treatment, new)
    if part := next_part(treatment, recommended(treatment, judge(treatment))):
        return _after_all(treatment, [part]) if part.stage == "deferred" else _begun(treatment, [part])
    if new := _next(treatment, together):
        return _begun(treatment, new)
    return _revived(treatment, together)


def _decided(trial: Trial, chosen: bool) -> Trial:
    """Move a triaged trial on to its training, or defer it."""
    if trial.stage != "looking" or trial.triage is None:
        return trial
    return replace(trial, stage="deferred" if trial.triage.foretells_failure and not chosen else "training")


def _next(treatment: Treatment, together: int) -> tuple[Trial, ...]:
    """Return the next untried trials, best first, all of one stage of the search; () if none is worth a trial."""
    judged = judge(treatment)
    cures = [each.change for each in judged if each.worth == "cures"]
    if cures:
        smaller = (each for each in _untried(treatment, _singles(treatment)) if _change(treatment, each) < min(cures))
        better = _untried(treatment, _improvements(treatment, judged))
        return tuple(islice(smaller, together)) or tuple(islice(better, together))
    if has_nothing_to_cure(treatment):
        return ()
    stages = (_variations(treatment, judged), _singles(treatment), _combinations(treatment, judged), _others(treatment))
    for stage in stages:
        if new := tuple(islice(_untried(treatment, stage), together)):
            return new
    return ()


def _variations(treatment: Treatment, judged: Sequence[Judgement]) -> Iterator[Names]:
    """Yield variations of the best combination, if it helps: with one remedy replaced, then with one added.

    A combination against `MAX_TOGETHER` causes may have one remedy more.
    """
    best = min(judged, key=lambda each: _rank(treatment, each), default=None)
    if treatment.chosen or best is None or best.worth not in ("helps", "unproven") or len(best.trial.remedies) < 2:
        return
    yield from swapped(best.trial.remedies)
    if best.trial.result:
        room = 1 if best.trial.remedies in treatment.candidates else 0
        yield from _with_one_more(best, of_different_sorts(best.trial.result.remedies), room=room)


def _improvements(treatment: Treatment, judged: Sequence[Judgement]) -> Iterator[Names]:
    """Yield the best cure with one more remedy, if clearly more can be learnt than it has."""
    if treatment.chosen:
        return
    best = min((each for each in judged if each.worth == "cures"), key=lambda each: _rank(treatment, each))
    done = any(Counter(each.remedies) > Counter(best.trial.remedies) for each in treatment.of_role("treated"))
    if best.trial.result and not done and not _reaches_baseline(best):
        yield from _with_one_more(best, (*best.trial.result.remedies, *FASTER), again=FASTER)


def _reaches_baseline(judged: Judgement) -> bool:
    """Return True if the test metric reaches the baseline, or a perfect score where the network exceeds it clearly."""
    result = judged.trial.result
    if result is None or result.test is None or result.constant is None:
        return True
    reachable = result.baseline
    if reachable is None or result.test > reachable + POINTS:
        reachable = PERFECT
    return result.test >= reachable - MEDIAN_POINTS


def _untried(treatment: Treatment, changes: Iterable[Names]) -> Iterator[Trial]:
    """Yield trials of the changes that apply and make another spec than all trials so far."""
    specs = {_nameless(spec) for spec in (treatment.base, *(trial.spec for trial in treatment.of_role("treated")))}
    for names in changes:
        spec = made(treatment.base, names)
        if spec and (same := _nameless(spec)) not in specs:
            specs.add(same)
            yield Trial("treated", names, spec, "looking")


def _nameless(spec: ExperimentSpec) -> ExperimentSpec:
    return spec.model_copy(update={"name": "untitled"})


def _change(treatment: Treatment, trial: Trial) -> int:
    return size(treatment.base, trial.spec)


def _confirmations(treatment: Treatment) -> tuple[Trial, ...]:
    """Return the smallest change that may cure, as a trial on the control's seeds; () if none needs confirmation."""
    judged, control = judge(treatment), treatment.of_role("control")[0]
    if control.result is None or has_nothing_to_cure(treatment):
        return ()
    confirmed = {trial.remedies for trial in treatment.of_role("treated") if trial.spec.seeds == control.spec.seeds}
    cures = [each for each in judged if each.worth == "cures"]
    waiting = [
        each
        for each in judged
        if _may_cure(each)
        and (cures or each.worth == "unproven" or _is_worth_more_seeds(treatment, each, judged))
        and could_be_proven(treatment, each, trials=len(judged) + 1)
        and each.trial.remedies not in confirmed
        and all(_is_clearly_better(each, cure, treatment.base) for cure in cures)
    ]
    if not waiting:
        return ()
    trial = min(waiting, key=lambda each: each.change).trial
    again = trial.spec.model_copy(update={"seeds": control.spec.seeds})
    return (Trial("treated", trial.remedies, again, "training", triage=trial.triage),)


def _may_cure(judged: Judgement) -> bool:
    """Return True if more seeds may prove that a change cures."""
    if judged.worth == "unproven":
        return judged.ill.count <= MAX_ILL * judged.ill.of
    return judged.worth == "helps" and judged.ill.low <= MAX_ILL


def _is_worth_more_seeds(treatment: Treatment, each: Judgement, judged: Sequence[Judgement]) -> bool:
    """Return True if a change leaves at most one ill seed more than a cure, and has no untried variations."""
    close = each.ill.count <= 1 + MAX_ILL * each.ill.of
    return close and not any(_untried(treatment, _variations(treatment, judged)))


def _is_clearly_better(judged: Judgement, other: Judgement, base: ExperimentSpec) -> bool:
    result, best = judged.trial.result, other.trial.result
    if not result or not best or result.test is None or best.test is None or not criterion(base)[1]:
        return False
    return result.test > best.test + MEDIAN_POINTS


def _singles(treatment: Treatment) -> Sequence[Names]:
    if treatment.chosen:
        return treatment.candidates
    return treatment.candidates[: math.ceil(SINGLES * treatment.budget)]


def _combinations(treatment: Treatment, judged: Sequence[Judgement]) -> Iterator[Names]:
    """Yield the best trials with one remedy more: those of their own diagnoses, of other trials, then all others."""
    ranked = sorted(_undominated(treatment, judged), key=lambda each: _rank(treatment, each))
    named = [name for names in treatment.candidates for name in names]
    ordered = [name for each in ranked for name in each.trial.remedies]
    for each in ranked:
        if each.trial.result:
            advised = () if treatment.chosen else each.trial.result.remedies
            yield from _with_one_more(each, (*advised, *ordered, *named))


def _undominated(treatment: Treatment, judged: Sequence[Judgement]) -> list[Judgement]:
    """Return the trials to extend: without those that have no effect and are dominated by another trial.

    A trial dominates if it is no worse in ill seeds, test metric and size of the change, and better in one of these.
    """
    ranks = [_rank(treatment, each) for each in judged]
    useless = ("no effect", "harms")
    return [
        each
        for each, own in zip(judged, ranks, strict=True)
        if each.worth not in useless
        or not any(other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in ranks)
    ]


def _with_one_more(judged: Judgement, names: Iterable[str], again: Names = (), *, room: int = 0) -> Iterator[Names]:
    """Yield a trial's remedies with one of the names added, unless these would be more than `MAX_TOGETHER` + `room`.

    Names in `again` may be added although the trial has them already.
    """
    remedies = judged.trial.remedies
    if len(remedies) < MAX_TOGETHER + room:
        yield from ((*remedies, name) for name in dict.fromkeys(names) if name in again or name not in remedies)


def _others(treatment: Treatment) -> Iterator[Names]:
    """Yield all other remedies that apply, except those against overfitting."""
    if not treatment.chosen:
        for each in applicable(treatment.base):
            if "overfitting" not in each.treats:
                yield (each.name,)


def _rank(treatment: Treatment, judged: Judgement) -> tuple[float, float, int]:
    """Sort key: the fewest ill seeds, then the best test metric, then the smallest change."""
    sign = -1 if criterion(treatment.base)[1] else 1
    test = judged.trial.result.test if judged.trial.result else None
    return judged.ill.count / judged.ill.of, float("inf") if test is None else sign * test, judged.change


def _revived(treatment: Treatment, count: int) -> Treatment:
    """Train up to `count` deferred trials, because nothing cures and no other trial is left."""
    if any(each.worth == "cures" for each in judge(treatment)) or has_nothing_to_cure(treatment):
        return treatment
    return _after_all(treatment, [trial for trial in treatment.trials if trial.stage == "deferred"][:count])


def _begun(treatment: Treatment, new: Sequence[Trial]) -> Treatment:
    return replace(treatment, trials=(*treatment.trials, *new))


def _after_all(treatment: Treatment, deferred: Sequence[Trial]) -> Treatment:
    """Return the treatment with deferred trials in training."""
    trials = (replace(trial, stage="training") if trial in deferred else trial for trial in treatment.trials)
    return replace(treatment, trials=tuple(trials))


def _fresh(count: int, taken: set[int]) -> tuple[int, ...]:
    """Return the smallest seeds that are not taken."""
    free = (seed for seed in range(LARGEST_SEED) if seed not in taken)
    return tuple(next(free) for _ in range(count))
