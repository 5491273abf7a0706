"""The estimated peak memory of a training, from its spec alone.

Some parts are held all the time. Others are held one at a time, and only the largest of them counts. The numbers of
copies were measured in fresh processes that had trained a small network before: on networks with widths from 5 to
100,000, and on the lines of `bench.sizes` (`docs/lab-notes/estimates.md`).
"""

import math
from collections.abc import Mapping, Sequence
from heapq import nlargest

from core.plan.calibration import START, cost
from core.plan.cost import Counts, heads_of, initial_samples, kept, start_counts
from core.plan.pieces import gathers_batches, validation_rows
from core.plan.widths import (
    MAX_CHUNK_EPOCHS,
    MAX_ORDER_ENTRIES,
    MAX_SERIES_NUMBERS,
    block_for,
    probe_width,
    records_gradients,
    rounds_of,
    traced_numbers,
    width_for,
)
from gradlab.measurement.kinds import names_from
from gradlab.measurement.kinds.boundary import PLANE_POINTS
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.network import NamedLayer
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.vocabulary.layers.activation import Activating

NUMBER_BYTES = 4
# Bytes that the first compilation keeps. Those that XLA and LLVM keep for each second of compilation, and TensorFlow
# and Keras of building and tracing.
COMPILE_BYTES = 20_000_000
COMPILE_BYTES_PER_SECOND, TRACE_BYTES_PER_SECOND = 35_000_000, 10_000_000
TRACED = ("build", "probe_layers", "trace_layers", "trace_program")
# Copies of weights, gradients and slots: as variables, in the program's loop, in checkpoints, in statistics.
STATE_COPIES = 8
# Copies of what flows through the layers: for samples that are measured at once, with the two largest layers' gradients
# besides, and for a batch forward and back.
INITIAL_COPIES, LARGEST_INITIAL_COPIES, FLOW_COPIES = 1.1, 0.5, 3
# Layers whose outputs take the memory of their inputs. So do activations as layers of their own, if TensorFlow computes
# their gradient from the output alone. One operation keeps its input besides; several keep what is between them, too.
IN_PLACE = ("flatten", "reshape")
FROM_OUTPUT = ("linear", "relu", "relu6", "elu", "selu", "tanh", "sigmoid", "exponential", "softmax", "log_softmax")
FROM_INPUT = ("leaky_relu", "silu", "softplus", "softsign")
# The same for the probe batch, of all layers and of the two largest ones besides, and for the plane. Statistics are
# computed for two layers at a time, partly in float64. A loop over time leaves each of its steps behind.
PROBE_COPIES, LARGEST_PROBE_COPIES, LOOP_COPIES, PLANE_COPIES = 5, 7, 5, 3
# Copies of what a call leaves behind: in the program, where it waits (`core.training.beside`), where it is measured.
TRACE_COPIES = 5
# A dataset is drawn and scaled as float64, and held as float32. An uploaded one is read from its file's memory, column
# by column, and held as float32; one array of doubles is prepared as such.
DATASET_BYTES_PER_VALUE, UPLOADED_BYTES_PER_VALUE = 8 + 8 + 4, 8 + 4
# Copies of arrays that enter or leave the program: in NumPy, in TensorFlow, and in the program.
BOUNDARY_COPIES = 3
# Parts that are held one at a time.
PASSING = ("flow", "probes", "boundary")
# Parts that groups of seeds share that train at a time.
SHARED = ("dataset", "compilation")


def peak(parts: dict[str, int]) -> int:
    """Return the peak: all parts that are held throughout, and the largest of those that are held one at a time."""
    staying = sum(size for part, size in parts.items() if part not in PASSING)
    return staying + max(parts[part] for part in PASSING)


