"""Pictures and tables of the recipes of studies: `docs/studies/`.

    python -m bench.recipes [RECIPE[:ACTIVATION] ...] [--seeds N] [--folder FOLDER]

Each recipe is sent to an embedded service with one worker, all of them by default. Its table is kept as JSON, its chart
and those of `MORE` as SVG. Prints the seconds of each, and the load of the machine.
"""

import argparse
import tempfile
import time
from pathlib import Path

from api.charts.figure import render
from api.charts.studies.query import StudyChartQuery
from api.charts.studies.views import study_view_named
from bench.outputs import made_folder
from bench.processes import conditions
from bench.serving import served
from gradlab import Client
from gradlab.recipes import RECIPES, Recipe, recipe_named
from gradlab.schemas.studies import StudyTableResponse
from gradlab.spec.study import StudySpec

FOLDER = Path(__file__).parents[1] / "docs" / "studies"
# Charts that are drawn besides the recipe's own.
MORE = {"depth": ("arriving",)}


def main() -> None:
    """Train the recipes one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", help="names, each perhaps with an activation behind a colon")
    parser.add_argument("--seeds", type=int, default=None, help="seeds in each cell; by default the recipe's")
    parser.add_argument("--folder", type=made_folder, default=FOLDER)
    options = parser.parse_args()
    with conditions(), tempfile.TemporaryDirectory() as data, served(data) as (_, url), Client(url) as client:
        for recipe, activation in map(_chosen, options.recipes) if options.recipes else _all():
            spec, begun = recipe.study(activation, options.seeds), time.perf_counter()
            table = trained(client, spec)
            print(f"{recipe.name:12} {activation:6} {time.perf_counter() - begun:7.1f} s", flush=True)
            keep(recipe, activation, spec, table, options.folder)


def trained(client: Client, spec: StudySpec) -> StudyTableResponse:
    """Have a study trained; return its table.

    Raises:
        SystemExit: a cell has not been trained.
    """
    study = client.begin_study(spec.model_dump(mode="json", exclude_unset=True))
    client.wait_for_study(study.id)
    table = client.study_table(study.id)
    if missing := [row for row in table.rows if row.status != "completed"]:
        raise SystemExit(f"{spec.name}: cell {missing[0].position} is {missing[0].status}: {missing[0].error}")
    return table


def _all() -> list[tuple[Recipe, str]]:
    return [(recipe, activation) for recipe in RECIPES for activation in recipe.activations]


def _chosen(text: str) -> tuple[Recipe, str]:
    name, _, activation = text.partition(":")
    recipe = recipe_named(name)
    return recipe, activation or recipe.activations[0]


def keep(recipe: Recipe, activation: str, spec: StudySpec, table: StudyTableResponse, folder: Path) -> None:
    """Write a study's table and its charts."""
    stem = f"{recipe.name}-{activation}" if len(recipe.activations) > 1 else recipe.name
    without_ids = table.model_copy(
        update={"rows": [row.model_copy(update={"experiment_ids": [], "seconds": None}) for row in table.rows]}
    )
    (folder / f"{stem}.json").write_text(without_ids.model_dump_json(indent=1, exclude={"study_id", "revision"}) + "\n")
    for name in (recipe.chart, *MORE.get(recipe.name, ())):
        figure = study_view_named(name).draw(StudyChartQuery(table, spec))
        (folder / f"{stem}-{name}.svg").write_bytes(render(figure, "svg"))


if __name__ == "__main__":
    main()
