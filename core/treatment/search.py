"""Which trial comes next: a pure function of what is known so far.

Single changes first, a few at a time; then, where several things are wrong by themselves, remedies against all of them
at once. As soon as one cures, only smaller ones are still tried: the smallest cure is wanted. Of the cure that is
recommended each of several remedies is left out once, the smallest rest first, which shows what it contributes; where a
rest does as well it is recommended, and taken apart in its turn. And where the best has clearly learnt less than the
nearest neighbours or a linear model know, or than all there is where they cannot say, what its own diagnosis names and
higher rates, if need be once more, are tried on top of it, a round at a time, as long as that makes a better one.

One that leaves hardly a seed ill, or hardly more than a cure and learns clearly more, which may be luck, is confirmed
on the control's seeds, unless these could prove nothing. Where nothing cures, the best is combined with others: with
what its own diagnosis names, then with the rest; and then whatever else applies is tried. Nothing is built upon a trial
that cures nothing where another one is better in all respects. Every treated spec goes through triage first; one that
is foretold to fail waits until nothing else is left, or until it is a part of the cure.
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

# The control trains on so many fresh seeds for each of a trial's: what a round of trials costs.
CONTROL = ROUND
# The share of the budget that single changes may take where the diagnosis chose them: the rest is for combinations.
SINGLES = 2 / 3
# The best that accuracy and R² can be: what can be learnt where nobody can say.
PERFECT = 1.0
# What may let a network that learns, and nothing is wrong with any more, learn more in its epochs.
FASTER = ("learning_rate_tripled", "learning_rate_higher")
LARGEST_SEED = 2**32 - 1

Names = tuple[str, ...]


def begin(
    spec: ExperimentSpec, candidates: Sequence[Names], *, seeds: int, budget: int, chosen: bool, untreated: Trial | None
) -> Treatment:
    """A treatment whose first trials are to be trained.

    Args:
        spec: the untreated experiment.
        candidates: the changes to be tried, in their order; those that do not apply are passed over.
        seeds: on how many seeds: the experiment's own first, then the smallest that it does not have.
        budget: at most so many treated specs are trained.
        chosen: a person chose the candidates.
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
    """The treatment with the trials that come next; the same one where some are under way or nothing is left to do."""
    treatment = with_hindsight(treatment)
    treatment = replace(treatment, trials=tuple(_decided(trial, treatment.chosen) for trial in treatment.trials))
    treated = treatment.of_role("treated")
    left = treatment.budget - sum(trial.stage != "deferred" for trial in treated)
    if any(trial.is_under_way for trial in treated) or left < 1:
        return treatment
    if treated and not (treatment.is_over and treatment.result_of("untreated")):
        return treatment  # the untreated runs are waited for before a second round
    together = left if treatment.chosen else min(ROUND, left)
    if new := _confirmations(treatment):
        return _begun(treatment, new)
    if part := next_part(treatment, recommended(treatment, judge(treatment))):
        return _after_all(treatment, [part]) if part.stage == "deferred" else _begun(treatment, [part])
    if new := _next(treatment, together):
        return _begun(treatment, new)
    return _revived(treatment, together)


def _decided(trial: Trial, chosen: bool) -> Trial:
    """A trial that was looked at is trained, or waits."""
    if trial.stage != "looking" or trial.triage is None:
        return trial
    return replace(trial, stage="deferred" if trial.triage.foretells_failure and not chosen else "training")


def _next(treatment: Treatment, together: int) -> tuple[Trial, ...]:
    """What has not been tried and is worth it, best first: never single changes and combinations in one round."""
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
    """The best combination, where it helps, with each remedy in another way, then with what its own diagnosis names.

    One against as many causes as may be treated together may have one remedy more.
    """
    best = min(judged, key=lambda each: _rank(treatment, each), default=None)
    if treatment.chosen or best is None or best.worth not in ("helps", "unproven") or len(best.trial.remedies) < 2:
        return
    yield from swapped(best.trial.remedies)
    if best.trial.result:
        room = 1 if best.trial.remedies in treatment.candidates else 0
        yield from _with_one_more(best, of_different_sorts(best.trial.result.remedies), room=room)


def _improvements(treatment: Treatment, judged: Sequence[Judgement]) -> Iterator[Names]:
    """The best cure with what may make it learn more, where clearly more can be learnt than it has."""
    if treatment.chosen:
        return
    best = min((each for each in judged if each.worth == "cures"), key=lambda each: _rank(treatment, each))
    done = any(Counter(each.remedies) > Counter(best.trial.remedies) for each in treatment.of_role("treated"))
    if best.trial.result and not done and not _is_as_good_as_known(best):
        yield from _with_one_more(best, (*best.trial.result.remedies, *FASTER), again=FASTER)


