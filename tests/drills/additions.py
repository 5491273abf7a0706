"""Texts of a dataset, a statistic, a remedy and a rule that the drills add, file by file."""

DATASET = '''"""Stripes across the plane."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Stripes(GeneratedDataset):
    """Points in the unit square: class 1 in every second stripe along the first input."""

    kind: Literal["stripes"] = "stripes"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""
    stripes: int = Field(default=4, ge=2, le=100)
    """How many there are."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        x = random.random((self.samples, 2))
        classes = (x[:, 0] * self.stripes).astype(int) % 2
        return x + random.normal(0, self.noise, x.shape), classes
'''

TEST_OF_DATASET = '''"""Stripes: the class follows from the first input alone."""

import numpy as np

from gradlab.vocabulary.datasets.stripes import Stripes


def test_classes_alternate_along_the_first_input():
    x, classes = Stripes(samples=400, noise=0.0, stripes=4).draw()
    assert (classes == np.floor(4 * x[:, 0]) % 2).all()
    assert {*classes} == {0, 1}
'''

STATISTIC = """def l1(g: Array, xp: Any) -> Array:
    return xp.sum(xp.abs(g), axis=-1)


"""
ENTRY_OF_STATISTIC = """    Statistic("l1", "Σ|gᵢ|", "log", LOSS_PER_WEIGHT, "the sum of the sizes", l1),
"""

REMEDY = '''"""RMSprop in place of plain gradient descent."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.optimizers import RMSprop


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    refusal = Problem("training.optimizer", "sgd", spec.training.optimizer.kind)
    plain = spec.training.optimizer.kind == "sgd"
    training = {"optimizer": RMSprop(learning_rate=0.01).model_dump(mode="json")} if plain else {}
    return treated(spec, REMEDY.name, refusal, training=training)


REMEDY = Remedy(
    name="optimizer_rmsprop",
    title="RMSprop",
    order=225,
    changes="The optimiser becomes rmsprop with a learning rate of 0.01.",
    source="Tieleman & Hinton 2012.",
    apply=_apply,
)
'''

RULE = '''"""The weights have grown many times over."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# Ten times the length that was drawn. A drill's number: nothing was measured for it.
GROWTH = 10.0


def detect(run: Run) -> Sighting | None:
    """Compare the largest kernel's length at the end with its length when it was drawn."""
    lengths = run.series("weights", "l2", lambda tensor: tensor.parameter == "kernel")
    if lengths is None or lengths.initially is None or not len(lengths.values):
        return None
    growth = lengths.values[-1] / lengths.initially
    place = int(np.argmax(np.where(np.isfinite(growth), growth, 0)))
    if not growth[place] > GROWTH:
        return None
    layer = lengths.tensors[place].layer
    return Sighting((layer,), int(run.epochs[-1]), (measure("growth", float(growth[place]), ">", GROWTH, "times"),))


RULE = Rule(
    name="weight_growth",
    title="The weights have grown many times over",
    kind="symptom",
    severity="warning",
    formula="max over the kernels of the length in the last epoch by the length at epoch 0 > growth",
    thresholds={"growth": GROWTH},
    source="A drill, 2026",
    explanation=(
        "In {layers} the kernel is {growth} times as long as it was drawn. Steps so large leave nothing of what the "
        "initialiser had balanced."
    ),
    remedies=("learning_rate_lower",),
    causes=(),
    detect=detect,
    always=True,
)
'''
CASE_OF_RULE = """    Case("weight_growth", _grown, weight_growth.GROWTH, ">"),
"""
RUN_OF_RULE = '''def _grown(growth: float) -> Run:
    """Every tensor of length 1 at epoch 0, and of length `growth` from then on."""
    return a_run(series={"weights.l2": np.concatenate([np.ones((1, 1)), np.full((EPOCHS, 1), growth)])})


'''
EXAMPLE_OF_RULE = """    Example(
        "weight_growth",
        "Kernels drawn with a standard deviation of 0.001, trained with Adam at a rate of 0.1.",
        "The lengths of the kernels rise by orders of magnitude within the first epochs.",
        {
            "name": "weight growth",
            "dataset": {"kind": "circles", "samples": 200, "noise": 0.1, "seed": 1, "scale": [-1, 1]},
            "model": {
                "layers": [
                    {
                        "kind": "dense",
                        "units": 8,
                        "activation": "tanh",
                        "kernel_initializer": {"kind": "random_normal", "stddev": 0.001},
                    },
                    {"kind": "dense", "units": 1, "activation": "sigmoid"},
                ]
            },
            "training": {
                "loss": "binary_crossentropy",
                "optimizer": {"kind": "adam", "learning_rate": 0.1},
                "epochs": 40,
            },
            "seeds": [0, 1],
        },
        as_heat_map("weights", "l2"),
    ),
"""
