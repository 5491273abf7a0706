"""Recipes: studies that are ready to be begun, as large as they promise to be."""

import json
from pathlib import Path

import pytest

from gradlab.errors import Invalid, NotFound
from gradlab.recipes import RECIPES, recipe_named
from gradlab.spec import ExperimentSpec
from gradlab.spec.study import checked_points, grid, place
from gradlab.theory import critical_weight_variance

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = {
    "xavier": (2, 32), "adam": (3, 32), "weights": (4, 32), "depth": (20, 32), "width": (50, 5), "phase": (40, 5),
    "rate": (42, 5), "initializer": (30, 5),
}  # fmt: skip


@pytest.mark.slow
def test_each_recipe_is_a_study_whose_every_point_is_a_spec():
    assert {recipe.name: (recipe.study().cell_count, recipe.seeds) for recipe in RECIPES} == SIZES
    for recipe in RECIPES:
        assert recipe.title
        assert recipe.question.endswith("?")
        for activation in recipe.activations:
            study = recipe.study(activation)
            base = study.base.model_dump(mode="json")
            for point in checked_points(study):
                assert place(base, study.axes, point, study.run_seeds).seeds == study.run_seeds
            assert len(list(grid(study.axes))) == study.cell_count
            assert study.run_seeds == tuple(range(recipe.seeds))


@pytest.mark.parametrize(
    ("activation", "example"), [("tanh", "tutorial-2-deep-tanh"), ("relu", "tutorial-3-deep-relu")]
)
def test_the_extensions_begin_with_the_tutorials_networks(activation: str, example: str):
    spec = ExperimentSpec.model_validate(json.loads((EXAMPLES / f"{example}.json").read_text()))
    base = recipe_named("width").study(activation).base
    assert (base.model, base.dataset, base.training) == (spec.model, spec.dataset, spec.training)


def test_the_border_of_theory_crosses_the_phase_diagram():
    for activation in ("tanh", "relu"):
        study = recipe_named("phase").study(activation)
        variances, deviations = (axis.listed for axis in study.axes)
        for deviation in deviations:
            border = critical_weight_variance(study.base.model.layers[0].activation, deviation**2)
            assert variances[0] < border < variances[-1]


def test_seeds_and_activation_are_chosen_and_others_are_refused():
    study = recipe_named("depth").study("relu", seeds=3)
    assert (study.name, study.run_seeds) == ("Depth 1 to 10, relu", (0, 1, 2))
    with pytest.raises(Invalid, match=r"activation: expected .*tanh.*relu.*; received 'gelu'"):
        recipe_named("depth").study("gelu")
    with pytest.raises(NotFound, match="no recipe 'dpeth'; there are xavier, adam"):
        recipe_named("dpeth")
