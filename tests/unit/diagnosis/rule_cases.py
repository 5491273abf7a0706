"""For each rule a run in which one number decides, and the number at which its answer turns."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from gradlab.diagnosis import Run
from gradlab.diagnosis.groups import WIRING
from gradlab.diagnosis.rules import (
    class_imbalance,
    constant_features,
    contradicting_accuracy,
    exploding_gradient,
    exploding_growth,
    exploding_through_time,
    few_updates,
    frozen_accuracy,
    gradient_floor,
    gradient_spike,
    initial_loss,
    initial_variance,
    input_range,
    label_noise,
    late_rise,
    learning_rate,
    loss_blow_up,
    negative_crossentropy,
    nonzero_mean_initialization,
    oscillation,
    output_mismatch,
    overfitting,
    plateau,
    predicted_exploding,
    predicted_vanishing,
    rare_class,
    repeated_samples,
    saturation,
    saturation_range,
    split_by_class,
    still_falling,
    symmetric_units,
    target_leak,
    target_range,
    update_ratio,
    vanishing_gradient,
    vanishing_signal,
    vanishing_through_time,
)
from gradlab.facts import Features, Leak
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, by_layer, dense

# A hair on either side of a threshold: more than float32 rounds, less than any other difference.
HAIR = 1e-4


@dataclass(frozen=True)
class Case:
    """A run made from one number.

    Attributes:
        rule: the rule's name.
        build: the number -> the run.
        threshold: where the answer turns.
        side: on which side of it the rule speaks up.
        at_birth: whether epoch 0 alone decides.
    """

    rule: str
    build: Callable[[float], Run]
    threshold: float
    side: Literal["<", ">"]
    at_birth: bool = False

    @property
    def yes(self) -> float:
        """A hair beyond the threshold."""
        return self.threshold * (1 + HAIR if self.side == ">" else 1 - HAIR)

    @property
    def no(self) -> float:
        """A hair on this side of it."""
        return self.threshold * (1 - HAIR if self.side == ">" else 1 + HAIR)


RELU = a_network(dense(activation="relu", initializer="he_uniform", repeat=3))
ONE_SIDED = a_network(dense(initializer={"kind": "random_uniform", "minval": 0, "maxval": 1}, repeat=3))
RECURRENT = a_network(
    {"kind": "simple_rnn", "units": 4},
    output=dense(1, "linear"),
    dataset={"kind": "adding", "samples": 40, "length": 6},
    training={"loss": "mean_squared_error", "optimizer": "sgd", "epochs": EPOCHS},
)
VALUES = a_network(
    output=dense(1, "linear"),
    dataset={"kind": "regression", "samples": 40, "target_scale": "standard"},
    training={"loss": "mean_squared_error", "optimizer": "sgd", "epochs": EPOCHS, "batch_size": 2},
)


def with_facts(run: Run, **changes: Any) -> Run:
    """The same run on data of which other things are known."""
    assert run.facts is not None
    if "feature_mean" in changes:
        mean, std = changes.pop("feature_mean"), changes.pop("feature_std")
        size, largest = float(np.sqrt(np.mean(mean**2 + std**2))), float(np.max(np.sqrt(mean**2 + std**2)))
        inputs = {"mean": tuple(mean.tolist()), "std": tuple(std.tolist()), "rms": size, "largest_rms": largest}
        assert run.facts.inputs is not None
        changes["inputs"] = run.facts.inputs.model_copy(update=inputs)
    return replace(run, facts=run.facts.model_copy(update=changes))


def with_faults(run: Run, **changes: Any) -> Run:
    """The same run on samples with other faults."""
    assert run.facts is not None
    assert run.facts.faults is not None
    return with_facts(run, faults=run.facts.faults.model_copy(update=changes))


def _of_constant_features(share: float) -> Run:
    run = a_run()
    assert run.facts is not None
    assert run.facts.inputs is not None
    constant = Features(count=0).model_copy(update={"count": share * run.facts.inputs.features})
    return with_facts(run, inputs=run.facts.inputs.model_copy(update={"constant": constant}))


def scaled(run: Run, gain: Any) -> np.ndarray:
    """The losses with these gains."""
    return run.facts.constant_loss - np.asarray(gain) * (run.facts.constant_loss - run.facts.perfect_loss)


def _reaching(share: float) -> Run:
    spec = a_network(output=dense(1, "tanh"), dataset=VALUES.dataset, training=VALUES.training)
    return with_facts(a_run(spec), target_range=(-1.0, 2 / share - 1) if share > 0 else (-1.0, math.nan))


def _drawn_with(ratio: float) -> Run:
    """20 relu layers whose variance is too small by this ratio: signals fall by more than a thousand."""
    scale = 2 / ratio if ratio > 0 else 2.0
    initializer = {"kind": "variance_scaling", "scale": scale, "distribution": "untruncated_normal"}
    return a_run(a_network(dense(16, "relu", initializer, repeat=20)))


def _arriving(share: float) -> Run:
    """Two linear layers of 8 units, all weights of variance s²/8, the output's of 1/8: s is what arrives."""
    variance = share**2 if share > 0 else 1.0
    kernel = {"kind": "variance_scaling", "scale": variance, "distribution": "untruncated_normal"}
    output = {"kind": "variance_scaling", "scale": 1.0, "distribution": "untruncated_normal"}
    return a_run(a_network(dense(8, "linear", kernel, repeat=2), output=dense(1, "sigmoid", output)))


