"""Cases of the clinic, and the illnesses with the rules that must detect them."""

from dataclasses import dataclass
from typing import Literal, get_args

from gradlab.diagnosis.groups import DEATHS, EXPLOSIONS, SATURATIONS
from gradlab.spec import ExperimentSpec

# The halves "tune" and "final", and the third set.
Part = Literal["tune", "final", "unseen"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Case:
    """A spec that is healthy or ill by construction.

    Attributes:
        name: its family, and its difference from the family's healthy twin.
        spec: the experiment.
        illness: name of the illness; None for healthy cases.
        twin: name of the healthy case from which one change made it; for a twin its own name.
        part: ``tune`` and ``final`` are the halves on which thresholds may be tuned; none is tuned on ``unseen``.
        roots: rules of which each is a right root cause; () for healthy cases.
    """

    name: str
    spec: ExperimentSpec
    illness: str | None
    twin: str
    part: Part
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Illness:
    """A kind of defect that a change gives to a healthy spec.

    Attributes:
        name: its name.
        detected_by: rules of which each detects it: the illness itself, or its cause.
        at_birth: True if it lies in the initial weights, so that triage of epoch 0 must detect it.
        rate: the remedy that a finding about the learning rate must have to count, as the rate is too high or too low.
    """

    name: str
    detected_by: tuple[str, ...]
    at_birth: bool = False
    rate: str = "learning_rate_lower"


VANISHING = ("predicted_vanishing", "vanishing_signal", "vanishing_gradient", "gradient_floor")
EXPLODING = ("predicted_exploding", "exploding_through_time", *EXPLOSIONS)
DEAD = ("born_dead_risk", *DEATHS)

# Fixed by the meaning of the illnesses, before any training.
ILLNESSES = (
    Illness("vanishing", (*VANISHING, "initial_variance"), at_birth=True),
    Illness("exploding", (*EXPLODING, "nonfinite", "initial_variance", "learning_rate")),
    Illness("dead_relu", DEAD),
    Illness("saturated", (*SATURATIONS, "initial_variance"), at_birth=True),
    Illness("symmetric", ("symmetric_units",), at_birth=True),
    Illness("nonzero_mean", ("nonzero_mean_initialization", "symmetric_units"), at_birth=True),
    Illness("slow", ("learning_rate", "update_ratio"), rate="learning_rate_higher"),
    Illness("oscillating", ("oscillation", "learning_rate", "late_rise", "update_ratio")),
    Illness("mismatched", ("output_mismatch",)),
    Illness("unscaled", ("input_range", "target_range")),
    Illness("overfit", ("overfitting",)),
    Illness("through_time", ("vanishing_through_time",)),
)
BY_NAME = {illness.name: illness for illness in ILLNESSES}
