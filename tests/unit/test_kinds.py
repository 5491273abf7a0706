"""Every kind of series is served by every part that serves kinds; what a kind lacks is named, all of it at once."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import gradlab.measurement.kinds
from api.charts.views import VIEWS
from core.catalogue import catalogue
from core.training.measurers import MEASURERS
from gradlab.client.client import Client
from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds import BY_NAME, KINDS, MeasuredLayer, MeasuredNetwork, SeriesKind
from gradlab.spec.external import SENT_KINDS, ExternalRecord
from gradlab.spec.recording import BUNDLES, RecordSpec
from tests.builders import a_spec
from tests.unit.desk import description

ROOT = Path(__file__).parents[2]
# A network of which every kind has something.
WEIGHTS = tuple(Tensor("gru_1", name, shape) for name, shape in (("kernel", (2, 3)), ("bias", (3,))))
NETWORK = MeasuredNetwork((MeasuredLayer("gru_1", WEIGHTS, (4, 3), 4, 3),), epochs=20, has_boundary=True)


@cache
def endpoints() -> dict[str, Any]:
    """Path -> what the API's description says of getting it."""
    paths = description()["paths"]
    return {path: methods["get"] for path, methods in paths.items() if "get" in methods}


def lacks(kind: SeriesKind) -> Iterator[str]:
    """Missing parts of a kind, each in a sentence that names its place."""
    own = [each for each in kind.statistics if each.compute.__module__.startswith("gradlab.measurement.kinds")]
    if own and not (ROOT / "tests" / "unit" / f"test_kind_{kind.name}.py").exists():
        yield f"a test of its statistics: tests/unit/test_kind_{kind.name}.py"
    if kind.name not in MEASURERS[kind.source]:
        yield f"a measurer: a function in core/training/measurers.py, in the table FROM_{kind.source.upper()}"
    endpoint = endpoints().get(f"/experiments/{{experiment_id}}/{kind.path}")
    if endpoint is None:
        yield f"an endpoint GET /experiments/{{id}}/{kind.path}: api/routes"
    elif absent := {*kind.query} - {each["name"] for each in endpoint["parameters"]}:
        yield f"the queries {absent} at its endpoint: api/routes"
    if kind.name not in {view.kind for view in VIEWS}:
        yield "a chart: a View in api/charts/views.py"
    if kind.shown_as != "statistic" and not kind.column_prefix:
        yield "a column_prefix, for the statistic's name in tables"
    if kind.shown_as == "statistic":
        yield from lacks_of_statistics(kind)
    yield from lacks_of_names(kind)


def lacks_of_statistics(kind: SeriesKind) -> Iterator[str]:
    """The further parts that a kind with statistics lacks."""
    names = [each.name for each in kind.statistics]
    if kind.default not in names:
        yield f"a default among its statistics: {kind.default!r} is none of {names}"
    if unknown := [row.statistic for row in kind.terminal if row.statistic not in names]:
        yield f"the statistics {unknown} that its terminal rows show"
    if kind.path != kind.name:
        yield f"a path that is its name: {kind.path!r} is not, and the dashboard's files are named by it"
    if not kind.description:
        yield "a description of its endpoint"
    if not any(kind.example):
        yield "an example: two values of its default statistic for the API's description"
    if kind.name not in catalogue().statistics:
        yield "its statistics in the catalogue: core/catalogue.py"


def lacks_of_names(kind: SeriesKind) -> Iterator[str]:
    """The parts that do not fit together: fields of `record`, the catalogue, the network's names."""
    if kind.record.name not in RecordSpec.model_fields:
        yield f"the field {kind.record.name} of a spec's record: gradlab/src/gradlab/spec/recording.py"
    if kind in SENT_KINDS and kind.record.name not in ExternalRecord.model_fields:
        yield "a sent_description of its record field, though trainings elsewhere may send it"
    if kind.name not in {each.name for each in catalogue().kinds}:
        yield "an entry in the catalogue: core/catalogue.py"
    layout = kind.layout(NETWORK, 1)
    if layout is None or not all(layout.shape):
        yield "tensors or columns of a recurrent layer that has weights and a boundary"


@pytest.mark.slow  # the first needs the API's description: more than a second
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_part_serves_every_kind(kind: SeriesKind):
    missing = [f"{kind.name} lacks {each}" for each in lacks(kind)]
    assert not missing, "\n".join(missing)


def test_every_file_of_a_kind_is_registered():
    modules = {module.name for module in pkgutil.iter_modules(gradlab.measurement.kinds.__path__)} - {"kind"}
    held = {
        value.name: name
        for name in modules
        for value in vars(importlib.import_module(f"gradlab.measurement.kinds.{name}")).values()
        if isinstance(value, SeriesKind)
    }
    unregistered = [
        f"{name} of gradlab/src/gradlab/measurement/kinds/{file}.py is not registered: name it in KINDS in "
        "gradlab/src/gradlab/measurement/kinds/__init__.py"
        for name, file in held.items()
        if name not in BY_NAME
    ]
    assert not unregistered, "\n".join(unregistered)
    assert {name: name for name in BY_NAME} == held, "a kind has a file of its own name"


def test_no_two_kinds_are_asked_for_alike():
    assert len(BY_NAME) == len(KINDS)
    assert len({(kind.path, *kind.query.items()) for kind in KINDS}) == len(KINDS)
    headings = [row.heading for kind in KINDS for row in kind.terminal]
    assert len({*headings}) == len(headings)


def test_a_measurer_measures_a_kind_that_there_is():
    assert {name for table in MEASURERS.values() for name in table} <= {*BY_NAME}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_client_asks_for_a_kind_at_its_endpoint(kind: SeriesKind, monkeypatch: pytest.MonkeyPatch):
    calls: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(Client, "_arrays", lambda self, which, path, query: calls.append((path, query)))
    Client("http://127.0.0.1:1").series("id", kind.name, layer="dense_1")
    assert calls == [(kind.path, {**kind.query, "layer": "dense_1"})]


def test_bundles_name_every_field_of_the_record():
    assert all({*bundle} <= {*RecordSpec.model_fields} for bundle in BUNDLES.values())
    assert not a_spec(record="nothing").layout.series
    assert [series.kind for series in a_spec(record="lean").layout.series] == ["gradients"]
    assert {series.every for series in a_spec(record="full").layout.series if series.kind != "boundary"} == {1}


@pytest.mark.slow
def test_a_kind_that_nothing_serves_lacks_everything():
    """The roll-call itself: of a kind that is nowhere wired it names each part by its place."""
    bare = SeriesKind(
        name="nowhere",
        title="Nowhere",
        noun="nowhere",
        path="nowhere",
        record=BY_NAME["weights"].record,
        source="weights",
        shown_as="statistic",
        tensors=MeasuredNetwork.weights,
        read_by_rules=False,
        is_sent=False,
    )
    messages = "\n".join(lacks(bare))
    for part in ("measurers.py", "api/routes", "api/charts/views.py", "default", "description", "core/catalogue.py"):
        assert part in messages, part
