"""Cures of the tutorial's networks: every single change, on many seeds, compared with a control.

    python -m bench.cures [SEEDS]

Network 2 is trained with each change by itself, on 32 seeds by default. The table shows the number of ill seeds with
95 % Wilson intervals, compared with as many fresh untreated seeds. Networks 4 and 5 are treated as by
`POST /experiments/{id}/treatments`: the remedies of their diagnosis, 12 trials at most.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.treating import runs_of, treated
from core.settings import Settings
from core.training.environment import prepare
from core.treatment import Judgement, Result, Treatment, begin, candidates, report, result
from core.treatment.comparison import rate
from gradlab.diagnosis import diagnose
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse

EXAMPLES = Path(__file__).parents[1] / "examples"
SINGLE = (
    ("initializer_for_activation",),
    ("orthogonal_initializer",),
    ("activation_relu",),
    ("activation_selu",),
    ("activation_leaky_relu",),
    ("optimizer_adam",),
    ("learning_rate_tripled",),
    ("learning_rate_higher",),
    ("learning_rate_lower",),
    ("clip_by_global_norm",),
    ("batch_normalization",),
    ("layer_normalization",),
    ("residual_connections",),
    ("fewer_layers",),
    ("wider_layers",),
)

# A change that is no remedy, and the tutorial's own cure, which also changes the output layer's initialiser.
BY_HAND: dict[str, dict[str, Any]] = {
    "relu, weights as they were": {"activation": "relu"},
    "relu and he_uniform in all layers: network 3": {"activation": "relu", "kernel_initializer": "he_uniform"},
}


def main() -> None:
    """Print a table for each network."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    prepare(Settings().compile_cache)
    _every_single_change(_spec("tutorial-2-deep-tanh"), seeds)
    for name in ("tutorial-4-relu-15", "tutorial-5-relu-20"):
        _by_diagnosis(_spec(name), seeds)


def _spec(name: str) -> ExperimentSpec:
    return parse((EXAMPLES / f"{name}.json").read_bytes())


def _every_single_change(spec: ExperimentSpec, seeds: int) -> None:
    treatment = treated(begin(spec, SINGLE, seeds=seeds, budget=len(SINGLE), chosen=True, untreated=None))
    _table(spec.name, treatment)
    for words, change in BY_HAND.items():
        changed = _changed(treatment.base, change)
        print(_by_hand(words, result(changed, runs_of(changed), None)), flush=True)
    print(f"\n{report(treatment).summary}\n", flush=True)


def _by_diagnosis(spec: ExperimentSpec, seeds: int) -> None:
    spec = spec.model_copy(update={"seeds": tuple(range(seeds))})
    runs = runs_of(spec)
    diagnosis = diagnose(spec, runs)
    changes = candidates(diagnosis, spec)
    treatment = treated(begin(spec, changes, seeds=seeds, budget=12, chosen=False, untreated=None))
    print(f"\n{spec.name}: {diagnosis.verdict}; root cause {diagnosis.root_cause}\n")
    _table(spec.name, treatment)
    print(f"\n{report(treatment).summary}\n", flush=True)


def _changed(spec: ExperimentSpec, change: dict[str, Any]) -> ExperimentSpec:
    """Return the spec with fields of its hidden layers changed; the output layer keeps its activation."""
    fields = json.loads(spec.canonical())
    *hidden, output = fields["model"]["layers"]
    changed = [layer | change for layer in hidden]
    output |= {name: value for name, value in change.items() if name != "activation"}
    return parse(json.dumps(fields | {"model": {"layers": [*changed, output]}}))


def _by_hand(words: str, outcome: Result) -> str:
    ill = rate(outcome.ill, len(outcome.seeds))
    return f"| *{words}* | {ill.count}/{ill.of} | {ill.low:.0%}–{ill.high:.0%} | | {_median(outcome):.3f} | | |"


def _table(name: str, treatment: Treatment) -> None:
    summary = report(treatment)
    print(f"| {name} | ill | 95 % | p | median {summary.metric} | signal | |\n|---|---|---|---|---|---|---|")
    for role, ill in (("untreated", summary.untreated), ("control", summary.control)):
        outcome = treatment.result_of("untreated" if role == "untreated" else "control")
        if ill and outcome:
            print(f"| {role} | {ill.count}/{ill.of} | {ill.low:.0%}–{ill.high:.0%} | | {_median(outcome):.3f} | | |")
    for each in summary.judgements:
        print(_row(each))
    for trial in treatment.of_role("treated"):
        if trial.stage == "deferred":
            print(f"| {' + '.join(trial.remedies)} | | | | | | put off by triage |")


def _row(each: Judgement) -> str:
    ill, trial = each.ill, each.trial
    median = _median(trial.result) if trial.result else float("nan")
    return (
        f"| {' + '.join(trial.remedies)} | {ill.count}/{ill.of} | {ill.low:.0%}–{ill.high:.0%} | {each.p_adjusted:.1g} "
        f"| {median:.3f} | {each.signal} | {each.worth} |"
    )


def _median(outcome: Result) -> float:
    return float(np.median([seed.test for seed in outcome.seeds if seed.test is not None] or [np.nan]))


if __name__ == "__main__":
    main()
