"""Histograms of each weight tensor's entries over fixed bins."""

from gradlab.measurement.kinds.gradient_histograms import RECORD, bin_names
from gradlab.measurement.kinds.kind import MeasuredNetwork, SeriesKind

WEIGHT_HISTOGRAMS = SeriesKind(
    name="weight_histograms",
    title="Histograms of weights",
    noun="histograms of weights",
    path="histograms",
    query={"of": "weights"},
    record=RECORD,
    source="weights",
    shown_as="vector",
    tensors=MeasuredNetwork.weights,
    places=bin_names,
    read_by_rules=False,
    column_prefix="bin_",
    tag="_0",
)
