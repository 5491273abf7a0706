"""The benchmarks of real sizes: lines that stay what they are, bounds, and a case of every kind of layer."""

import hashlib
import math
from typing import Any

import pytest

from bench.ops.cases import SIZES, cases
from bench.sizes.limit import operations_of_epoch
from bench.sizes.lines import lines
from bench.sizes.verdict import ESTIMATE_FACTOR, SMALL_BYTES, checks, overall, ratio, share_of_limit
from core.plan.estimate import estimate
from gradlab.frozen import kind_of
from gradlab.spec.experiment import parse
from gradlab.vocabulary.layers import LAYERS
from tests.builders import a_spec

# Of all lines' specs, recorded as by default, in their order. Lines that are added come behind these.
LINES, SHA256 = 25, "5ab1296f9a41f9411e8fb5f193448dc4478a2f1af91421bfc0463a2f78860dbd"
# Megabytes by which a fresh process grows, with an eighth of the samples: in three epochs, and in a hundred or 8 s.
MEASURED = {
    "network 1": (22, 31), "network 2": (63, 58), "network 3": (77, 79), "dense 30-64-32-1": (60, 72),
    "dense 784-256-256-10": (138, 194), "dense 784-512x3-10": (299, 322), "dense 784-1024x4-10": (694, 766),
    "dense 20x64": (142, 171), "dense 50x128": (299, 335), "conv2d 8, 16 on 8x8": (143, 167),
    "conv2d 32, 64 on 8x8": (141, 152), "conv2d 16, 32 on 28x28": (391, 349), "conv2d 32, 64 on 32x32": (567, 562),
    "eight conv2d 16 to 128, normalised, on 32x32": (790, 831), "depthwise 32, 64, normalised, on 32x32": (801, 892),
    "residual conv2d 16 on 16x16": (365, 376), "conv1d 32, 64 over 1000": (314, 294), "gru 16 over 200": (174, 200),
    "lstm 16 over 200": (208, 234), "gru 64 over 100": (333, 371), "lstm 64 over 100": (325, 395),
    "gru 128 over 400": (1478, 1433), "lstm 128 over 400": (1349, 1347), "attention over 64 tokens": (518, 519),
    "texts of 256 words": (146, 197),
}  # fmt: skip


@pytest.mark.slow
def test_the_lines_are_those_of_the_first_day():
    first = [line.spec("standard", quick=False).canonical() for line in lines().values()][:LINES]
    assert hashlib.sha256("\n".join(first).encode()).hexdigest() == SHA256


@pytest.mark.slow
def test_the_memory_of_each_line_is_within_its_interval_and_estimated_within_a_factor_of_two():
    assert [*MEASURED] == [*lines()]
    missed = []
    for name, (short, long) in MEASURED.items():
        estimated = estimate(lines()[name].spec("standard", quick=True))
        size = short * 1e6
        off = max(estimated.memory_bytes, size) / min(estimated.memory_bytes, size)
        is_small = max(estimated.memory_bytes, size) < SMALL_BYTES
        if estimated.memory_interval[1] < max(short, long) * 1e6 or (off > ESTIMATE_FACTOR and not is_small):
            missed.append((name, estimated.memory_bytes, size))
    assert not missed


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_every_kind_of_layer_has_a_case_whose_inputs_fit(size):
    made = cases(size)
    assert {case.layer.kind for case in made.values()} == {kind_of(member) for member in LAYERS}
    assert all(math.prod(case.layer.merged_shape(case.shapes)) > 0 for case in made.values())


def a_network(*units: int) -> Any:
    layers = [{"kind": "dense", "units": each, "use_bias": False} for each in units]
    dataset = {"kind": "circles", "samples": 30, "train_size": 20}
    fields = a_spec().model_dump() | {"dataset": dataset, "model": {"layers": layers}}
    return parse(a_spec().model_validate(fields).canonical())


def test_an_epoch_has_two_operations_for_each_multiply_add_of_each_pass():
    # 2·4 multiply-adds have no gradient by the samples: two passes. 4·1 have one: three. All have one to validate.
    assert operations_of_epoch(a_network(4, 1)) == 2 * (8 * (2 * 20 + 10) + 4 * (3 * 20 + 10))


def a_result(**turns: list[float]) -> dict[str, Any]:
    named = {name.replace("_", ", "): seconds for name, seconds in turns.items()}
    return {
        "line": "network 1",
        "turns": named,
        "busy": named,
        "limits": [1e9] * 3,
        "first": {"ours": {"epoch_0": 0.6, "first": 1.0, "busy": 1.0, "bytes": 1e6}},
        "estimate": {"seconds": 3.0, "bytes": 1},
    }


def test_ratios_are_taken_within_a_round():
    result = a_result(fit=[4.0, 8.0, 3.0], ours=[1.0, 4.0, 1.0])
    assert ratio(result, "fit", "ours") == 3.0
    assert math.isnan(ratio(result, "fit", "PyTorch"))
    operations = operations_of_epoch(a_network(4, 1))
    assert share_of_limit(result, a_network(4, 1), "fit") == pytest.approx(operations / 4.0 / 1e9)


def test_bounds_that_are_missed_say_so():
    result = a_result(fit=[90.0] * 3, fit_gradients=[90.0] * 3, ours=[1.0] * 3, ours_nothing=[1.0] * 3)
    line, spec = lines()["network 1"], a_network(4, 1)
    missed = {check.what for check in checks(line, spec, result) if not check.is_met}
    assert {"fit : ours", "seconds to epoch 0"} <= missed
    assert "fit with gradients : ours" not in missed
    assert "seconds to the first epoch" not in missed
    quick = a_result(fit=[2.0] * 3, ours=[1.0] * 3, ours_full=[2.0] * 3)
    assert [check.is_met for check in overall([quick])] == [True, False]


def test_as_fast_as_the_machine_can_is_near_enough():
    result = a_result(fit=[1.0] * 3, fit_gradients=[9.0] * 3, ours=[1.05] * 3)
    spec = a_network(4, 1)
    result["limits"] = [operations_of_epoch(spec)] * 3  # `fit` reaches all of it
    line = lines()["dense 20x64"]
    assert next(checks(line, spec, result)).is_met
    result["limits"] = [10 * operations_of_epoch(spec)] * 3
    assert not next(checks(line, spec, result)).is_met
