"""Optimisers and schedules do what their formulas say, as Keras does them, also when seeds share a tensor."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradlab.frozen import kind_of
from gradlab.vocabulary.optimizers import OPTIMIZERS, Sgd
from gradlab.vocabulary.schedules import SCHEDULES, LinearWarmup
from gradlab.vocabulary.schedules import LearningRateSchedule as Schedule
from tests.campaigns import one_in

LEFT_OUT = {
    "Adafactor",
    "Ftrl",
    "Lamb",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "OptimizerMap",
    "ScheduleFreeAdamW",
}
# Every optimiser with its defaults, and with everything that changes how much it keeps or how it computes.
VARIANTS = [
    *((member, {}) for member in OPTIMIZERS),
    (Sgd, {"momentum": 0.9}),
    (Sgd, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    *((member, {"amsgrad": True}) for member in OPTIMIZERS if "amsgrad" in member.model_fields),
    *((member, {"momentum": 0.9, "centered": True}) for member in OPTIMIZERS if "centered" in member.model_fields),
]
STEPS = [0, 1, 2, 5, 9, 10, 11, 15, 19, 20, 21, 24, 30, 33, 40, 41, 47, 69, 71, 82, 100, 122, 999, 1000, 3000, 12345]


def floor(p, staircase):
    return np.floor(p) if staircase else p


def exponential(s, t):
    return s.initial_learning_rate * s.decay_rate ** floor(t / s.decay_steps, s.staircase)


def inverse_time(s, t):
    return s.initial_learning_rate / (1 + s.decay_rate * floor(t / s.decay_steps, s.staircase))


def polynomial(s, t):
    length = s.decay_steps * max(1, np.ceil(t / s.decay_steps)) if s.cycle else s.decay_steps
    left = 1 - min(t, length) / length
    return (s.initial_learning_rate - s.end_learning_rate) * left**s.power + s.end_learning_rate


def cosine(s, t):
    if s.warmup_target is None:
        top = s.initial_learning_rate
    elif t < s.warmup_steps:
        return s.initial_learning_rate + (s.warmup_target - s.initial_learning_rate) * t / s.warmup_steps
    else:
        top, t = s.warmup_target, t - s.warmup_steps
    return top * ((1 - s.alpha) * (1 + np.cos(np.pi * min(t / s.decay_steps, 1))) / 2 + s.alpha)


def restarts(s, t):
    height, length = 1.0, float(s.first_decay_steps)
    while t >= length:
        t, length, height = t - length, length * s.t_mul, height * s.m_mul
    return s.initial_learning_rate * ((1 - s.alpha) * height * (1 + np.cos(np.pi * t / length)) / 2 + s.alpha)


def piecewise(s, t):
    return s.values[sum(t > boundary for boundary in s.boundaries)]


def warmup(s, t):
    share = min(t / s.warmup_steps, 1)
    return s.initial_learning_rate * (1 - share) + s.warmup_target * share


RATE = {"initial_learning_rate": 0.3}
DECAY = {**RATE, "decay_steps": 10, "decay_rate": 0.7}
# In float32 41·(1/41) is below 1 and 1000·(1/1000) above it: XLA must not multiply by the reciprocal.
BY_HAND = [
    (exponential, "exponential_decay", DECAY),
    (exponential, "exponential_decay", {**DECAY, "staircase": True}),
    (exponential, "exponential_decay", {**DECAY, "staircase": True, "decay_steps": 41}),
    (inverse_time, "inverse_time_decay", DECAY),
    (inverse_time, "inverse_time_decay", {**DECAY, "staircase": True}),
    (polynomial, "polynomial_decay", {**RATE, "decay_steps": 10}),
    (polynomial, "polynomial_decay", {**RATE, "decay_steps": 10, "power": 2.5, "end_learning_rate": 0.05}),
    (polynomial, "polynomial_decay", {**RATE, "decay_steps": 1000, "power": 0.5}),
    (polynomial, "polynomial_decay", {**RATE, "decay_steps": 10, "cycle": True}),
    (polynomial, "polynomial_decay", {**RATE, "decay_steps": 1000, "cycle": True, "power": 1.5}),
    (cosine, "cosine_decay", {**RATE, "decay_steps": 20}),
    (cosine, "cosine_decay", {**RATE, "decay_steps": 20, "alpha": 0.25}),
    (cosine, "cosine_decay", {"initial_learning_rate": 0, "decay_steps": 20, "warmup_target": 1, "warmup_steps": 10}),
    (restarts, "cosine_decay_restarts", {**RATE, "first_decay_steps": 9}),
    (restarts, "cosine_decay_restarts", {**RATE, "first_decay_steps": 9, "t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    (restarts, "cosine_decay_restarts", {**RATE, "first_decay_steps": 41, "t_mul": 1.0}),
    (restarts, "cosine_decay_restarts", {**RATE, "first_decay_steps": 61}),
    (restarts, "cosine_decay_restarts", {**RATE, "first_decay_steps": 8, "t_mul": 1.5, "m_mul": 0.5}),
    (piecewise, "piecewise_constant_decay", {"boundaries": [10], "values": [0.3, 0.1]}),
    (piecewise, "piecewise_constant_decay", {"boundaries": [10, 20, 30], "values": [0.3, 0.1, 0.2, 0]}),
    (warmup, "linear_warmup", {"warmup_target": 0.3, "warmup_steps": 20}),
    (warmup, "linear_warmup", {**RATE, "warmup_target": 0.1, "warmup_steps": 20}),
]


def named(value):
    """A name that is the same in every process: a function's own."""
    return getattr(value, "__name__", str(value))


