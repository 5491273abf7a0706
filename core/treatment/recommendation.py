"""Which cure is recommended, how it is taken apart, and whether it is shown to be the smallest."""

from collections import Counter
from collections.abc import Sequence

from core.treatment.judgement import Judgement
from core.treatment.parts import is_clearly_better, made, trains_the_same, without
from core.treatment.result import criterion
from core.treatment.trial import Treatment, Trial
from gradlab.remedies import size
from gradlab.schemas.trials import Part


def recommended(treatment: Treatment, judged: Sequence[Judgement]) -> Judgement | None:
    """The smallest cure that no other one is better than, beyond luck; None where nothing is known to cure."""
    cures = sorted((each for each in judged if each.worth == "cures"), key=_preference)
    higher = criterion(treatment.base)[1]
    for each in cures:
        if not any(_is_better(other, each, higher=higher) for other in cures if other is not each):
            return each
    return cures[0] if cures else None


def smaller_cures(best: Judgement, judged: Sequence[Judgement]) -> list[Judgement]:
    """The cures that are a smaller change than the recommended one, or a part of it, and not as well beyond luck."""
    whole = Counter(best.trial.remedies)
    cures = [each for each in judged if each.worth == "cures"]
    return [each for each in cures if each.change < best.change or Counter(each.trial.remedies) < whole]


def is_smallest(best: Judgement, judged: Sequence[Judgement], parts: Sequence[Part]) -> bool:
    """True if no smaller change that was tried cures, and each remedy was left out and the others did clearly worse."""
    return not smaller_cures(best, judged) and all(part.is_needed for part in parts)


def next_part(treatment: Treatment, best: Judgement | None) -> Trial | None:
    """What the recommended cure makes without one of its remedies: the smallest change first that was not trained yet.

    One at a time: where a part cures as well it is recommended, and the others of the whole need not be trained. One
    that triage has put off is that very trial. None where no part is left, or a person has chosen the changes.
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
    """The smallest change; of equals the fewest remedies, the fewest seeds that stay ill, then the smallest network."""
    return judged.change, len(judged.trial.remedies), judged.ill.count, judged.trial.spec.parameter_count


def _is_better(one: Judgement, other: Judgement, *, higher: bool) -> bool:
    result, than = one.trial.result, other.trial.result
    return result is not None and than is not None and is_clearly_better(result, than, higher=higher)
