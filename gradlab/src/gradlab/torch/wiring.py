"""Wiring of a PyTorch training, from what was fetched of its batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gradlab.facts.wiring import ClassShares, FirstSteps, GradientGrowth, InputScale, LossScale, TensorWiring, Wiring
from gradlab.spec.external import ExternalTarget
from gradlab.torch.first_batches import FirstBatches
from gradlab.torch.losses import kind_of_loss
from gradlab.torch.naming import NamedParameter, frozen_paths, layer_name
from gradlab.torch.samples import Samples

# Samples from which the scale of the inputs is computed.
MAX_SCALE_SAMPLES = 1_000
# Samples from which the share of the commonest class is computed: it is then known to one hundredth.
MAX_CLASS_SAMPLES = 10_000


@dataclass(frozen=True, eq=False)
class CountsOfRecords:
    """Counts of each trainable tensor in several records.

    Attributes:
        steps: (records, tensors) the steps of the tensor's optimiser.
        missing, zero: (records, tensors) those of them without a gradient, and those in which it was exactly 0.
        moved: (records, tensors) True for tensors whose values changed.
        sees_moves: (records,) False for records of which that is unknown.
    """

    steps: np.ndarray
    missing: np.ndarray
    zero: np.ndarray
    moved: np.ndarray
    sees_moves: np.ndarray


class TensorCounts:
    """Counts of each trainable tensor over the records so far.

    Args:
        model: the unwrapped model.
        parameters: its trainable tensors.
        optimizers: what updates them.

    Attributes:
        have_all_changed: True once each tensor's values have changed.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        parameters: Sequence[NamedParameter],
        optimizers: Sequence[torch.optim.Optimizer],
    ) -> None:
        self._model, self._parameters = model, parameters
        members = {id(value) for each in optimizers for group in each.param_groups for value in group["params"]}
        self._in_optimizer = [id(each.value) in members for each in parameters]
        count = len(parameters)
        self._batches, self._missing, self._zero = (np.zeros(count, int) for _ in range(3))
        self._changed, self._has_gradient = np.zeros(count, bool), np.zeros(count, bool)
        self.have_all_changed = False

    def add(self, counts: CountsOfRecords) -> None:
        """Add records."""
        self._batches += counts.steps.sum(axis=0)
        self._missing += counts.missing.sum(axis=0)
        self._zero += counts.zero.sum(axis=0)
        has_gradient = (counts.steps - counts.missing - counts.zero > 0) & counts.sees_moves[:, None]
        self._has_gradient |= has_gradient.any(axis=0)
        self._changed |= (counts.moved & has_gradient).any(axis=0)
        self.have_all_changed = bool(self._changed.all())

    def read(self) -> dict[str, TensorWiring]:
        """Return the tensors' wiring by ``layer/parameter``, with those that are frozen from the beginning."""
        tensors = {
            each.path: TensorWiring(
                batches=int(self._batches[place]),
                missing=int(self._missing[place]),
                zero=int(self._zero[place]),
                in_optimizer=self._in_optimizer[place],
                frozen=not each.value.requires_grad,
                changed=bool(self._changed[place]) if self._has_gradient[place] else None,
            )
            for place, each in enumerate(self._parameters)
        }
        return tensors | {path: TensorWiring(frozen=True) for path in frozen_paths(self._model)}


def input_scale(samples: Samples, validation: Samples) -> InputScale | None:
    """Return mean and standard deviation of the inputs in training and validation; None for several inputs."""
    scales = []
    for each in (samples, validation):
        arrays = each.arrays(MAX_SCALE_SAMPLES)
        if arrays is None or not np.issubdtype(arrays[0].dtype, np.floating):
            return None
        with np.errstate(all="ignore"):
            scales += [float(arrays[0].mean(dtype=np.float64)), float(arrays[0].std(dtype=np.float64))]
    return InputScale(train_mean=scales[0], train_std=scales[1], val_mean=scales[2], val_std=scales[3])


def commonest_share(samples: Samples, target: ExternalTarget | None) -> float | None:
    """Return the share of the commonest class in the training samples; None if the targets are no classes."""
    arrays = None if target is None or target.kind != "classes" else samples.arrays(MAX_CLASS_SAMPLES)
    if arrays is None or target is None or arrays[1].size == 0:
        return None
    y = arrays[1]
    numbers = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] == target.count else y.reshape(-1).astype(np.int64)
    return float(np.bincount(numbers[numbers >= 0].reshape(-1)).max() / max(1, numbers.size))


def wiring_of(
    model: torch.nn.Module,
    first: FirstBatches,
    fetched: Mapping[str, np.ndarray],
    *,
    loss: Any,
    tensors: Mapping[str, TensorWiring],
    fixed: Mapping[str, Any],
    commonest: float | None,
    loss_scale: tuple[int, int] | None,
) -> Wiring:
    """Return the wiring as far as it is known.

    Args:
        model: the unwrapped model.
        first: what was seen of the first batches.
        fetched: its tensors, as arrays; ``norms``, (steps, 2), the gradients' norm and number of non-finite entries.
        loss: the training's loss.
        tensors: by ``layer/parameter``.
        fixed: fields that do not change.
        commonest: the share of the commonest class in all training samples; None if it is unknown.
        loss_scale: steps that a scaler was asked for, and those that it skipped; None without one.
    """
    kind = kind_of_loss(loss)
    shares, norms = first.training_shares(), fetched.get("norms", np.zeros((0, 2), np.float32))
    by_layer = {layer_name(model, path): share for path, share in shares.items() if path}
    return Wiring(
        first_steps=FirstSteps(
            loss=tuple(fetched.get("losses", np.zeros(0)).astype(float).tolist()),
            gradient_norm=tuple(norms[:, 0].astype(float).tolist()),
            nonfinite=tuple(norms[:, 1].astype(int).tolist()),
        ),
        tensors=dict(tensors),
        gradient_growth=_growth(fetched.get("growth")),
        kept_gradients=float(fetched["kept"].mean()) if "kept" in fetched else None,
        training_mode=by_layer or shares.get(""),
        output_shape=first.output_shape,
        target_shape=first.target_shape,
        target_form=first.target_form,
        target_range=_range(fetched.get("ranges")),
        loss_takes=None if kind is None else kind.takes,
        batches_repeat=_repeat(fetched.get("prints"), first.has_one_shape),
        batch_class_shares=_class_shares(fetched.get("shares"), commonest),
        loss_scale=None if loss_scale is None else LossScale(steps=loss_scale[0], skipped=loss_scale[1]),
        **fixed,
    )


def _growth(values: np.ndarray | None) -> GradientGrowth | None:
    if values is None or not len(values):
        return None
    ratio, cosine = np.median(values, axis=0)
    return GradientGrowth(ratio=float(ratio), cosine=float(cosine))


def _range(ranges: np.ndarray | None) -> tuple[float, float] | None:
    """The smallest and the largest target of the first batches; None for none, and for NaN and infinities."""
    if ranges is None or not len(ranges) or not np.isfinite(ranges).all():
        return None
    return float(ranges[:, 0].min()), float(ranges[:, 1].max())


def _repeat(prints: np.ndarray | None, has_one_shape: bool) -> bool | None:
    """True if the inputs of all first batches have the same sums; None for fewer than two batches."""
    if prints is None or len(prints) < 2:
        return None
    return has_one_shape and bool((prints == prints[0]).all())


def _class_shares(shares: np.ndarray | None, commonest: float | None) -> ClassShares | None:
    if shares is None or not len(shares) or commonest is None or not np.isfinite(commonest):
        return None
    return ClassShares(batch=float(np.median(shares)), all=commonest)
