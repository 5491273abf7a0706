"""Recipes: studies that are ready to be begun, each a question with a base spec, axes, seeds and a chart."""

from gradlab.errors import NotFound, shorten
from gradlab.recipes.initialization import INITIALIZATION, PHASE
from gradlab.recipes.recipe import Recipe
from gradlab.recipes.tutorial import ADAM, DEPTH, WEIGHTS, WIDTH, XAVIER
from gradlab.recipes.updates import RATE

__all__ = ["RECIPES", "Recipe", "recipe_named"]

RECIPES: tuple[Recipe, ...] = (XAVIER, ADAM, WEIGHTS, DEPTH, WIDTH, PHASE, RATE, INITIALIZATION)


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        NotFound: there is none; the message lists the names.
    """
    recipes = {recipe.name: recipe for recipe in RECIPES}
    if name not in recipes:
        raise NotFound(f"There is no recipe {shorten(name)}; there are {', '.join(recipes)}.")
    return recipes[name]