def names(module):
    return {name for name, value in vars(module).items() if inspect.isclass(value)}


def test_every_optimizer_and_schedule_of_keras_is_on_the_shelf_or_left_out_with_a_reason():
    offered = {member.keras_name for member in OPTIMIZERS}
    assert names(keras.optimizers) == {"Optimizer"} | offered | LEFT_OUT
    assert all(f"`{name}`" in inspect.getmodule(Sgd).__doc__ for name in LEFT_OUT)
    assert names(keras.optimizers.schedules) == {"LearningRateSchedule"} | {member.keras_name for member in SCHEDULES}


@pytest.mark.parametrize("member", OPTIMIZERS, ids=kind_of)
def test_an_optimizer_takes_kerass_defaults(member):
    ours = member().build(keras).get_config()
    theirs = getattr(keras.optimizers, member.keras_name)().get_config()
    assert ours | {"name": ""} == theirs | {"name": ""}  # Keras numbers the objects of one class


@pytest.mark.parametrize("member", [each for each in SCHEDULES if each is not LinearWarmup], ids=kind_of)
def test_a_schedule_takes_kerass_defaults(member):
    fields = next(fields for _, kind, fields in BY_HAND if kind == kind_of(member))
    least = {name: fields[name] for name, field in member.model_fields.items() if field.is_required()}
    ours = member(**least).build(keras).get_config()
    assert ours == getattr(keras.optimizers.schedules, member.keras_name)(**least).get_config()


@pytest.mark.parametrize(("by_hand", "kind", "fields"), BY_HAND, ids=named)
def test_a_schedule_follows_its_formula(by_hand, kind, fields):
    schedule = next(member for member in SCHEDULES if kind_of(member) == kind)(**fields)
    built = schedule.build(keras)
    compiled = tf.function(built, jit_compile=True)
    expected = [by_hand(schedule, t) for t in STEPS]
    np.testing.assert_allclose([float(built(t)) for t in STEPS], expected, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose([float(compiled(tf.constant(t))) for t in STEPS], expected, rtol=1e-5, atol=2e-6)
    assert len({round(rate, 6) for rate in expected}) > 1


def test_every_schedule_is_followed_above():
    assert {kind for _, kind, _ in BY_HAND} == {kind_of(member) for member in SCHEDULES}


@pytest.mark.parametrize("member", OPTIMIZERS, ids=kind_of)
def test_an_optimizer_asks_its_schedule_before_each_update(member):
    schedule = LinearWarmup(warmup_target=0.5, warmup_steps=5)
    optimizer = member(learning_rate=schedule).build(keras)
    weight = keras.Variable(np.ones(3, np.float32))
    for t in range(7):
        assert float(optimizer.learning_rate) == pytest.approx(0.1 * min(t, 5), abs=1e-6)
        before = weight.numpy()
        optimizer.apply([tf.ones(3)], [weight])
        assert np.array_equal(weight.numpy(), before) == (t == 0)
    assert isinstance(schedule, Schedule)


def updated(member, fields, weights, gradients):
    """The weights of some variables after one update for each step's gradients, in a compiled program."""
    optimizer, variables = member(**fields).build(keras), [keras.Variable(each) for each in weights]
    optimizer.build(variables)
    apply = tf.function(lambda step: optimizer.apply(list(step), variables), jit_compile=True)
    for step in gradients:
        apply(tuple(map(tf.constant, step)))
    return [variable.numpy() for variable in variables]


@pytest.mark.parametrize(("member", "fields"), one_in(2, VARIANTS, ids=lambda *of: f"{kind_of(of[0])}-{of[1]}"))
def test_seeds_that_share_a_tensor_are_updated_as_if_they_were_alone(member, fields):
    random = np.random.default_rng(0)
    weights = random.standard_normal((3, 4, 5), np.float32)  # three seeds
    gradients = random.standard_normal((6, 3, 4, 5), np.float32) * np.float32([[[1]], [[1e-3]], [[1e3]]])
    (together,) = updated(member, fields, [weights], gradients[:, None])
    for ours, alone, before in zip(together, updated(member, fields, weights, gradients), weights, strict=True):
        np.testing.assert_allclose(ours, alone, rtol=1e-6)
        assert not np.array_equal(alone, before)
    assert member.side_by_side


@pytest.mark.parametrize(("member", "fields"), VARIANTS, ids=str)
def test_slots_are_counted_without_keras(member, fields):
    optimizer = member(**fields).build(keras)
    optimizer.build([keras.Variable(np.ones((4, 5), np.float32))])
    assert member(**fields).slots == sum(variable.shape == (4, 5) for variable in optimizer.variables)
