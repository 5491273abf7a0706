"""Shelf: the remedies, one file each: pure functions from a spec to one in which a single thing is changed."""

from collections.abc import Sequence

from gradlab.errors import Invalid, Problem
from gradlab.remedies import (
    activation_elu,
    activation_leaky_relu,
    activation_relu,
    activation_selu,
    activation_tanh,
    batch_normalization,
    batch_size_larger,
    batch_size_smaller,
    clip_by_global_norm,
    dropout,
    early_stopping,
    fewer_layers,
    gru_for_simple_rnn,
    initializer_for_activation,
    input_scaling,
    l2_regularization,
    layer_for_batch_normalization,
    layer_normalization,
    learning_rate_higher,
    learning_rate_lower,
    learning_rate_tripled,
    learning_rate_usual,
    lstm_for_simple_rnn,
    more_epochs,
    optimizer_adam,
    orthogonal_initializer,
    orthogonal_recurrent,
    output_matched_to_task,
    residual_connections,
    target_scaling,
    wider_layers,
)
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.combination import EITHER_OR, combined
from gradlab.remedies.rewriting.comparison import Difference, difference, size
from gradlab.spec import ExperimentSpec
from gradlab.spec.problems import among

# In the order in which several are applied: the data, the output, which layers there are and what they are, how they
# are drawn, what is put between and around them, and last how all of it is trained.
REMEDIES: tuple[Remedy, ...] = (
    input_scaling.REMEDY,
    target_scaling.REMEDY,
    output_matched_to_task.REMEDY,
    fewer_layers.REMEDY,
    wider_layers.REMEDY,
    lstm_for_simple_rnn.REMEDY,
    gru_for_simple_rnn.REMEDY,
    activation_relu.REMEDY,
    activation_leaky_relu.REMEDY,
    activation_elu.REMEDY,
    activation_selu.REMEDY,
    activation_tanh.REMEDY,
    initializer_for_activation.REMEDY,
    orthogonal_initializer.REMEDY,
    orthogonal_recurrent.REMEDY,
    l2_regularization.REMEDY,
    batch_normalization.REMEDY,
    layer_normalization.REMEDY,
    layer_for_batch_normalization.REMEDY,
    dropout.REMEDY,
    residual_connections.REMEDY,
    batch_size_larger.REMEDY,
    optimizer_adam.REMEDY,
    learning_rate_usual.REMEDY,
    learning_rate_lower.REMEDY,
    learning_rate_tripled.REMEDY,
    learning_rate_higher.REMEDY,
    clip_by_global_norm.REMEDY,
    batch_size_smaller.REMEDY,
    more_epochs.REMEDY,
    early_stopping.REMEDY,
)


def remedy(name: str) -> Remedy:
    """The remedy of that name.

    Raises:
        Invalid: there is none; says which there are, and which was probably meant.
    """
    known = {each.name: each for each in REMEDIES}
    if name not in known:
        raise Invalid(Problem("remedies", among(tuple(known), name), name))
    return known[name]


def applicable(spec: ExperimentSpec) -> tuple[Remedy, ...]:
    """The remedies that `spec` can be treated with, each by itself."""
    return tuple(each for each in REMEDIES if _applies(each, spec))


def combine(spec: ExperimentSpec, names: Sequence[str]) -> ExperimentSpec:
    """`spec` with several remedies applied, in the order of `REMEDIES` whatever theirs is.

    Raises:
        Invalid: there is no such remedy, two exclude each other, one that is no step on a scale is there twice, or one
            does not apply to what the others made.
    """
    return combined(spec, [remedy(name) for name in names], REMEDIES)


def _applies(each: Remedy, spec: ExperimentSpec) -> bool:
    try:
        each.apply(spec)
    except Invalid:
        return False
    return True


__all__ = ["EITHER_OR", "REMEDIES", "Difference", "Remedy", "applicable", "combine", "difference", "remedy", "size"]
