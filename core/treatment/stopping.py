"""Reasons for which the search of a treatment stops."""

from core.treatment.judgement import MAX_ILL, judge, untreated_runs
from core.treatment.trial import Treatment
from gradlab.schemas.trials import Stop

WORDS: dict[Stop, str] = {
    "cured": "The search stopped since a change cures, and the trials that follow upon a cure are done.",
    "budget": "The search stopped since as many changes have been tried as the budget allows.",
    "exhausted": "The search stopped since no change that applies is left to be tried.",
    "nothing to cure": "The search stopped since untreated no more seeds are ill than after a cure.",
    "all that was chosen": "The search stopped since all changes that were chosen have been trained.",
    "nothing to compare with": "The search stopped since the untreated spec could not be trained.",
}


def stopped(treatment: Treatment) -> Stop | None:
    """Return the reason for which no trial follows; None while a trial is under way."""
    if not treatment.is_over:
        return None
    treated = treatment.of_role("treated")
    if treatment.result_of("untreated") is None:
        return "nothing to compare with"
    if treatment.chosen:
        return "all that was chosen"
    if sum(trial.stage != "deferred" for trial in treated) >= treatment.budget:
        return "budget"
    if any(each.worth == "cures" for each in judge(treatment)):
        return "cured"
    return "nothing to cure" if has_nothing_to_cure(treatment) else "exhausted"


def has_nothing_to_cure(treatment: Treatment) -> bool:
    """Return True if no more untreated seeds are ill than after a cure, and a round of trials has been finished.

    Always False if a person chose the changes: all of those are tried.
    """
    ill, of = untreated_runs(treatment)
    tried = any(trial.result for trial in treatment.of_role("treated"))
    return not treatment.chosen and tried and ill <= MAX_ILL * of
