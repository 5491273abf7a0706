"""The table of what Keras has and a spec can name is complete, and true of the installed Keras."""

import inspect

import keras
import pytest

from scripts.pages.keras import answers, class_of, kinds, pages, reasons

MODULES = ("layers", "losses", "metrics")


def classes_of(module: str) -> set[str]:
    """The classes of a module of Keras, each by one name: its own, if the module has it."""
    names: dict[type, set[str]] = {}
    for name, each in vars(getattr(keras, module)).items():
        if inspect.isclass(each):
            names.setdefault(each, set()).add(name)
    return {each.__name__ if each.__name__ in called else min(called) for each, called in names.items()}


@pytest.mark.parametrize("module", MODULES)
def test_every_class_of_keras_is_a_kind_or_has_a_reason(module):
    told = answers(module, sorted(classes_of(module)))
    assert [name for name, answer in told.items() if not answer] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_reasons_speak_of_classes_that_keras_has_and_of_no_kind_that_is_there(module):
    classes, own = classes_of(module), {class_of(kind) for kind in kinds(module)}
    parts = reasons()[module]
    assert {name for part in parts.values() for name in part} <= classes
    # Classes whose own name is a kind are there, and no reason says otherwise.
    assert {name for name in parts.get("missing", {}) if name.lower() in own} == set()
    assert {name for name in parts.get("partly", {}) if name.lower() not in own} == set()


def test_every_kind_that_is_called_as_a_class_of_keras_is_one():
    lower = {name.lower() for name in classes_of("layers")} | {"activation"}
    assert [kind for kind in kinds("layers") if class_of(kind) not in lower] == []


def test_the_page_names_every_class_once():
    (text,) = pages().values()
    for module in MODULES:
        section = text.partition(f"## keras.{module}\n")[2].partition("\n## ")[0]
        assert section.count("\n| `") == len({*kinds(module)}) + sum(
            len(reasons()[module].get(part, {})) for part in ("otherwise", "missing")
        )