def memory(spec: ExperimentSpec, start: Counts | None = None) -> dict[str, int]:
    """Return the bytes beyond TensorFlow's own, by part. `start`: `start_counts(spec)`, where it is counted already."""
    dataset, width = spec.dataset, width_for(spec)
    train = dataset.train_count
    values = dataset.value_count + sum(math.prod(output.layer.output_shape) for output in spec.outputs)
    flow = sum(held := [_held(layer) for layer in spec.layers])
    looped = sum(_held(layer) for layer in spec.layers if layer.spec.time_steps(layer.input_shape))
    state = spec.parameter_count * (2 + spec.training.optimizer.slots) + sum(layer.state_size for layer in spec.layers)
    permutations = max(train * width, min(MAX_ORDER_ENTRIES, MAX_CHUNK_EPOCHS * train * width))
    numbers = width * sum(math.prod(series.shape) / series.every for series in spec.layout.series)
    series = max(numbers, min(MAX_SERIES_NUMBERS, MAX_CHUNK_EPOCHS * numbers))
    watched = [math.prod(shape) for each in spec.layers if (shape := each.spec.watched(each.input_shape))]
    probed = any(kind in spec.layout for kind in names_from("flows"))
    seen = probed * (PROBE_COPIES * sum(watched) + flow + (LOOP_COPIES - 1) * looped)
    measured = probed * LARGEST_PROBE_COPIES * sum(nlargest(2, watched))
    at_a_time = len(rounds_of(spec.seeds, width)[0])
    points = PLANE_POINTS**2 if any(kind in spec.layout for kind in names_from("plane")) else 0
    sizes = {
        "dataset": _dataset_bytes(spec, values, at_a_time),
        "state": NUMBER_BYTES * STATE_COPIES * width * state,
        "flow": _flow_bytes(spec, held, seen),
        "sample_order": NUMBER_BYTES * BOUNDARY_COPIES * permutations,
        "series": NUMBER_BYTES * BOUNDARY_COPIES * series,
        "boundary": NUMBER_BYTES * PLANE_COPIES * width * _widest(spec) * points,
        "probes": NUMBER_BYTES * probe_width(spec, width) * min(PROBE_SAMPLES, train) * (seen + measured),
        "traces": NUMBER_BYTES * TRACE_COPIES * block_for(spec, width) * traced_numbers(spec, width),
        "compilation": _compilation_bytes(cost(start or start_counts(spec), START)),
    }
    return {part: math.ceil(size * (1 if part in SHARED else at_a_time)) for part, size in sizes.items()}


def _compilation_bytes(seconds: Mapping[str, float]) -> float:
    """Return the bytes that stay of what was built, traced and compiled. `seconds`: by count of the start."""
    compiled = sum(each for name, each in seconds.items() if name.startswith("compile_") or name == "stages")
    traced = sum(seconds.get(name, 0.0) for name in TRACED)
    return COMPILE_BYTES + COMPILE_BYTES_PER_SECOND * compiled + TRACE_BYTES_PER_SECOND * traced


def _dataset_bytes(spec: ExperimentSpec, values: int, at_a_time: int) -> int:
    """Return the bytes of all samples, and of the training samples in the orders of an epoch of each group."""
    dataset, width = spec.dataset, width_for(spec)
    each = DATASET_BYTES_PER_VALUE if dataset.is_drawn else UPLOADED_BYTES_PER_VALUE
    ordered = 0 if gathers_batches(spec, width) else NUMBER_BYTES * dataset.train_count * at_a_time * width * values
    return dataset.sample_count * values * each + ordered


def _flow_bytes(spec: ExperimentSpec, held: Sequence[int], seen: int) -> float:
    """Return the bytes that flow at epoch 0, when one network is measured and probed in one graph, or in an update.

    Args:
        spec: the experiment.
        held: the numbers that a sample leaves in each layer for the way back.
        seen: the numbers that a probed sample leaves in the same graph; 0 where nothing is probed.
    """
    width, train, widest = width_for(spec), spec.dataset.train_count, _widest(spec)
    back = INITIAL_COPIES * sum(held) + LARGEST_INITIAL_COPIES * sum(nlargest(2, held))
    initial = (back if records_gradients(spec) else INITIAL_COPIES * widest) * initial_samples(spec)
    initial += INITIAL_COPIES * widest * validation_rows(spec, 1)
    initial += seen * min(PROBE_SAMPLES, train)
    if not spec.training.epochs:
        return float(NUMBER_BYTES * initial)
    update = FLOW_COPIES * sum(held) * min(spec.training.batch_size, train)
    validation = INITIAL_COPIES * widest * validation_rows(spec, width)
    return float(NUMBER_BYTES * max(initial, width * update, width * validation))


def _held(layer: NamedLayer) -> int:
    """Return the count of numbers that a layer holds for one sample in memory of its own until the backward pass."""
    if layer.spec.kind in IN_PLACE:
        return 0
    if not (isinstance(layer.spec, Activating) and (function := layer.spec.function)):
        return kept(layer)
    parameters = function.model_dump(exclude={"kind"}, exclude_defaults=True)  # each takes an operation more
    if function.kind in FROM_OUTPUT and not parameters:
        return 0
    return kept(layer) * (1 if function.kind in FROM_INPUT else 2)


def _widest(spec: ExperimentSpec) -> int:
    """Return the most numbers that one sample has before and after a layer, without a backward pass."""
    return max(math.prod(layer.input_shape) + _out(layer) for layer in spec.layers)


def _out(layer: NamedLayer) -> int:
    """Return the count of a layer's outputs for one sample, for attention with its weights between positions."""
    return math.prod(layer.output_shape) + 2 * heads_of(layer) * layer.input_shape[0] ** 2
