"""Made-up worlds in which it is known what cures: trials are answered at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from core.treatment import CONTROL, Result, Treatment, Trial, begin, proceed
from gradlab.schemas.trials import Flow, SeedResult, TriageResult
from gradlab.spec import ExperimentSpec
from tests.unit.diagnosis.histories import a_network, dense

SEEDS = 8
ARRIVES = Flow(("dense_1", "dense_2"), (0.1, 0.1), (0.1, 0.1), arriving=1.0, gradient_ratio=1.0)
VANISHES = Flow(("dense_1", "dense_2"), (1e-6, 0.1), (1e-6, 0.1), arriving=1e-5, gradient_ratio=1.0)

DEEP_TANH = a_network(dense(5, "tanh", {"kind": "random_uniform", "minval": 0, "maxval": 1}, repeat=5))

Names = tuple[str, ...]


def a_result(
    spec: ExperimentSpec,
    ill: int,
    *,
    test: float = 0.8,
    flow: Flow = ARRIVES,
    remedies: Names = (),
    seconds: float = 2.0,
) -> Result:
    """The first `ill` seeds of a spec fail at chance, the others reach `test`; the neighbours know 0.8."""
    seeds = tuple(
        SeedResult(seed, "fails" if i < ill else "learns", i >= ill, 0.5 if i < ill else test)
        for i, seed in enumerate(spec.seeds)
    )
    found = "ill" if ill else "healthy"
    return Result(found, None, remedies, seeds, flow, seconds, 100 * len(seeds), baseline=0.8, constant=0.5)


def a_treatment(
    candidates: list[Names], *, budget: int = 12, chosen: bool = False, seeds: int = SEEDS, rate: float = 0.05
) -> Treatment:
    """One of five tanh layers whose weights' mean is not zero."""
    optimizer = DEEP_TANH.training.optimizer.model_copy(update={"learning_rate": rate})
    training = DEEP_TANH.training.model_copy(update={"optimizer": optimizer})
    spec = DEEP_TANH.model_copy(update={"training": training})
    return begin(spec, candidates, seeds=seeds, budget=budget, chosen=chosen, untreated=None)


def answered(
    treatment: Treatment,
    ill: Mapping[Names, int],
    *,
    untreated: int = SEEDS,
    control: int = CONTROL * SEEDS,
    usually: int = SEEDS,
    foretold: Callable[[Names], bool] = lambda names: False,
    advice: Mapping[Names, Names] | None = None,
) -> Treatment:
    """Every trial that is under way, with what this world answers.

    Args:
        treatment: whose trials.
        ill: how many seeds stay ill with some remedies; `usually` with others.
        untreated, control: how many are without.
        foretold: whether triage warns of some remedies.
        advice: what the diagnosis of a treated spec names.
    """

    def answer(trial: Trial) -> Trial:
        if not trial.is_under_way:
            return trial
        if trial.stage == "looking":
            return replace(trial, triage=TriageResult("at risk", None, foretold(trial.remedies)))
        known = {"untreated": untreated, "control": control}
        count = known.get(trial.role, ill.get(tuple(sorted(trial.remedies)), usually))
        found = a_result(trial.spec, count, remedies=(advice or {}).get(trial.remedies, ()))
        return replace(trial, stage="finished", result=found)

    return replace(treatment, trials=tuple(map(answer, treatment.trials)))


def to_the_end(treatment: Treatment, ill: Mapping[Names, int], **world: object) -> Treatment:
    """Answer and proceed until the treatment is over."""
    for _ in range(50):
        treatment = proceed(answered(treatment, ill, **world))  # type: ignore[arg-type]
        if treatment.is_over:
            return treatment
    raise AssertionError("the search does not end")


def tried(treatment: Treatment) -> list[Names]:
    """The remedies of each trial that was trained, in order."""
    return [trial.remedies for trial in treatment.of_role("treated") if trial.result]
