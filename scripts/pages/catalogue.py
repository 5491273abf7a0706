"""Pages from the catalogue: what a spec and a query may name, one page for each registry."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from core.catalogue import catalogue
from scripts.pages.markdown import anchor, code, page, prose, table, value

Row = Mapping[str, Any]

# What stands above the members of a registry. One that is missing here has a page all the same, without it.
INTRODUCTIONS = {
    "datasets": "Samples that a network learns from: the first `train_size` of them train, the others validate.",
    "layers": "From the input to the output. `repeat` writes a layer several times.",
    "activations": "As an `activation` of a layer, or as a layer of its own.",
    "initializers": "Distributions from which weights are drawn.",
    "optimizers": "Rules by which weights follow their gradients.",
    "schedules": "In the place of an optimiser's number `learning_rate`.",
    "losses": "The number that a training minimises. A loss fits some targets and some outputs; others are refused.",
    "regularizers": "Terms that weights add to the loss.",
    "constraints": "Sets of weights into which every update is projected back.",
    "pretraining": "A training of the layers before the training itself.",
    "splits": "Which rows of an uploaded dataset are for training. The others validate.",
    "preparations": "Steps that turn the columns of an uploaded dataset into inputs, fitted on the training part.",
    "metrics": "Numbers of an epoch beside the loss, for training and validation samples.",
    "bundles": "Names for a whole `record`: every how many epochs a kind of series is recorded, 0 for never.",
    "kinds": "Series that are recorded of a network, with the endpoints that answer them.",
    "statistics": "One number of one tensor. Each kind of series with statistics has its own.",
    "rules": "Conditions that a diagnosis checks. [The illnesses](../../diagnosis.md) shows each with a picture.",
    "remedies": "Changes that a treatment may try. [The illnesses](../../diagnosis.md#remedies) has them in full.",
    "recipes": "Studies that are ready to be begun. [The guide](../../guides/study.md) shows how.",
}


def pages() -> dict[str, str]:
    """The page of each registry, by the path below `docs/`."""
    return {f"reference/catalogue/{name}.md": _page(name, members) for name, members in _registries().items()}


@cache
def _registries() -> Mapping[str, Any]:
    return catalogue().model_dump(mode="json")


def places() -> dict[frozenset[str], str]:
    """The registry of each set of kinds: how a choice in a schema is recognised."""
    return {
        frozenset(each["kind"] for each in members): name
        for name, members in _registries().items()
        if isinstance(members, list) and all("parameters" in each for each in members)
    }


def _page(name: str, members: Any) -> str:
    sections = WRITERS.get(name, _kinds)(members)
    return page(_title(name), INTRODUCTIONS.get(name, ""), *sections)


def _title(name: str) -> str:
    return {"kinds": "Kinds of series", "bundles": "Bundles of `record`"}.get(name, name.capitalize())


def _kinds(members: Sequence[Row]) -> list[str]:
    """A section for each kind: its description and a table of its fields."""
    contents = ", ".join(f"[`{each['kind']}`](#{each['kind']})" for each in members)
    return [contents, *(_kind(each) for each in members)]


def _kind(each: Row) -> str:
    parts = [f"{anchor(each['kind'])}\n\n## `{each['kind']}`", prose(each["description"])]
    if each["parameters"]:
        parts.append(table(("field", "type", "default", "range", "meaning"), map(_field, each["parameters"])))
    return "\n\n".join(parts)


def _field(each: Row) -> Sequence[str]:
    default = "required" if each["required"] else value(each["default"])
    return code(each["name"]), _type(each["type"]), default, each["bounds"], prose(each["description"])


def _type(text: str) -> str:
    """A type, in which the names of registries are links to their pages."""
    words = text.split(" or ")
    return " or ".join(f"[{word}]({word}.md)" if word in _registries() else word for word in words)


def _metrics(members: Sequence[Row]) -> list[str]:
    rows = ((code(each["kind"]), each["formula"], each["range"], prose(each["meaning"])) for each in members)
    return [table(("metric", "formula", "range", "meaning"), rows)]


def _bundles(members: Mapping[str, Row]) -> list[str]:
    fields = list(next(iter(members.values())))
    rows = ((code(name), *(value(bundle[field]) for field in fields)) for name, bundle in members.items())
    return [table(("bundle", *map(code, fields)), rows), "`null`: worked out from the number of epochs."]


def _series(members: Sequence[Row]) -> list[str]:
    rows = (
        (code(each["name"]), each["title"], code(_address(each)), code(f"record.{each['record']}"), each["shown_as"])
        for each in members
    )
    return [table(("kind", "title", "endpoint", "recorded by", "shown as"), rows)]


def _address(each: Row) -> str:
    query = "&".join(f"{name}={chosen}" for name, chosen in each["query"].items())
    return f"/experiments/{{id}}/{each['path']}" + (f"?{query}" if query else "")


def _statistics(members: Mapping[str, Sequence[Row]]) -> list[str]:
    return [
        f"## {kind}\n\n"
        + table(
            ("statistic", "formula", "range", "unit", "meaning"),
            (
                (code(each["name"]), each["formula"], each["range"], each["unit"], prose(each["meaning"]))
                for each in statistics
            ),
        )
        for kind, statistics in members.items()
    ]


def _rules(members: Sequence[Row]) -> list[str]:
    rows = (
        (
            f"[`{each['name']}`](../../diagnosis.md#{each['name']})",
            each["title"],
            f"{each['kind']}, {each['severity']}",
            ", ".join(f"{name} {value(number)}" for name, number in each["thresholds"].items()),
            ", ".join(map(code, each["remedies"])),
        )
        for each in members
    )
    return [table(("rule", "finding", "kind", "thresholds", "suggested remedies"), rows)]


def _remedies(members: Sequence[Row]) -> list[str]:
    rows = (
        (
            f"[`{each['name']}`](../../diagnosis.md#{each['name']})",
            each["title"],
            each["changes"],
            ", ".join(map(code, each["treats"])),
        )
        for each in members
    )
    return [table(("remedy", "title", "what it changes", "findings that it may cure"), rows)]


def _recipes(members: Sequence[Row]) -> list[str]:
    rows = (
        (
            code(each["name"]),
            each["question"],
            ", ".join(code(axis["name"] or axis["knob"] or axis["pointer"]) for axis in _first_study(each)["axes"]),
            f"{each['cells']} cells of {each['seeds']} seeds",
            ", ".join(map(code, each["studies"])),
            code(each["chart"]),
        )
        for each in members
    )
    return [table(("recipe", "question", "axes", "size", "activations", "chart"), rows)]


def _first_study(recipe: Row) -> Row:
    study: Row = next(iter(recipe["studies"].values()))
    return study


WRITERS: Mapping[str, Callable[[Any], list[str]]] = {
    "metrics": _metrics,
    "bundles": _bundles,
    "kinds": _series,
    "statistics": _statistics,
    "rules": _rules,
    "remedies": _remedies,
    "recipes": _recipes,
}