def _stepping(size: float) -> Run:
    run = a_run()
    weights = 2 * math.sqrt(len(run.spec.layout["weights"].tensors))
    norm = np.full(EPOCHS + 1, 0.3)
    norm[10] = size * weights / 0.05  # the learning rate of `a_spec`, without momentum
    return a_run(metrics={"clipped_gradient_norm": norm})


def _kernel_gradients(first: float, last: float) -> np.ndarray:
    """Kernels and biases of four layers."""
    return by_layer(first, 1, last, 1, last, 1, last, 1)


def _through_time(ratio: float) -> np.ndarray:
    return np.broadcast_to(np.linspace(ratio, 1, 6), (EPOCHS + 1, 1, 6))


def _at_birth_only(values: np.ndarray) -> np.ndarray:
    """The same at epoch 0, and 1 from the first epoch on."""
    changed = np.array(values)
    changed[1:] = 1.0
    return changed


def _flat_at_birth(slope: float) -> Run:
    slopes = by_layer(1.0, 1.0, 1.0, 1.0)
    slopes[0] = slope
    return a_run(series={"activations.slope": slopes})


def _spiking(ratio: float) -> Run:
    norm = np.ones(EPOCHS + 1)
    norm[20] = ratio
    return a_run(metrics={"gradient_norm": norm})


def _blowing_up(ratio: float) -> Run:
    loss = np.full(EPOCHS + 1, 1.0)
    loss[[20, 21]] = ratio
    return a_run(metrics={"loss": loss})


def _signal(share: float) -> Run:
    return a_run(series={"signals.rms": by_layer(share / math.sqrt(5), 0.1, 0.1, 1.0)})


def _faint_at_birth(share: float) -> Run:
    rms = by_layer(1 / math.sqrt(5), 0.1, 0.1, 1.0)
    rms[0, 0] *= share
    return a_run(series={"signals.rms": rms})


def _swinging(height: float) -> Run:
    gain = np.where(np.arange(EPOCHS + 1) % 2, 0.5, 0.5 - height)
    return a_run(metrics={"loss": scaled(a_run(), gain)})


def _falling_back(rise: float) -> Run:
    gain = np.where(np.arange(EPOCHS + 1) < 20, 0.5, 0.5 - rise)
    return a_run(metrics={"loss": scaled(a_run(), gain)})


def _slow(decrease: float) -> Run:
    late = np.arange(EPOCHS + 1) - len(np.arange(EPOCHS + 1)) // 2
    window = np.maximum(0, late) // 3.5  # 21 epochs in six windows
    parts = np.array_split(np.arange(20, EPOCHS + 1), 6)
    for number, part in enumerate(parts):
        window[part] = number
    return a_run(metrics={"loss": scaled(a_run(), decrease * np.maximum(window, 0))})


def _gaining(gain: float) -> Run:
    run = a_run(metrics={"loss": scaled(a_run(), gain), "accuracy": a_run().facts.constant_accuracy})
    return with_facts(run, reachable=math.nan)


def _unlearning(rise: float) -> Run:
    gain = np.where(np.arange(EPOCHS + 1) < 20, 0.2, 0.2 - rise)
    return a_run(metrics={"val_loss": scaled(a_run(), gain)})


def _apart(gap: float) -> Run:
    gain = np.where(np.arange(EPOCHS + 1) < 20, 0.7, 0.9 - gap)  # far below the best
    return a_run(metrics={"val_loss": scaled(a_run(), gain), "loss": scaled(a_run(), 0.9)})


