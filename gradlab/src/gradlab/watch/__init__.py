"""Parts of every Watch: the record of a training in its own process, its diagnosis, and sending it to a service."""

from gradlab.watch.cadence import intervals, intervals_of, samples_batches, without_an_end
from gradlab.watch.describe import describe
from gradlab.watch.memory import Memory, stopped_by
from gradlab.watch.recorder import IllTraining, Recorder, WatchWarning
from gradlab.watch.reporting import Reporting
from gradlab.watch.sampling import Sampling

__all__ = [
    "IllTraining",
    "Memory",
    "Recorder",
    "Reporting",
    "Sampling",
    "WatchWarning",
    "describe",
    "intervals",
    "intervals_of",
    "samples_batches",
    "stopped_by",
    "without_an_end",
]
