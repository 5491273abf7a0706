"""Registry of the kinds of series. Each has one file, with everything that the other parts need to know about it.

Recorder, spec, estimate, endpoints, charts, exports, client, command line and dashboard iterate over `KINDS`.
"""

from gradlab.measurement.kinds.activations import ACTIVATIONS
from gradlab.measurement.kinds.boundary import BOUNDARY
from gradlab.measurement.kinds.gradient_histograms import GRADIENT_HISTOGRAMS
from gradlab.measurement.kinds.gradients import GRADIENTS
from gradlab.measurement.kinds.kind import MeasuredLayer, MeasuredNetwork, RecordField, SeriesKind, Source
from gradlab.measurement.kinds.signals import SIGNALS
from gradlab.measurement.kinds.time_signals import TIME_SIGNALS
from gradlab.measurement.kinds.weight_histograms import WEIGHT_HISTOGRAMS
from gradlab.measurement.kinds.weights import WEIGHTS

# The order in which kinds are stored, exported and listed.
KINDS: tuple[SeriesKind, ...] = (
    GRADIENTS,
    WEIGHTS,
    ACTIVATIONS,
    SIGNALS,
    TIME_SIGNALS,
    GRADIENT_HISTOGRAMS,
    WEIGHT_HISTOGRAMS,
    BOUNDARY,
)
BY_NAME = {kind.name: kind for kind in KINDS}
# The fields of a spec's `record`. Several kinds may share one.
RECORD_FIELDS: tuple[RecordField, ...] = tuple(dict.fromkeys(kind.record for kind in KINDS))
# The kinds that have one number of each statistic for each tensor and epoch.
STATISTIC_KINDS = tuple(kind for kind in KINDS if kind.shown_as == "statistic")
STATISTICS = {kind.name: kind.statistics for kind in STATISTIC_KINDS}


def names_from(source: Source) -> tuple[str, ...]:
    """Return the names of the kinds that are measured from `source`, in the order of `KINDS`."""
    return tuple(kind.name for kind in KINDS if kind.source == source)


__all__ = [
    "ACTIVATIONS",
    "BOUNDARY",
    "BY_NAME",
    "GRADIENTS",
    "GRADIENT_HISTOGRAMS",
    "KINDS",
    "RECORD_FIELDS",
    "SIGNALS",
    "STATISTICS",
    "STATISTIC_KINDS",
    "TIME_SIGNALS",
    "WEIGHTS",
    "WEIGHT_HISTOGRAMS",
    "MeasuredLayer",
    "MeasuredNetwork",
    "RecordField",
    "SeriesKind",
    "Source",
    "names_from",
]
