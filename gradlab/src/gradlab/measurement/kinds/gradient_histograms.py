"""Histograms of each gradient's entries over fixed bins."""

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind
from gradlab.measurement.statistics import BIN_NAMES

RECORD = RecordField(
    name="histograms",
    description="Histograms of the entries of each weight tensor and its gradient.",
    default=10,
    sent_description="Histograms of the entries of each trainable tensor and its gradient.",
)


def bin_names(network: MeasuredNetwork) -> tuple[str, ...]:
    """Return the bins' names, which are the same for all networks."""
    return BIN_NAMES


GRADIENT_HISTOGRAMS = SeriesKind(
    name="gradient_histograms",
    title="Histograms of gradients",
    noun="histograms of gradients",
    path="histograms",
    query={"of": "gradients"},
    record=RECORD,
    source="gradients",
    shown_as="vector",
    tensors=MeasuredNetwork.weights,
    places=bin_names,
    read_by_rules=False,
    column_prefix="bin_",
    tag="_0_grad",  # as Keras's callback wrote it in TensorFlow 1 with `write_grads=True`
)
