"""RecordSpec: the measurements that are recorded while a network trains, and how often."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from gradlab.frozen import Frozen
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.kinds import KINDS, RECORD_FIELDS, MeasuredLayer, MeasuredNetwork, RecordField
from gradlab.spec.network import NamedLayer

Every = Annotated[int, Field(ge=0, le=1_000_000)]

# Samples in the probe batch: enough to distinguish a dead unit from a rarely active one, and cheap beside an epoch.
PROBE_SAMPLES = 128


class Cadence(Frozen):
    """Recording intervals in epochs, one field for each kind of series or group of kinds."""

    def every(self, field: RecordField) -> int | None:
        """Return the interval of a field in epochs; None if it is left to the default."""
        value: int | None = getattr(self, field.name)
        return value


if TYPE_CHECKING:
    RecordSpec = Cadence
else:
    RecordSpec = create_model(
        "RecordSpec",
        __base__=Cadence,
        __module__=__name__,
        __doc__="""Recording intervals in epochs. A kind is recorded at epoch 0 and once an interval; with 0, never.

    Loss, metrics and learning rate are recorded after every epoch. A name stands for a bundle: ``nothing``; ``lean``,
    only gradients; ``standard``, everything that costs little; ``full``, everything after every epoch, except the
    boundary, which keeps its default interval.
    """,
        **{
            each.name: (
                Every | None if each.default is None else Every,
                Field(default=each.default, description=each.description),
            )
            for each in RECORD_FIELDS
        },
    )


BUNDLES: dict[str, dict[str, int]] = {
    "nothing": {each.name: 0 for each in RECORD_FIELDS},
    "lean": {each.name: each.lean for each in RECORD_FIELDS},
    "standard": {},
    "full": {each.name: each.full for each in RECORD_FIELDS if each.full is not None},
}


def _bundle(value: Any) -> Any:
    if isinstance(value, str):
        if value not in BUNDLES:
            raise ValueError(f"an object, or one of the bundles {', '.join(BUNDLES)}")
        return BUNDLES[value]
    return value


Record = Annotated[RecordSpec, BeforeValidator(_bundle)]


def measured_network(layers: Sequence[NamedLayer], epochs: int, has_boundary: bool) -> MeasuredNetwork:
    """Return the properties of a network that decide which series it has.

    Args:
        layers: all layers, input side first.
        epochs: the training's last epoch.
        has_boundary: True if the data are classes with two inputs.
    """
    return MeasuredNetwork(tuple(map(_measured, layers)), epochs, has_boundary)


def _measured(layer: NamedLayer) -> MeasuredLayer:
    return MeasuredLayer(
        layer.name,
        layer.tensors,
        layer.spec.watched(layer.input_shape),
        layer.spec.time_steps(layer.input_shape) or 0,
        layer.output_shape[-1],
    )


def every_of(record: RecordSpec, field: RecordField, network: MeasuredNetwork) -> int:
    """Return the interval in epochs at which a field of `record` is recorded for a network; 0 for never."""
    chosen = record.every(field)
    return field.every(network) if chosen is None else chosen


def series_layouts(record: RecordSpec, network: MeasuredNetwork) -> tuple[SeriesLayout, ...]:
    """Return the layouts of all series that are recorded for a network, without the metrics."""
    layouts = (kind.layout(network, every_of(record, kind.record, network)) for kind in KINDS)
    return tuple(layout for layout in layouts if layout is not None)
