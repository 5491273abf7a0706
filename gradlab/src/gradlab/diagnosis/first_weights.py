"""Mean and variance of a tensor's first weights: as its initialiser draws them, or as they were given."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.unknown import Unknown
from gradlab.measurement.history import Tensor
from gradlab.theory import Moments, moments


def first_moments(run: Run, layer: LayerView, tensor: Tensor) -> Moments | None:
    """Return the moments of a tensor's weights at epoch 0; None if the layer's kind has no initialiser for it.

    Raises:
        Unknown: the weights were given, and those of epoch 0 were not recorded.
    """
    if layer.name in run.view.given:
        return _recorded(run, tensor)
    initializer = layer.initializer(tensor)
    return None if initializer is None else moments(initializer, tensor.shape)


def _recorded(run: Run, tensor: Tensor) -> Moments:
    values = []
    for statistic in ("mean", "std"):
        recorded = run.series("weights", statistic, lambda each: each == tensor)
        if recorded is None or recorded.initially is None:
            why = "it began with given weights, and those of epoch 0 are not recorded"
            raise Unknown(why, "`record.weights` in the spec")
        values.append(float(recorded.initially[0]))
    mean, std = values
    return Moments(mean, std**2)
