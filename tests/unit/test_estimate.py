"""What an experiment will cost is foreseen, and what is too large is refused with the bound and by how much."""

import json
import re

import pytest

from core.errors import Invalid
from core.settings import Settings
from core.spec.estimate import NUMBER_BYTES, STATE_COPIES, check_bounds, epoch_seconds, estimate, memory
from core.spec.experiment import parse
from core.spec.side_by_side import width_for

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
    exactly = {"max_memory_bytes": estimate(asked).memory_bytes, "max_parameters": PARAMETERS, "max_layers": 6}
    check_bounds(asked, Settings(_env_file=None, **exactly))
    assert set(refusals(asked, **{bound: size - 1 for bound, size in exactly.items()})) == set(exactly)


@pytest.mark.parametrize(("every", "rows"), [(1, 501), (10, 51), (7, 72), (1000, 1)])
def test_the_estimate_counts_what_will_be_stored(every, rows):
    nothing = {"gradients": 0, "weights": 0, "activations": 0, "signals": 0, "histograms": 0, "boundary": 0}
    networks = 2 * PARAMETERS  # before the first update and after the last
    for kind, numbers in (("gradients", 12 * 7), ("boundary", 32 * 32)):
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
        ("orders", {"samples": 1_000_000}, {"samples": 10_000_000}, 10 / 8),
    ],
)
def test_memory_grows_with_what_is_held(part, smaller, larger, ratio):
    assert memory(spec(**larger))[part] == pytest.approx(ratio * memory(spec(**smaller))[part])


def test_seeds_stand_side_by_side_as_long_as_their_weights_are_few():
    assert width_for(spec(seeds=3)) == 4  # programs are compiled for few numbers of seeds
    assert width_for(spec(seeds=300)) == 32
    assert width_for(spec(seeds=8, hidden=wide(1000, repeat=2))) == 1


def test_every_epoch_takes_the_same_time_and_compiling_goes_before():
    once, twice, longer = (estimate(spec(epochs=epochs)) for epochs in (1, 2, 1001))
    assert once.compile_seconds == longer.compile_seconds < once.seconds
    assert longer.seconds - once.seconds == pytest.approx(1000 * (twice.seconds - once.seconds))
    runs = estimate(spec(epochs=1001, seeds=5))
    assert runs.seconds - runs.compile_seconds == pytest.approx(5 * (longer.seconds - longer.compile_seconds))


def test_time_is_spent_on_what_is_asked_for():
    plain, recorded = epoch_seconds(spec()), epoch_seconds(spec(record="full"))
    assert plain["looking"] == plain["histograms"] == 0
    assert recorded["looking"] > 0
    assert recorded["histograms"] > epoch_seconds(spec(record="standard"))["histograms"] > 0
    assert epoch_seconds(spec(samples=2000))["products"] == pytest.approx(2 * plain["products"])
    # Sixteen batches of 32 make 500 samples, one batch of 500 too.
    assert plain["steps"] == pytest.approx(16 * epoch_seconds(spec(batch_size=500))["steps"])


def test_pretraining_trains_every_hidden_layer_and_compiles_for_each():
    plain = estimate(spec(epochs=20))
    greedy = estimate(spec(epochs=20, pretraining={"kind": "greedy_layerwise", "epochs": 4}))
    assert greedy.compile_seconds == pytest.approx(6 * plain.compile_seconds)
    trained = plain.seconds - plain.compile_seconds
    assert greedy.seconds - greedy.compile_seconds == pytest.approx(2 * trained)
