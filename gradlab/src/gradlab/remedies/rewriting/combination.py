"""Combination of several remedies."""

from collections.abc import Sequence
from itertools import combinations

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.spec import ExperimentSpec

# Groups of remedies that exclude each other: a second one would undo the first, or do the same in another way.
EITHER_OR = (
    ("activation_relu", "activation_leaky_relu", "activation_elu", "activation_selu", "activation_tanh"),
    ("initializer_for_activation", "orthogonal_initializer"),
    ("learning_rate_lower", "learning_rate_tripled", "learning_rate_higher"),
    ("lstm_for_simple_rnn", "gru_for_simple_rnn"),
    ("batch_normalization", "layer_normalization"),
    ("batch_size_smaller", "batch_size_larger"),
)


def combined(spec: ExperimentSpec, remedies: Sequence[Remedy], order: Sequence[Remedy]) -> ExperimentSpec:
    """Apply all `remedies` to `spec`, in their place in `order`.

    Raises:
        Invalid: there is no remedy, or two exclude each other, or one that is not a step is there twice, or one does
            not apply after the others.
    """
    if not remedies:
        raise Invalid(Problem("remedies", "at least one remedy", "none"))
    for one, other in combinations(remedies, 2):
        if one is other:
            if not one.steps:
                raise Invalid(Problem("remedies", "each remedy once, unless it is a step", f"{one.name} twice"))
        elif any({one.name, other.name} <= {*names} for names in EITHER_OR):
            raise Invalid(Problem("remedies", "remedies that go together", f"{one.name} and {other.name}"))
    done: list[str] = []
    for remedy in sorted(remedies, key=order.index):
        try:
            spec = remedy.apply(spec)
        except Invalid as refused:
            raise Invalid(*(_in_company(problem, remedy.name, done) for problem in refused.problems)) from refused
        done.append(remedy.name)
    return spec


def _in_company(problem: Problem, name: str, done: Sequence[str]) -> Problem:
    """The refusal of one remedy, with its name and the remedies that were applied before it."""
    after = f" after {', '.join(done)}" if done else ""
    return Problem(problem.field, f"for {name}{after}: {problem.expected}", problem.received)
