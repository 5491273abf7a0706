"""Suggestions that make a training take less memory, the most effective first."""

from core.plan.estimate import estimate, memory
from core.plan.widths import width_for
from gradlab.spec.experiment import ExperimentSpec

# Number of suggestions: those for the largest parts of the estimate.
MAX_CHANGES = 4
MEGABYTE = 1_000_000


def own_bytes(spec: ExperimentSpec) -> int:
    """Return the estimated bytes of a training's own arrays, without those of compilation."""
    return sum(size for part, size in memory(spec).items() if part != "compilation")


def lighter(spec: ExperimentSpec) -> tuple[str, ...]:
    """Return changes of a spec that make its training take less memory, each with its present value."""
    batch = f"a smaller batch (now {spec.training.batch_size:,})"
    samples = f"fewer samples (now {spec.dataset.sample_count:,})"
    layers = f"narrower layers (now {spec.parameter_count:,} parameters)"
    width = width_for(spec)
    seeds = (f"fewer seeds at a time (now {width} train side by side)",) if width > 1 else ()
    recorded = "recording less"
    changes = {
        "dataset": (samples,),
        "state": (layers, *seeds),
        "flow": (batch, layers, *seeds),
        "sample_order": (samples, *seeds),
        "series": (recorded, *seeds),
        "boundary": (recorded, layers),
        "probes": (layers, recorded),
        "traces": (recorded, *seeds, layers),
    }
    parts = sorted(memory(spec).items(), key=lambda part: -part[1])
    named = dict.fromkeys(change for part, _ in parts for change in changes.get(part, ()))
    return tuple(named)[:MAX_CHANGES]


def advice(spec: ExperimentSpec) -> str:
    """Return the estimated memory and the suggestions, as sentences for an error message."""
    estimated = f"{estimate(spec).memory_bytes / MEGABYTE:,.0f} MB were estimated beyond TensorFlow's own"
    return f"{estimated}. What would make it smaller: {', '.join(lighter(spec))}."


def is_out_of_memory(failure: BaseException) -> bool:
    """Return True if an exception of NumPy, TensorFlow or XLA is about missing memory."""
    text = str(failure).lower()
    return isinstance(failure, MemoryError) or "out of memory" in text or "oom when allocating" in text
