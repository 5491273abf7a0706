"""XOR by the absolute error with few, small updates: another loss alone, or more updates alone, leave all seeds ill.

The search treats both at once, and shows that both are needed.
"""

import pytest

from bench.treating import runs_of, treated
from core.treatment import begin, candidates, report
from gradlab.diagnosis import diagnose
from gradlab.spec import ExperimentSpec
from tests.cases.test_09_xor_by_absolute_error import SPEC


def searched(first):
    """The report on eight seeds, after a diagnosis of five."""
    spec = ExperimentSpec.model_validate(SPEC | {"seeds": list(range(first, first + 5))})
    found = diagnose(spec, runs_of(spec))
    assert found.root_cause == "unsuited_loss"
    done = report(treated(begin(spec, candidates(found, spec), seeds=8, budget=12, chosen=False, untreated=None)))
    assert len(done.judgements) <= 12
    assert done.recommended is not None, done.summary
    assert done.recommended.worth == "cures"
    assert done.recommended.ill.count == 0
    assert done.recommended.trial.result is not None
    assert done.recommended.trial.result.test == 1.0
    assert "output_matched_to_task" in done.recommended.trial.remedies
    assert done.is_smallest is all(part.is_needed for part in done.parts)
    return done


@pytest.mark.campaign
def test_the_loss_and_the_updates_are_treated_together_and_both_are_needed():
    done = searched(first=0)
    _, *updates = done.recommended.trial.remedies
    assert {*updates} <= {"learning_rate_higher", "learning_rate_tripled", "batch_size_smaller", "more_epochs"}
    assert done.is_smallest
    assert done.summary.count("It needs") == len(done.parts)


@pytest.mark.campaign
def test_where_the_few_updates_are_not_named_another_combination_cures_and_what_was_not_tried_is_told():
    """With these seeds the weights move a little more, and the signal that arrives is called small instead."""
    done = searched(first=40)
    if not done.is_smallest:
        assert "smallest" not in done.summary
        assert "Smaller changes were not all tried." in done.summary
