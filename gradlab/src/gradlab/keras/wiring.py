"""Wiring of a Keras training: what its first batches show of how it is put together."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import tree

from gradlab.facts.wiring import FirstSteps, InputScale, LossScale, TensorWiring, Wiring
from gradlab.keras.batch_wiring import commonest_share, form_of, of_batches
from gradlab.keras.described import activation_of, none_if_raises
from gradlab.keras.naming import frozen_tensors, named_variables
from gradlab.keras.readings import Readings
from gradlab.keras.samples import Samples
from gradlab.keras.session import Session
from gradlab.spec.external import ExternalTarget

PROBABILITIES = ("softmax", "sigmoid")
# Losses that take logits or probabilities.
CROSS_ENTROPIES = ("crossentropy", "kl_divergence")
# Rows of targets that are looked through for their form.
MAX_ROWS = 1_000


class WiringReader:
    """Reads the wiring of one training again and again, as it becomes known.

    Args:
        plan: what is known of the training.
        session: what is measured of it.
        samples, validation: its samples; None if they are unknown.
        target: the form of its targets; None if it is unknown.
    """

    def __init__(
        self,
        plan: Any,
        session: Session,
        samples: Samples | None,
        validation: Samples | None,
        target: ExternalTarget | None,
    ) -> None:
        self._plan, self._session = plan, session
        self._pairs = named_variables(plan.model)
        self._frozen = frozen_tensors(plan.model)
        self._before = session.weights()
        count = len(self._pairs)
        self._records = self._read_after = 0
        self._batches, self._measured = np.zeros(count, np.int64), 0
        self._zero = np.zeros(count, np.int64)
        self._changed = np.zeros(count, bool)
        self._has_gradient = np.zeros(count, bool)
        self._fixed = self._constant(samples, validation)
        self._commonest = None if samples is None else none_if_raises(commonest_share, samples, target)

    def _constant(self, samples: Samples | None, validation: Samples | None) -> dict[str, Any]:
        """Return the fields that do not change."""
        fields: dict[str, Any] = {}
        plan, probe = self._plan, self._session.probe
        if plan.loss is not None and any(name in plan.loss.kind for name in CROSS_ENTROPIES):
            fields["loss_takes"] = "logits" if plan.loss.from_logits else "probabilities"
        last = self._session.last_layer()
        activation = None if last is None else none_if_raises(activation_of, last)
        if activation is not None:
            fields["output_is"] = "probabilities" if activation in PROBABILITIES else "logits"
        if samples is not None and len(tree.flatten(samples.y)) == 1:
            (y,) = tree.flatten(samples.y)
            fields["target_shape"] = (None, *y.shape[1:])
            fields["target_form"] = target_form(y[:MAX_ROWS])
            if np.isfinite(y).all() and y.size:
                fields["target_range"] = float(y.min()), float(y.max())
        if probe is not None:
            fields["output_shape"] = probe.output_shape
            fields["training_mode"] = probe.training_modes() or None
            fields["masked_share"] = probe.masked_shares or None
        if samples is not None and validation is not None:
            (train_mean, train_std), (val_mean, val_std) = _scale(samples), _scale(validation)
            fields["input_scale"] = InputScale(
                train_mean=train_mean, train_std=train_std, val_mean=val_mean, val_std=val_std
            )
        return fields

    def add_record(self, readings: Readings, weights: Any) -> None:
        """Add what a record shows of each tensor.

        Args:
            readings: the sums of its gradients.
            weights: the weights at its end, (size,); None if they were not kept.
        """
        counts, zero = readings.counts, readings.zero
        self._batches += counts.astype(np.int64)
        self._measured += readings.batches
        self._zero += zero.astype(np.int64)
        self._records += 1
        self._has_gradient |= counts > zero
        if weights is not None:
            if (self._has_gradient & ~self._changed).any():
                self._changed |= self._session.moved(weights, self._before) & (counts > zero)
            self._before = weights

    @property
    def observes_moves(self) -> bool:
        """True if the weights at the end of the next record are needed: a tensor has a gradient, and has not moved."""
        return not self._records or bool((self._has_gradient & ~self._changed).any())

    @property
    def is_due(self) -> bool:
        """True after twice as many records as at the last reading: less and less changes."""
        return self._records >= max(1, 2 * self._read_after)

    def read(self, losses: Sequence[float], batches: int) -> Wiring:
        """Return the wiring as far as it is known.

        Args:
            losses: the mean loss of each of the first batches.
            batches: batches so far.
        """
        self._read_after = self._records
        first = self._session.first_steps()
        steps = FirstSteps(
            loss=tuple(map(float, losses)),
            gradient_norm=tuple(first[:, 0].astype(float).tolist()),
            nonfinite=tuple(first[:, 1].astype(int).tolist()),
        )
        fields = {**self._fixed, **(none_if_raises(of_batches, self._session.batches, self._commonest) or {})}
        scale = self._loss_scale(batches)
        return Wiring(first_steps=steps, tensors=self._tensors(batches), loss_scale=scale, **fields)

    def _tensors(self, batches: int) -> dict[str, TensorWiring]:
        sums = self._session.tap.sums
        if sums is not None and sums.sampling is not None:
            batches = self._measured
        held = {id(each) for optimizer in self._session.tap.optimizers for each in optimizer._trainable_variables}
        tensors = {
            f"{tensor.layer}/{tensor.parameter}": TensorWiring(
                batches=batches,
                missing=max(0, batches - int(self._batches[row])),
                zero=int(self._zero[row]),
                in_optimizer=id(variable) in held,
                frozen=False,
                changed=bool(self._changed[row]) if self._has_gradient[row] else None,
            )
            for row, (tensor, variable) in enumerate(self._pairs)
        }
        return tensors | {name: TensorWiring(frozen=True) for name in self._frozen}

    def _loss_scale(self, batches: int) -> LossScale | None:
        optimizer = getattr(self._plan.model, "optimizer", None)
        sums = self._session.tap.sums
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or sums is None:
            return None
        applied = int(self._batches.max(initial=0)) if sums.sampling is None else sums.all_batches
        return LossScale(steps=batches, skipped=max(0, batches - applied))


def target_form(y: np.ndarray) -> str:
    """Return the form of targets: ``indices``, ``one_hot``, ``probabilities`` or ``values``."""
    several = y.ndim > 1 and y.shape[-1] != 1
    sums = y.astype(np.float64).sum(axis=-1) if several else np.zeros(1)
    whole, one = bool(np.all(y == np.floor(y))), bool(np.allclose(sums, 1, atol=1e-4))
    smallest, largest = (float(y.min()), float(y.max())) if y.size else (0.0, 0.0)
    return form_of(whole=whole, one=one, smallest=smallest, largest=largest, several=several)


def _scale(samples: Samples) -> tuple[float, float]:
    parts = [each[:MAX_ROWS].astype(np.float64).reshape(-1) for each in tree.flatten(samples.x)]
    values = np.concatenate(parts)
    with np.errstate(all="ignore"):
        return float(values.mean()), float(values.std())
