"""The page of what Keras has and a spec can name, from the registries and one file of reasons."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from gradlab.frozen import kind_of
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.losses import LOSSES
from gradlab.vocabulary.metrics import METRICS
from scripts.pages.markdown import code, page, table

REASONS = Path(__file__).with_suffix(".toml")
OWN = ("residual", "activation")  # kinds that are no class of Keras of that name


def pages() -> dict[str, str]:
    """The page, by its path below `docs/`."""
    parts = [f"## keras.{module}\n\n" + table(("class", "in a spec"), _rows(module)) for module in reasons()]
    introduction = (
        "Every class of `keras.layers`, `keras.losses` and `keras.metrics`, and whether a spec can name it. "
        "A kind has the class's name in small letters, and its arguments and defaults."
    )
    return {"reference/keras.md": page("What of Keras there is", introduction, *parts)}


@cache
def reasons() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The file of reasons, by module: the classes that are named otherwise, partly there, or missing."""
    return tomllib.loads(REASONS.read_text())


def kinds(module: str) -> tuple[str, ...]:
    """The kinds of a registry that are classes of a module of Keras."""
    names = {
        "layers": [kind_of(member) for member in LAYERS],
        "losses": [kind_of(member) for member in LOSSES],
        "metrics": [member.kind for member in METRICS],
    }[module]
    return tuple(name for name in names if name not in OWN)


def class_of(kind: str) -> str:
    """A kind as the lower-case name of its class: ``conv2d_transpose`` is conv2dtranspose."""
    return kind.replace("_", "")


def answers(module: str, classes: Iterator[str] | list[str]) -> dict[str, str | None]:
    """The entry of each class in the table: a kind, a reason, or None where there is none."""
    own = {class_of(kind): kind for kind in kinds(module)}
    told = {name: text for part in ("otherwise", "missing") for name, text in reasons()[module].get(part, {}).items()}
    return {name: told.get(name, own.get(name.lower())) for name in classes}


def _rows(module: str) -> Iterator[tuple[str, str]]:
    told, partly = reasons()[module], reasons()[module].get("partly", {})
    by_kind = {class_of(name.lower()): name for name in partly}
    for kind in sorted(kinds(module)):
        name = by_kind.get(class_of(kind))
        yield code(kind), f"yes: {partly[name]}" if name else "yes"
    for name, text in sorted(told.get("otherwise", {}).items()):
        yield code(name), f"as {text}" if text.startswith("`") else text
    for name, text in sorted(told.get("missing", {}).items()):
        yield code(name), f"no: {text}"