def _growing(level: float) -> Run:
    return a_run(series={"gradients.mean_abs": level})


def _below_zero(size: float) -> Run:
    losses = np.full(EPOCHS + 1, 0.5)
    losses[20] = -size
    return a_run(metrics={"loss": losses})


def _answering_wrongly(share: float) -> Run:
    """Half of the answers may be wrong with such a loss."""
    return a_run(metrics={"loss": math.log(2) / 2, "accuracy": 1 - share})


def _falling_unseen(share: float) -> Run:
    """The accuracy is always 0.7, the loss that of answering so, and in the end a share of it."""
    entropy = -0.7 * math.log(0.7) - 0.3 * math.log(0.3)
    loss = np.full(EPOCHS + 1, entropy)
    loss[10:] = share * entropy
    return a_run(metrics={"loss": loss, "accuracy": 0.7})


def _moving_seldom(travel: float) -> Run:
    """One update in each of 40 epochs, in all so far."""
    spec = a_network(training={**a_network().training.model_dump(mode="json"), "batch_size": 32})
    return a_run(spec, fails=True, series={"weights.update_ratio": travel / EPOCHS})


def _falling_at_the_end(pace: float) -> Run:
    """The loss falls by a share of itself in the last fifth of the epochs."""
    loss = np.full(EPOCHS + 1, 1.0)
    loss[-4:] = 1 - pace
    return with_facts(a_run(fails=True, metrics={"loss": loss}), perfect_loss=0.0)


