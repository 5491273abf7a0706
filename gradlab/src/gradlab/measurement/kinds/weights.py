"""Weights at each epoch's end, and the distance that they moved in it."""

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind
from gradlab.measurement.statistics import WEIGHT_STATISTICS

RECORD = RecordField(
    name="weights",
    description="Statistics of each weight tensor, and the distance that it moved.",
    sent_description="Statistics of each trainable tensor, and the distance that it moved.",
)

WEIGHTS = SeriesKind(
    name="weights",
    title="Weights",
    noun="weights",
    description="Weights and their changes per layer and epoch; by default the L2 norm of each layer's kernel at the "
    "epoch's end.",
    path="weights",
    record=RECORD,
    source="weights",
    shown_as="statistic",
    tensors=MeasuredNetwork.weights,
    statistics=WEIGHT_STATISTICS,
    default="l2",
    read_by_rules=True,
    example=(1.62, 1.64),
)
