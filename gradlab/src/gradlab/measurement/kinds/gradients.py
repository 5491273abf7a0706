"""Gradients of the loss with respect to each weight tensor, before any clipping."""

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind
from gradlab.measurement.statistics import GRADIENT_STATISTICS

RECORD = RecordField(
    name="gradients",
    description="Statistics of each weight tensor's gradient, the gradient's norm before and after clipping, and the "
    "share of batches that were clipped.",
    lean=1,
    sent_description="Statistics of each trainable tensor's gradient.",
    sent_default=1,
)

# The column that was added last. Senders of earlier versions do not send it, nor do those that send means alone.
ADDED = ("always_zero_fraction",)

GRADIENTS = SeriesKind(
    name="gradients",
    title="Gradients",
    noun="gradients",
    description="Size of the gradients per layer and epoch; by default the mean absolute gradient of each layer's "
    "kernel.\n\n"
    "`layer` and `parameter` are repeatable; `parameter=all` adds biases and all other tensors. Each value is a "
    "statistic of the gradient before clipping, averaged over the epoch's mini-batches; `GET /catalogue` lists the "
    "statistics. Epoch 0, with `from_epoch=0`, is the gradient over all training samples before the first update.",
    path="gradients",
    record=RECORD,
    source="gradients",
    shown_as="statistic",
    tensors=MeasuredNetwork.weights,
    statistics=GRADIENT_STATISTICS,
    default="mean_abs",
    since_epoch=1,  # epoch 0 is one gradient over all samples, not a mean over mini-batches
    read_by_rules=True,
    optional_columns=ADDED,
    example=(0.031, 0.028),
)
