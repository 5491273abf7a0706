"""What a case of the clinic is, and what each illness must be answered with."""

from dataclasses import dataclass
from typing import Literal, get_args

from gradlab.diagnosis.groups import DEATHS, EXPLOSIONS, SATURATIONS
from gradlab.spec import ExperimentSpec

# The halves "tune" and "final", and the third set.
Part = Literal["tune", "final", "unseen"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Case:
    """A spec whose state is known because it was made so.

    Attributes:
        name: its family, and how it differs from the family's healthy twin.
        spec: what is trained.
        illness: what was done to it; None where it is healthy.
        twin: the name of the healthy case that it was made from by one change; a twin's own name.
        part: ``tune`` and ``final``: the two halves, on which thresholds may rest; ``unseen``: no threshold does.
        roots: the rules any of which names the root cause; () where it is healthy.
    """

    name: str
    spec: ExperimentSpec
    illness: str | None
    twin: str
    part: Part
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Illness:
    """What can be done to a healthy spec.

    Attributes:
        name: how it is called.
        found_by: the rules any of which finds it: what it is, or what makes it.
        at_birth: whether it lies in how the weights are drawn, so that epoch 0 must show it.
        rate: the remedy that a finding about the learning rate must name to count: whether it is too high or too low.
    """

    name: str
    found_by: tuple[str, ...]
    at_birth: bool = False
    rate: str = "learning_rate_lower"


VANISHING = ("predicted_vanishing", "vanishing_signal", "vanishing_gradient", "gradient_floor")
EXPLODING = ("predicted_exploding", "exploding_through_time", *EXPLOSIONS)
DEAD = ("born_dead_risk", *DEATHS)

# Fixed by what the words mean, before anything was trained.
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
