"""Back-propagated signals: the loss's gradient with respect to each layer's pre-activations, on the probe batch."""

from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind, TerminalRow
from gradlab.measurement.statistics import SIGNAL_STATISTICS

RECORD = RecordField(
    name="signals",
    description="The back-propagated signal of each layer on the probe batch; for recurrent layers also at each time "
    "step.",
    sent_description="The back-propagated signal of each layer whose `output_shape` is known.",
)


def _tensors(network: MeasuredNetwork) -> tuple[Tensor, ...]:
    return network.flows("pre_activation")


SIGNALS = SeriesKind(
    name="signals",
    title="Back-propagated signals",
    noun="back-propagated signals",
    description="Size of the back-propagated signal, the loss's gradient with respect to each layer's pre-activations, "
    "on the probe batch at the epoch's end.\n\nIt shows a uniform vanishing that weight gradients hide.",
    path="signals",
    record=RECORD,
    source="flows",
    shown_as="statistic",
    tensors=_tensors,
    statistics=SIGNAL_STATISTICS,
    default="rms",
    read_by_rules=True,
    terminal=(TerminalRow("rms", "signal rms", rank=0),),
    example=(0.0021, 0.0034),
)