def _is_as_good_as_known(judged: Judgement) -> bool:
    """Whether hardly more can be learnt; who knows clearly less than the network does cannot say."""
    found = judged.trial.result
    if found is None or found.test is None or found.constant is None:
        return True
    most = found.baseline
    if most is None or found.test > most + POINTS:
        most = PERFECT
    return found.test >= most - MEDIAN_POINTS


def _untried(treatment: Treatment, changes: Iterable[Names]) -> Iterator[Trial]:
    """Those of the changes that apply and make another spec than all trials so far, as trials."""
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
    """The smallest change that may yet cure, on the control's seeds: where none is known to, or not so well."""
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
    """Whether it is luck, good or bad, that keeps a change from being known to cure."""
    if judged.worth == "unproven":
        return judged.ill.count <= MAX_ILL * judged.ill.of
    return judged.worth == "helps" and judged.ill.low <= MAX_ILL


def _is_worth_more_seeds(treatment: Treatment, each: Judgement, judged: Sequence[Judgement]) -> bool:
    """True for a change that helps if one seed more is ill than a cure leaves, and it cannot be varied any more."""
    close = each.ill.count <= 1 + MAX_ILL * each.ill.of
    return close and not any(_untried(treatment, _variations(treatment, judged)))


def _is_clearly_better(judged: Judgement, other: Judgement, base: ExperimentSpec) -> bool:
    found, best = judged.trial.result, other.trial.result
    if not found or not best or found.test is None or best.test is None or not criterion(base)[1]:
        return False
    return found.test > best.test + MEDIAN_POINTS


def _singles(treatment: Treatment) -> Sequence[Names]:
    if treatment.chosen:
        return treatment.candidates
    return treatment.candidates[: math.ceil(SINGLES * treatment.budget)]


def _combinations(treatment: Treatment, judged: Sequence[Judgement]) -> Iterator[Names]:
    """The best trials, each with one remedy more: what its own diagnosis names, what was tried, the rest."""
    ranked = sorted(_undominated(treatment, judged), key=lambda each: _rank(treatment, each))
    named = [name for names in treatment.candidates for name in names]
    ordered = [name for each in ranked for name in each.trial.remedies]
    for each in ranked:
        if each.trial.result:
            advised = () if treatment.chosen else each.trial.result.remedies
            yield from _with_one_more(each, (*advised, *ordered, *named))


def _undominated(treatment: Treatment, judged: Sequence[Judgement]) -> list[Judgement]:
    """The trials to build upon: without those that cure nothing, of which another one is better in all respects.

    In all: no more seeds ill, no worse a metric, no larger a change, and one of these better.
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
    """A trial's remedies, each time with one of the names besides; none where that would be too many together.

    Those to be taken `again` may be among its remedies already.
    """
    remedies = judged.trial.remedies
    if len(remedies) < MAX_TOGETHER + room:
        yield from ((*remedies, name) for name in dict.fromkeys(names) if name in again or name not in remedies)


def _others(treatment: Treatment) -> Iterator[Names]:
    """What no diagnosis has named, and applies all the same; nothing that only keeps from learning by heart."""
    if not treatment.chosen:
        for each in applicable(treatment.base):
            if "overfitting" not in each.treats:
                yield (each.name,)


def _rank(treatment: Treatment, judged: Judgement) -> tuple[float, float, int]:
    """Fewest ill seeds, then the best test metric, then the smallest change."""
    sign = -1 if criterion(treatment.base)[1] else 1
    test = judged.trial.result.test if judged.trial.result else None
    return judged.ill.count / judged.ill.of, float("inf") if test is None else sign * test, judged.change


def _revived(treatment: Treatment, most: int) -> Treatment:
    """What triage warned of is trained after all, where nothing else is left and nothing cures."""
    if any(each.worth == "cures" for each in judge(treatment)) or has_nothing_to_cure(treatment):
        return treatment
    return _after_all(treatment, [trial for trial in treatment.trials if trial.stage == "deferred"][:most])


def _begun(treatment: Treatment, new: Sequence[Trial]) -> Treatment:
    return replace(treatment, trials=(*treatment.trials, *new))


def _after_all(treatment: Treatment, put_off: Sequence[Trial]) -> Treatment:
    """The treatment in which some trials that triage warned of are trained."""
    trials = (replace(trial, stage="training") if trial in put_off else trial for trial in treatment.trials)
    return replace(treatment, trials=tuple(trials))


def _fresh(count: int, taken: set[int]) -> tuple[int, ...]:
    """The smallest seeds that are not taken."""
    found = (seed for seed in range(LARGEST_SEED) if seed not in taken)
    return tuple(next(found) for _ in range(count))
