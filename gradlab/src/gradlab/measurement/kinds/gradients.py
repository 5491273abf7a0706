"""Gradients of the loss with respect to each weight tensor, before any clipping."""

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind
from gradlab.measurement.statistics import GRADIENT_STATISTICS

RECORD = RecordField(
    name="gradients",
    description="Statistics of each weight tensor's gradient, the gradient's norm before and after clipping, and how "
    "often it was\nclipped.",
    lean=1,
    sent_description="Statistics of each trainable tensor's gradient.",
    sent_default=1,
)

# A sender's columns without names are these, whatever else is measured of trainings here.
SENT_GRADIENT_STATISTICS = ("mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction", "nonfinite")

GRADIENTS = SeriesKind(
    name="gradients",
    title="Gradients",
    noun="gradients",
    description="How large the gradients are, per layer and epoch: by default the mean absolute gradient of each "
    "layer's kernel.\n\n"
    "`layer` and `parameter` are repeatable; `parameter=all` answers biases and the like as well. Each value is the "
    "mean\nover the epoch's mini-batches of a statistic of the gradient before any clipping; `GET /catalogue` lists "
    "them. Epoch\n0, for `from_epoch=0`, is the gradient over all training samples before the first update.",
    path="gradients",
    record=RECORD,
    source="gradients",
    shown_as="statistic",
    tensors=MeasuredNetwork.weights,
    statistics=GRADIENT_STATISTICS,
    default="mean_abs",
    since_epoch=1,  # epoch 0 is one gradient over all samples, not a mean over mini-batches
    read_by_rules=True,
    sent_columns=SENT_GRADIENT_STATISTICS,
    example=(0.031, 0.028),
)
