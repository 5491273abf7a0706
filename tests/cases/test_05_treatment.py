"""Narrow relu layers, a relu output and a low rate, on seven points: each alone is no cure, since the others remain.

The search treats what was found together, says what each part contributes, and why it stopped.
"""

import pytest

from bench.treating import runs_of, treated
from core.treatment import begin, candidates, report
from gradlab.diagnosis import diagnose
from gradlab.spec import ExperimentSpec

RELU = {"kind": "dense", "activation": "relu"}
SPEC = ExperimentSpec.model_validate(
    {
        "name": "relu everywhere",
        "dataset": {
            "kind": "regression",
            "features": 1,
            "samples": 14,
            "train_size": 7,
            "scale": [-1, 5],
            "target_scale": "standard",
        },
        "model": {"layers": [RELU | {"units": units} for units in (4, 2, 1)]},
        "training": {
            "loss": "mean_squared_error",
            "optimizer": {"kind": "adam", "learning_rate": 0.001},
            "epochs": 500,
            "batch_size": 32,
        },
        "seeds": list(range(8)),
    }
)


@pytest.mark.campaign
def test_the_search_combines_what_was_found_together():
    found = diagnose(SPEC, runs_of(SPEC))
    assert found.root_cause == "output_mismatch"
    offered = candidates(found, SPEC)
    assert ("output_matched_to_task", "wider_layers", "learning_rate_higher") in offered
    done = report(treated(begin(SPEC, offered, seeds=8, budget=12, chosen=False, untreated=None)))
    singles = [each for each in done.judgements if len(each.trial.remedies) == 1]
    assert all(each.worth in ("no effect", "unproven") for each in singles)
    assert len(done.judgements) <= 12
    assert done.recommended is not None, done.summary
    assert done.recommended.worth == "cures"
    assert "output_matched_to_task" in done.recommended.trial.remedies
    assert "wider_layers" not in done.recommended.trial.remedies  # the largest change is left out first, and not missed
    assert [part.without is not None for part in done.parts] == [True] * len(done.recommended.trial.remedies)
    assert {part.remedy for part in done.parts if part.is_needed} >= {"output_matched_to_task"}
    assert done.is_smallest is all(part.is_needed for part in done.parts)
    assert ("The smallest change that cures is" in done.summary) is done.is_smallest
    assert done.stopped is not None
