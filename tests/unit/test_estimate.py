"""The cost of an experiment is foreseen; one that is too large is refused with the bound and by how much."""

import json
import math
import re

import pytest

from core.plan.bounds import check_bounds
from core.plan.calibration import SHIPPED, SHIPPED_SOURCE, Calibration, Record
from core.plan.cost import Measured
from core.plan.estimate import epoch_seconds, estimate, memory, plan
from core.plan.memory import NUMBER_BYTES, PASSING, STATE_COPIES, UPLOADED_BYTES_PER_VALUE, peak
from core.plan.pieces import gathers_batches, validation_rows
from core.plan.widths import probe_width, width_for
from core.settings import Settings
from gradlab.errors import Invalid
from gradlab.measurement.kinds import GRADIENTS
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.several import two_ends

HIDDEN = {"kind": "dense", "units": 5, "activation": "tanh", "repeat": 5}
PARAMETERS = (2 * 5 + 5) + 4 * (5 * 5 + 5) + (5 + 1)


def spec(*, hidden=(HIDDEN,), optimizer="sgd", epochs=500, batch_size=32, samples=1000, record="lean", seeds=1, **more):
    """The tutorial's deep network, or something like it."""
    training = {"loss": "binary_crossentropy", "optimizer": optimizer, "epochs": epochs, "batch_size": batch_size}
    fields = {
        "dataset": {"kind": "circles", "samples": samples},
        "model": {"layers": [*hidden, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": {**training, **more},
        "record": record,
        "seeds": list(range(seeds)),
    }
    return parse(json.dumps(fields))


def wide(units, repeat=1):
    return ({"kind": "dense", "units": units, "repeat": repeat},)


def refusals(asked, **bounds):
    with pytest.raises(Invalid) as refused:
        check_bounds(asked, Settings(_env_file=None, **bounds))
    return {re.search(r"bound (\w+)", problem.expected)[1]: problem for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("asked", "field", "bound"),
    [
        ({"hidden": wide(5, repeat=200)}, "model.layers", "max_layers"),
        ({"hidden": wide(5000, repeat=2)}, "model.layers", "max_parameters"),
        ({"samples": 200_000}, "dataset.samples", "max_samples"),
        ({"epochs": 200_000}, "training.epochs", "max_epochs"),
        ({"seeds": 300}, "seeds", "max_seeds"),
        ({"epochs": 100_000, "seeds": 256}, "(the whole spec)", "max_series_bytes"),
        ({"hidden": wide(1000, repeat=4), "samples": 100_000, "epochs": 100_000}, "(the whole spec)", "max_seconds"),
        (
            {"hidden": wide(1000, repeat=10), "samples": 100_000, "batch_size": 100_000},
            "(the whole spec)",
            "max_memory_bytes",
        ),
    ],
)
def test_a_spec_beyond_a_bound_is_refused_with_the_bound_and_by_how_much(asked, field, bound):
    problem = refusals(spec(**asked))[bound]
    assert problem.field == field
    size, times = (float(number) for number in re.findall(r"[\d.]+", problem.received.replace(",", "")))
    limit = float(re.search(r"at most ([\d,]+)", problem.expected)[1].replace(",", ""))
    assert times == pytest.approx(size / limit, abs=0.06)
    assert size > limit


def test_the_tutorials_network_on_many_seeds_is_within_the_bounds():
    check_bounds(spec(seeds=32, record="full"), Settings(_env_file=None))


def test_what_is_exactly_at_a_bound_is_allowed():
    asked = spec()
    exactly = {"max_memory_bytes": estimate(asked).memory_interval[1], "max_parameters": PARAMETERS, "max_layers": 6}
    check_bounds(asked, Settings(_env_file=None, **exactly))
    assert set(refusals(asked, **{bound: size - 1 for bound, size in exactly.items()})) == set(exactly)


@pytest.mark.parametrize(("every", "rows"), [(1, 501), (10, 51), (7, 72), (1000, 1)])
def test_the_estimate_counts_what_will_be_stored(every, rows):
    nothing = {"gradients": 0, "weights": 0, "activations": 0, "signals": 0, "histograms": 0, "boundary": 0}
    networks = 2 * PARAMETERS  # before the first update and after the last
    for kind, numbers in (("gradients", 12 * len(GRADIENTS.statistics)), ("boundary", 32 * 32)):
        asked = spec(seeds=3, record={**nothing, kind: every})
        columns = len(asked.layout.metrics)
        assert estimate(asked).series_bytes == 3 * 4 * (501 * columns + rows * numbers + networks)


def test_a_boundary_costs_time_and_memory_where_it_is_recorded():
    never, often, seldom = (spec(record={"boundary": every}) for every in (0, 1, 10))
    seconds = [epoch_seconds(each)["boundary"] for each in (never, often, seldom)]
    assert seconds[0] == 0 < seconds[2]
    assert seconds[1] == pytest.approx(10 * seconds[2])
    bytes_of = [memory(each)["boundary"] for each in (never, often, seldom)]
    assert bytes_of[0] == 0 < bytes_of[1] == bytes_of[2]


def test_the_estimate_counts_what_networks_hold_besides_parameters():
    plain, normalized = wide(5), (*wide(5), {"kind": "batch_normalization"})
    sizes = [estimate(spec(hidden=hidden, record="nothing")).series_bytes for hidden in (plain, normalized)]
    # gamma, beta and the running mean and variance of five units, twice.
    assert sizes[1] - sizes[0] == 4 * 2 * 20


def test_parameters_are_those_of_the_network():
    assert estimate(spec()).parameters == PARAMETERS


@pytest.mark.parametrize(
    ("optimizer", "slots"), [("sgd", 0), ({"kind": "sgd", "momentum": 0.9}, 1), ("adam", 2), ("lion", 1)], ids=str
)
def test_memory_counts_the_slots_of_the_optimizer_for_every_seed_side_by_side(optimizer, slots):
    asked = spec(optimizer=optimizer, seeds=4)
    assert memory(asked)["state"] == NUMBER_BYTES * STATE_COPIES * 4 * PARAMETERS * (2 + slots)


@pytest.mark.parametrize(
    ("part", "smaller", "larger", "ratio"),
    [
        ("state", {}, {"seeds": 2}, 2),
        ("dataset", {"samples": 1000}, {"samples": 3000}, 3),
        ("flow", {"batch_size": 5000, "samples": 10_000}, {"batch_size": 20_000, "samples": 40_000}, 4),
        ("sample_order", {"samples": 1_000_000}, {"samples": 10_000_000}, 10 / 8),
    ],
)
def test_memory_grows_with_what_is_held(part, smaller, larger, ratio):
    assert memory(spec(**larger))[part] == pytest.approx(ratio * memory(spec(**smaller))[part])


def test_seeds_stand_side_by_side_as_long_as_their_weights_are_few():
    assert width_for(spec(seeds=3)) == 4  # programs are compiled for few numbers of seeds
    assert width_for(spec(seeds=300)) == 8  # more gain nothing
    assert width_for(spec(seeds=8, hidden=wide(1000, repeat=2))) == 1


@pytest.mark.parametrize(
    ("asked", "width", "at_once"),
    [
        ({"record": "standard"}, 1, 32),
        ({"record": "standard"}, 8, 256),
        ({"record": {"activations": 10, "signals": 20}}, 8, 8 * 4),  # epochs 10, 20 and 30 of 32, or one more
        ({"record": "standard", "hidden": wide(64, repeat=2)}, 8, 32),  # 45 would have 200,000 weights
        ({"record": "standard", "hidden": wide(80, repeat=2)}, 8, 200_000 // (3 * 80 + 81 * 80 + 81)),
        ({"record": "standard", "hidden": wide(100)}, 8, 64),  # 77 would have a million numbers
        ({"record": "standard", "hidden": wide(600)}, 8, 32),
        ({"record": "standard", "hidden": wide(5000, repeat=2)}, 1, 1),
    ],
)
def test_the_networks_that_a_call_leaves_behind_are_probed_together_as_long_as_they_are_small(asked, width, at_once):
    assert probe_width(spec(**asked), width) == at_once


def test_every_epoch_takes_the_same_time_and_compiling_goes_before():
    once, twice, longer = (estimate(spec(epochs=epochs)) for epochs in (1, 2, 1001))
    assert once.compile_seconds == longer.compile_seconds < once.seconds
    assert longer.seconds - once.seconds == pytest.approx(1000 * (twice.seconds - once.seconds))


def test_without_an_epoch_nothing_is_compiled_for_training():
    look, trained = (estimate(spec(epochs=epochs)) for epochs in (0, 1))
    assert look.seconds < trained.seconds / 2


def test_seeds_side_by_side_compile_once_and_share_their_epochs():
    alone, together = (estimate(spec(epochs=1000, seeds=seeds)) for seeds in (1, 32))
    assert together.seconds < 16 * alone.seconds
    assert [plan(spec(seeds=seeds)).groups for seeds in (8, 15, 32)] == [1, 2, 4]
    wide_ones = plan(spec(seeds=3, hidden=wide(1000, repeat=2), epochs=7))
    assert (wide_ones.groups, wide_ones.epochs) == (3, 21)


def test_places_that_fill_a_group_up_are_trained_and_not_measured():
    some, all_places, groups = (plan(spec(seeds=seeds, record="full")).epoch for seeds in (5, 8, 10))
    measured = ("gradient_statistics", "weight_statistics", "histograms", "look_products", "look_values")
    for name, count in all_places.items():
        assert some[name] == groups[name] == pytest.approx(count * (5 / 8 if name in measured else 1)), name


def test_time_is_spent_on_what_is_asked_for():
    plain, recorded = (plan(spec(record=record)).epoch for record in ("lean", "full"))
    assert plain["look_values"] == plain["histograms"] == 0
    assert recorded["look_values"] > 0
    assert recorded["histograms"] > plan(spec(record="standard")).epoch["histograms"] > 0
    assert plan(spec(samples=2000)).epoch["products"] == pytest.approx(2 * plain["products"])
    # Sixteen batches of 32 make 500 samples, one batch of 500 too.
    assert plain["updates"] == 16 * plan(spec(batch_size=500)).epoch["updates"]
    dearer = [{"record": "full"}, {"samples": 4000}, {"hidden": wide(200)}, {"hidden": wide(5, repeat=20)}]
    for asked in dearer:
        assert sum(epoch_seconds(spec(**asked)).values()) > sum(epoch_seconds(spec()).values())


def test_pretraining_trains_every_hidden_layer_and_compiles_for_each():
    plain = estimate(spec(epochs=20))
    short, long = (
        estimate(spec(epochs=20, pretraining={"kind": "greedy_layerwise", "epochs": epochs})) for epochs in (4, 4000)
    )
    assert plan(spec(pretraining={"kind": "autoencoder"})).start["stages"] == 5
    assert plain.seconds < short.seconds < long.seconds


def test_of_what_comes_and_goes_only_the_largest_counts():
    asked = memory(spec(record="full"))
    assert peak(asked) == sum(asked.values()) - sum(asked[part] for part in PASSING) + max(
        asked[part] for part in PASSING
    )


# Measured in fresh processes that had trained a small network before: bytes.
@pytest.mark.parametrize(
    ("asked", "measured"),
    [
        ({"hidden": wide(100_000)}, 1009e6),
        ({"hidden": wide(100_000), "record": "nothing"}, 527e6),
        ({"hidden": wide(100_000), "record": "lean"}, 566e6),
        ({"hidden": wide(100_000), "record": "lean", "samples": 1600, "train_size": 100}, 792e6),
        ({"hidden": wide(100_000), "record": "nothing", "samples": 1600, "train_size": 100}, 757e6),
        ({"hidden": wide(2000, repeat=2), "record": "full", "samples": 2000}, 690e6),
    ],
    ids=str,
)
def test_the_memory_of_wide_networks_is_not_underestimated(asked, measured: float):
    kinds = {"optimizer": "adam", "epochs": 2, "record": "standard"}
    train_size = asked.pop("train_size", None)
    foreseen = spec(**(kinds | asked))
    if train_size:
        dataset = foreseen.dataset.model_copy(update={"train_size": train_size})
        foreseen = type(foreseen).model_validate(foreseen.model_dump() | {"dataset": dataset.model_dump()})
    cost = estimate(foreseen)
    assert cost.memory_bytes == pytest.approx(measured, rel=0.45)
    assert cost.memory_interval[1] > measured


@pytest.mark.parametrize(("filters", "measured"), [(256, 887e6), (512, 1187e6)])
def test_epoch_0_holds_what_is_measured_and_what_is_probed(filters, measured):
    """Measured likewise: the peak was at epoch 0: the gradient of 1,525 or 762 samples and the probe in one graph."""
    fields = json.loads(spec(optimizer="adam", epochs=2, batch_size=64, record="standard").model_dump_json())
    layers = [
        {"kind": "reshape", "target_shape": [8, 8, 1]},
        {"kind": "conv2d", "filters": filters, "kernel_size": 1, "activation": "relu", "repeat": 4},
        {"kind": "global_average_pooling2d"},
        {"kind": "dense", "units": 10, "activation": "softmax"},
    ]
    training = fields["training"] | {"loss": "categorical_crossentropy"}
    changed = {"dataset": {"kind": "digits", "train_size": 1700}, "model": {"layers": layers}, "training": training}
    cost = estimate(parse(json.dumps(fields | changed)))
    assert cost.memory_bytes == pytest.approx(measured, rel=0.2)
    assert cost.memory_interval[1] > measured


def test_activations_of_their_own_count_unless_their_gradient_needs_their_output_alone():
    """Eight of 1,500 units, measured likewise."""

    def activated(activation):
        fields = json.loads(spec(optimizer="adam", epochs=3, samples=10_000, record="standard").model_dump_json())
        dataset = {"kind": "gaussian_quantiles", "samples": 10_000, "features": 20}
        own = {"kind": "activation", "activation": activation, "repeat": 8}
        layers = [*wide(1500), own, {"kind": "dense", "units": 3, "activation": "softmax"}]
        training = fields["training"] | {"loss": "categorical_crossentropy"}
        return parse(json.dumps(fields | {"dataset": dataset, "model": {"layers": layers}, "training": training}))

    for activation, measured in {"gelu": 836e6, "relu": 360e6}.items():
        cost = estimate(activated(activation))
        assert cost.memory_bytes == pytest.approx(measured, rel=0.2)
        assert cost.memory_interval[1] > measured
    flow = {name: memory(activated(name))["flow"] for name in ("linear", "relu", "tanh", "leaky_relu", "gelu")}
    assert flow["linear"] == flow["relu"] == flow["tanh"] < flow["leaky_relu"] < flow["gelu"]
    assert memory(activated({"kind": "relu", "negative_slope": 0.1}))["flow"] > flow["relu"]


def test_networks_are_measured_one_after_another_at_epoch_0():
    one, eight = (memory(spec(hidden=wide(16, repeat=20), batch_size=1, seeds=seeds)) for seeds in (1, 8))
    assert one["flow"] == eight["flow"]


def a_record(times: float, *, machine: str = "one", asked=None, bytes_times: float | None = None) -> Record:
    """A training that took so many times what the shipped calibration says."""
    planned = plan(asked or spec(epochs=100))
    shipped = estimate(asked or spec(epochs=100), SHIPPED)
    held = None if bytes_times is None else round(bytes_times * planned.bytes)
    measured = Measured(
        times * shipped.compile_seconds, times * (shipped.seconds - shipped.compile_seconds), 1, 100, held
    )
    return Record(machine, planned, measured)


def test_without_records_the_shipped_calibration_speaks_and_says_so():
    cost = estimate(spec())
    assert cost.source == SHIPPED_SOURCE == Calibration.of([]).source
    assert cost.seconds_interval[0] < cost.seconds < cost.seconds_interval[1]
    assert cost.memory_interval[0] < cost.memory_bytes < cost.memory_interval[1]
    assert estimate(spec(), Calibration.of([])) == cost


def test_estimates_follow_what_machines_have_recorded():
    slow = Calibration.of([a_record(3.0, bytes_times=2.0) for _ in range(20)])
    cost, shipped = estimate(spec(), slow), estimate(spec())
    assert cost.source == "records of 1 machine"
    assert cost.seconds == pytest.approx(3 * shipped.seconds)
    assert cost.compile_seconds == pytest.approx(3 * shipped.compile_seconds)
    assert cost.memory_bytes == pytest.approx(2 * shipped.memory_bytes)
    assert cost.seconds_interval[0] <= cost.seconds <= cost.seconds_interval[1]


def test_one_record_changes_little_and_one_disturbed_among_many_does_not_decide():
    shipped = estimate(spec()).seconds
    assert estimate(spec(), Calibration.of([a_record(30.0)])).seconds < 1.3 * shipped
    many = [a_record(2.0) for _ in range(20)] + [a_record(100.0)]
    assert estimate(spec(), Calibration.of(many)).seconds == pytest.approx(2 * shipped)


@pytest.mark.slow
def test_of_several_machines_the_median_is_taken_and_the_interval_holds_all():
    records = [a_record(times, machine=f"{times}") for times in (1.0, 2.0, 8.0) for _ in range(30)]
    cost, shipped = estimate(spec(), Calibration.of(records)), estimate(spec()).seconds
    assert cost.source == "records of 3 machines"
    assert cost.seconds == pytest.approx(2 * shipped)
    assert cost.seconds_interval[0] <= shipped
    assert cost.seconds_interval[1] >= 8 * shipped


def test_a_training_that_ended_early_is_held_against_what_it_did():
    asked = spec(epochs=1000)
    planned, shipped = plan(asked), estimate(spec(epochs=10))
    rest = shipped.seconds - shipped.compile_seconds
    early = Record("one", planned, Measured(shipped.compile_seconds, rest, 1, 10, None))
    assert Calibration.of([early] * 20).seconds.middle == pytest.approx(1.0)


def test_bounds_do_not_depend_on_what_was_trained_before():
    asked = spec(epochs=1000)
    limit = math.ceil(estimate(asked).seconds)
    check_bounds(asked, Settings(_env_file=None, max_seconds=limit))
    assert set(refusals(asked, max_seconds=limit - 1)) == {"max_seconds"}


def test_uploaded_data_are_bounded_by_their_bytes_and_planned_in_pieces():
    shapes = {"train_count": 800_000, "val_count": 200_000, "feature_shape": [50]}
    samples = shapes | {"target": {"kind": "values", "count": 1}}
    dataset = {"kind": "uploaded", "id": f"sha256:{'a' * 64}", "target": "y", "task": "values", "samples": samples}
    layers = [{"kind": "dense", "units": 64, "activation": "relu"}, {"kind": "dense", "units": 1}]
    training = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 3, "batch_size": 256}
    large = parse(json.dumps({"dataset": dataset, "model": {"layers": layers}, "training": training}))
    check_bounds(large, Settings(_env_file=None))
    with pytest.raises(
        Invalid, match=r"dataset: expected at most 100,000,000 .*max_prepared_bytes.*received 200,000,000"
    ):
        check_bounds(large, Settings(_env_file=None, max_prepared_bytes=100_000_000))
    assert gathers_batches(large, width_for(large))
    assert validation_rows(large, width_for(large)) < 200_000
    assert estimate(large).memory_bytes < 1_400_000_000


def test_the_numbers_of_all_inputs_and_outputs_are_counted():
    several = ExperimentSpec.model_validate(two_ends())
    numbers = (2 + 1) + (1 + 3)  # of a sample: both inputs, both outputs
    assert plan(several).start["dataset"] == 100 * numbers
    ordered = NUMBER_BYTES * 80 * numbers
    assert memory(several)["dataset"] == 100 * numbers * UPLOADED_BYTES_PER_VALUE + ordered
    assert refusals(several, max_prepared_bytes=1)["max_prepared_bytes"].received.startswith("1,200")


def test_of_equal_layers_all_are_traced_and_one_is_compiled():
    start = plan(spec(hidden=wide(64, repeat=10))).start
    # The first has two inputs.
    assert (start["compile_layers"], start["compile_tensors"], start["trace_layers"]) == (3, 6, 8)
    assert "trace_layers" not in plan(spec(hidden=wide(5, repeat=10))).start
