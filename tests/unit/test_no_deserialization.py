"""Nothing that a user sends is made an object by Keras: its loaders are not called, and are named in few places."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADERS = {"load_model", "model_from_json", "deserialize", "deserialize_keras_object", "from_config"}
# Each place that names one of them, or `keras.saving`, with the reason why no user's text reaches it.
EXCEPTIONS = {
    ("core/store/migrate.py", "from_config"): "Alembic's own, of the folder of migrations",
    ("core/training/architecture.py", "keras.saving"): "writes the configuration of a network of this service",
    ("core/training/recurrent.py", "from_config"): "copies a layer that this service has built",
    ("gradlab/src/gradlab/keras/recurrence.py", "from_config"): "copies a layer of the user's, in the user's process",
    ("gradlab/src/gradlab/vocabulary/activations.py", "from_config"): "lets Keras copy an activation of this service",
    ("gradlab/src/gradlab/vocabulary/activations.py", "keras.saving"): "registers that activation's class",
    ("gradlab/src/gradlab/vocabulary/layers/attention.py", "from_config"): "lets Keras copy an initialiser",
}


def names_in(node: ast.AST) -> Iterator[str]:
    """The loaders, and `keras.saving`, that one node of a syntax tree names, also as a text for `getattr`."""
    match node:
        case ast.Attribute(value=ast.Name(id="keras"), attr="saving"):
            yield "keras.saving"
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.FunctionDef(name=name) | ast.Constant(value=str(name)):
            yield name
        case ast.Import(names=names):
            yield from ("keras.saving" for each in names if each.name.startswith("keras.saving"))
        case ast.ImportFrom(module=module, names=names):
            listed = [each.name for each in names]
            if (module or "").startswith("keras.saving") or (module == "keras" and "saving" in listed):
                yield "keras.saving"
            yield from listed


def places() -> set[tuple[str, str]]:
    files = [path for part in ("gradlab/src", "core", "api", "worker") for path in (ROOT / part).rglob("*.py")]
    texts = {path: text for path in files if any(each in (text := path.read_text()) for each in (*LOADERS, "saving"))}
    return {
        (str(path.relative_to(ROOT)), name)
        for path, text in texts.items()
        for node in ast.walk(ast.parse(text))
        for name in names_in(node)
        if name in LOADERS or name == "keras.saving"
    }


@pytest.mark.slow
def test_keras_loaders_are_named_in_these_places_alone():
    assert places() == set(EXCEPTIONS)


def test_every_way_to_name_a_loader_is_seen():
    source = (
        "import keras.saving\nfrom keras import saving\nfrom keras.models import load_model\n"
        "keras.saving.deserialize_keras_object(x)\ngetattr(keras.models, 'model_from_json')\nlayer.from_config(c)\n"
    )
    seen = {name for node in ast.walk(ast.parse(source)) for name in names_in(node)}
    assert {*LOADERS, "keras.saving"} - {"deserialize"} <= seen
