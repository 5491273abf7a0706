"""Pre-activations and activations of each layer on the probe batch."""

from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind, TerminalRow
from gradlab.measurement.statistics import ACTIVATION_STATISTICS

RECORD = RecordField(
    name="activations",
    description="Statistics of each layer's pre-activations and activations on the probe batch.",
    sent_description="Statistics of the activations of each layer whose `output_shape` is known.",
)


def _tensors(network: MeasuredNetwork) -> tuple[Tensor, ...]:
    return network.flows("activation")


ACTIVATIONS = SeriesKind(
    name="activations",
    title="Activations",
    noun="activations",
    description="Statistics of each layer's activations on the probe batch at the epoch's end; by default their "
    "standard deviation.",
    path="activations",
    record=RECORD,
    source="flows",
    shown_as="statistic",
    tensors=_tensors,
    statistics=ACTIVATION_STATISTICS,
    default="std",
    read_by_rules=True,
    terminal=(
        TerminalRow("slope", "slope"),
        TerminalRow("unit_correlation", "unit correlation"),
        TerminalRow("effective_rank", "effective rank"),
        TerminalRow("dead_fraction", "dead fraction"),
    ),
    example=(0.71, 0.69),
)
