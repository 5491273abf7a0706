"""Back-propagated signals at each time step of a recurrent layer, on the probe batch."""

from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds.kind import MeasuredNetwork, SeriesKind
from gradlab.measurement.kinds.signals import RECORD


def _tensors(network: MeasuredNetwork) -> tuple[Tensor, ...]:
    recurrent = {layer.name for layer in network.layers if layer.steps}
    return tuple(tensor for tensor in network.flows("pre_activation") if tensor.layer in recurrent)


def _steps(network: MeasuredNetwork) -> tuple[str, ...]:
    """Return the names of the time steps, first to last. A layer with fewer steps is padded with NaN."""
    longest = max((layer.steps for layer in network.layers if layer.flow is not None), default=0)
    return tuple(map(str, range(1, longest + 1)))


TIME_SIGNALS = SeriesKind(
    name="time_signals",
    title="Back-propagated signals per time step",
    noun="back-propagated signals of a recurrent layer",
    path="signals/steps",
    record=RECORD,
    source="flows",
    shown_as="vector",
    tensors=_tensors,
    places=_steps,
    read_by_rules=True,
    column_prefix="step_",
    is_padded=True,
)
