"""The recommended cure: its choice, the trials that leave out one of its remedies, and the test that it is smallest."""

from collections import Counter
from collections.abc import Sequence

from core.treatment.judgement import Judgement
from core.treatment.parts import is_clearly_better, made, trains_the_same, without
from core.treatment.result import criterion
from core.treatment.trial import Treatment, Trial
from gradlab.remedies import size
from gradlab.schemas.trials import Part


def recommended(treatment: Treatment, judged: Sequence[Judgement]) -> Judgement | None:
    """Return the smallest cure that no other cure significantly exceeds; None if no change cures yet."""
    cures = sorted((each for each in judged if each.worth == "cures"), key=_preference)
    higher = criterion(treatment.base)[1]
    for each in cures:
        if not any(_is_better(other, each, higher=higher) for other in cures if other is not each):
            return each
    return cures[0] if cures else None


def smaller_cures(best: Judgement, judged: Sequence[Judgement]) -> list[Judgement]:
    """Return the cures that change less than the recommended one, or use only some of its remedies."""
    whole = Counter(best.trial.remedies)
    cures = [each for each in judged if each.worth == "cures"]
    return [each for each in cures if each.change < best.change or Counter(each.trial.remedies) < whole]


def is_smallest(best: Judgement, judged: Sequence[Judgement], parts: Sequence[Part]) -> bool:
    """Return True if no smaller trial cures, and leaving out any one remedy was significantly worse."""
    return not smaller_cures(best, judged) and all(part.is_needed for part in parts)


def next_part(treatment: Treatment, best: Judgement | None) -> Trial | None:
    """Return the next trial of the recommended cure without one of its remedies, the smallest change first.

    There is one at a time: if the part cures as well, it is recommended, and the other parts need no trial. A trial
    that triage deferred is returned itself. None if no part is left, or a person chose the changes.
    """
    if treatment.chosen or best is None or len(best.trial.remedies) < 2:
        return None
    rests = [without(best.trial.remedies, name) for name in dict.fromkeys(best.trial.remedies)]
    parts = [Trial("treated", names, spec, "looking") for names in rests if (spec := made(treatment.base, names))]
    for part in sorted(parts, key=lambda trial: size(treatment.base, trial.spec)):
        alike = [trial for trial in treatment.trials if trains_the_same(trial.spec, part.spec)]
        if not alike:
            return part
        if all(trial.stage == "deferred" for trial in alike):
            return alike[0]
    return None


def _preference(judged: Judgement) -> tuple[int, int, int, int]:
    """Sort key: the smallest change, then the fewest remedies, the fewest ill seeds, and the smallest network."""
    return judged.change, len(judged.trial.remedies), judged.ill.count, judged.trial.spec.parameter_count


def _is_better(one: Judgement, other: Judgement, *, higher: bool) -> bool:
    result, than = one.trial.result, other.trial.result
    return result is not None and than is not None and is_clearly_better(result, than, higher=higher)
