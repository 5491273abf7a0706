"""Recording intervals of a Watch: bundles by name, or an interval for each kind of series."""

from collections.abc import Mapping

from gradlab.measurement.kinds import KINDS, RECORD_FIELDS
from gradlab.spec import ExternalSpec
from gradlab.spec.recording import Cadence

# The fields of `record` that a training elsewhere can have.
FIELDS = {field.name: field for field in RECORD_FIELDS if field.sent_description is not None}
# The field that sets a kind's interval, by the kind's name.
FIELD_OF = {kind.name: kind.record.name for kind in KINDS if kind.record.name in FIELDS}
# Records that are planned where the length of a training is not known, and the bytes that they take: as many records as
# a service takes by default, and half of the bytes (`max_epochs` and `max_series_bytes` of its settings).
MAX_UNPLANNED, MAX_UNPLANNED_BYTES = 100_000, 500_000_000
# The bundles' intervals. The standard bundle of the service leaves them out, since they are the fields' defaults.
BUNDLES: dict[str, dict[str, int]] = {
    "lean": {name: field.lean for name, field in FIELDS.items()},
    "standard": {name: field.default or 0 for name, field in FIELDS.items()},
    "full": {name: field.full or 0 for name, field in FIELDS.items()},
}


def without_an_end(spec: ExternalSpec, before: int = 0) -> ExternalSpec:
    """Return the description of a training whose length is not known: with as many records as a service takes.

    Args:
        spec: the description with any number of records.
        before: records that an experiment has which the training continues.
    """
    one = spec.series_bytes // (spec.epochs - spec.initial_epoch + 1)
    records = min(MAX_UNPLANNED - before, MAX_UNPLANNED_BYTES // max(1, one))
    return spec.model_copy(update={"epochs": spec.initial_epoch + max(1, records)})


def intervals_of(record: Cadence) -> dict[str, int]:
    """Return the interval, in records, of each field of an `ExternalSpec`'s `record`, as `intervals` does."""
    return {name: record.every(field) or 0 for name, field in FIELDS.items()}


def samples_batches(record: str | Mapping[str, int]) -> bool:
    """True if the gradients of some batches of a record are measured, not of every one: for the bundle ``lean``."""
    return record == "lean"


def intervals(record: str | Mapping[str, int]) -> dict[str, int]:
    """Return the interval, in records, of each field of an `ExternalSpec`'s `record`; 0 for never.

    Args:
        record: ``lean``, only gradients, of some batches; ``standard``; ``full``, everything in every record; or
            kind -> interval, where kinds that are not named are not recorded.

    Raises:
        ValueError: there is no such bundle or kind, or an interval is no whole number of 0 or more.
    """
    if isinstance(record, str):
        if record not in BUNDLES:
            raise ValueError(f"record: expected {', '.join(BUNDLES)}, or kind -> interval; received {record!r}")
        return dict(BUNDLES[record])
    chosen = dict.fromkeys(FIELDS, 0)
    for name, every in record.items():
        field = name if name in FIELDS else FIELD_OF.get(name)
        if field is None:
            raise ValueError(f"record: expected kinds among {', '.join([*FIELDS, *FIELD_OF])}; received {name!r}")
        if not isinstance(every, int) or isinstance(every, bool) or every < 0:
            raise ValueError(f"record.{name}: expected a whole number, 0 for never; received {every!r}")
        chosen[field] = every
    return chosen