CASES: tuple[Case, ...] = (
    Case("constant_features", _of_constant_features, constant_features.SHARE, ">", at_birth=True),
    Case(
        "target_leak",
        lambda count: with_faults(a_run(), leaks=count, leak=Leak(feature=1, form="linear")),
        target_leak.MIN_LEAKS,
        ">",
        at_birth=True,
    ),
    Case(
        "repeated_samples",
        lambda share: with_facts(with_faults(a_run(), repeated=share), val_count=1_000),
        repeated_samples.SHARE,
        ">",
        at_birth=True,
    ),
    Case(
        "split_by_class",
        lambda distance: with_facts(with_faults(a_run(), class_distance=distance), val_count=1_000, train_count=1_000),
        split_by_class.DISTANCE,
        ">",
        at_birth=True,
    ),
    Case(
        "rare_class", lambda count: with_faults(a_run(), rarest_class=count), rare_class.MIN_SAMPLES, "<", at_birth=True
    ),
    Case(
        "label_noise",
        lambda share: with_faults(a_run(), contradicted=share, compared=500),
        label_noise.SHARE,
        ">",
        at_birth=True,
    ),
    Case("negative_crossentropy", _below_zero, -negative_crossentropy.BOUND, ">"),
    Case("contradicting_accuracy", _answering_wrongly, contradicting_accuracy.MARGIN + 0.5, ">"),
    Case("frozen_accuracy", _falling_unseen, frozen_accuracy.SHARE, "<"),
    Case("few_updates", _moving_seldom, few_updates.TRAVEL, "<"),
    Case("still_falling", _falling_at_the_end, still_falling.PACE, ">"),
    Case("output_mismatch", _reaching, 1 - output_mismatch.SLACK, "<", at_birth=True),
    Case(
        "class_imbalance",
        lambda ratio: with_facts(a_run(), class_shares=(ratio / (1 + ratio), 1 / (1 + ratio))),
        class_imbalance.RATIO,
        ">",
        at_birth=True,
    ),
    Case(
        "input_range",
        lambda size: with_facts(a_run(), feature_mean=np.zeros(2), feature_std=np.full(2, size)),
        input_range.LARGE,
        ">",
        at_birth=True,
    ),
    Case(
        "input_range",
        lambda size: with_facts(a_run(), feature_mean=np.full(2, size), feature_std=np.zeros(2)),
        input_range.SMALL,
        "<",
        at_birth=True,
    ),
    Case("target_range", lambda std: with_facts(a_run(VALUES), target_std=std), target_range.LARGE, ">", at_birth=True),
    Case("target_range", lambda std: with_facts(a_run(VALUES), target_std=std), target_range.SMALL, "<", at_birth=True),
    Case(
        "nonzero_mean_initialization",
        lambda value: a_run(ONE_SIDED, series={"activations.unit_correlation": value}),
        nonzero_mean_initialization.CORRELATION,
        ">",
        at_birth=True,
    ),
    Case("initial_variance", _drawn_with, initial_variance.VARIANCE_RATIO, ">", at_birth=True),
    Case(
        "symmetric_units",
        lambda value: a_run(series={"activations.unit_correlation": value, "activations.effective_rank": 1.0}),
        symmetric_units.CORRELATION,
        ">",
        at_birth=True,
    ),
    Case("predicted_vanishing", _arriving, predicted_vanishing.SHARE, "<", at_birth=True),
    Case("predicted_exploding", _arriving, predicted_exploding.SHARE, ">", at_birth=True),
    Case(
        "initial_loss",
        lambda ratio: a_run(metrics={"loss": ratio * a_run().facts.constant_loss}),
        initial_loss.RATIO,
        ">",
        at_birth=True,
    ),
    Case("learning_rate", _stepping, learning_rate.LARGE, ">"),
    Case(
        "exploding_gradient",
        lambda ratio: a_run(series={"gradients.l2": _kernel_gradients(ratio, 1)}),
        exploding_gradient.RATIO,
        ">",
    ),
    Case("exploding_gradient", _signal, exploding_gradient.SHARE, ">"),
    Case(
        "exploding_through_time",
        lambda ratio: a_run(RECURRENT, series={"time_signals": _through_time(ratio)}),
        exploding_through_time.RATIO,
        ">",
    ),
    Case("exploding_growth", _growing, exploding_growth.LEVEL, ">"),
    Case("gradient_spike", _spiking, gradient_spike.RATIO, ">"),
    Case("loss_blow_up", _blowing_up, loss_blow_up.RATIO, ">"),
    Case("saturation", lambda slope: a_run(series={"activations.slope": slope}), saturation.SLOPE, "<"),
    Case("saturation", _flat_at_birth, saturation.SLOPE_AT_BIRTH, "<", at_birth=True),
    Case(
        "saturation_range",
        lambda share: a_run(series={"activations.saturated_fraction": share}),
        saturation_range.SHARE,
        ">",
    ),
    Case("dead_units", lambda share: a_run(RELU, series={"activations.dead_fraction": share}), 0.5, ">"),
    Case("dead_network", lambda share: a_run(RELU, series={"gradients.always_zero_fraction": share}), 0.7, ">"),
    Case(
        "vanishing_through_time",
        lambda ratio: a_run(RECURRENT, series={"time_signals": _through_time(ratio)}),
        vanishing_through_time.RATIO,
        "<",
    ),
    Case(
        "vanishing_through_time",
        lambda ratio: a_run(RECURRENT, series={"time_signals": _at_birth_only(_through_time(ratio))}),
        vanishing_through_time.RATIO,
        "<",
        at_birth=True,
    ),
    Case("vanishing_signal", _signal, vanishing_signal.SHARE, "<"),
    Case("vanishing_signal", _faint_at_birth, vanishing_signal.SHARE_AT_BIRTH, "<", at_birth=True),
    Case(
        "vanishing_gradient",
        lambda ratio: a_run(series={"gradients.l2": _kernel_gradients(ratio * 1e-3, 1e-3)}),
        vanishing_gradient.RATIO,
        "<",
    ),
    Case(
        "vanishing_gradient",
        lambda length: a_run(series={"gradients.l2": _kernel_gradients(length, 1.0)}),
        vanishing_gradient.LENGTH,
        "<",
    ),
    Case("gradient_floor", _growing, gradient_floor.FLOOR, "<"),
    Case("update_ratio", lambda ratio: a_run(series={"weights.update_ratio": ratio}), update_ratio.SMALL, "<"),
    Case("update_ratio", lambda ratio: a_run(series={"weights.update_ratio": ratio}), update_ratio.LARGE, ">"),
    Case("oscillation", _swinging, oscillation.SWING, ">"),
    Case("late_rise", _falling_back, late_rise.RISE, ">"),
    Case("plateau", _slow, plateau.DECREASE, "<"),
    Case("not_learning", _gaining, 0.01, "<"),
    Case("overfitting", _unlearning, overfitting.RISE, ">"),
    Case("overfitting", _apart, overfitting.GAP, ">"),
)
# Whose answer does not turn at a number: the tests of each are its own.
WITHOUT_CASES = (
    *WIRING,
    "nonfinite_samples",
    "single_value_normalization",
    "no_gradient",
    "finite_width",
    "born_dead_risk",
    "nonfinite",
    "dead_layer",
    "zero_gradient",
    "single_class",
    "unsuited_loss",
    "linear_network",
)
