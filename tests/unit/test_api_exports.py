"""Exports: TensorBoard's own reader, pandas and NumPy find in the files what was measured, every bit of it."""

import io
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from api.export.records import crc32c
from core.store import ExperimentStore
from gradlab.measurement.history import History
from gradlab.measurement.statistics import EDGES
from gradlab.spec import ExperimentSpec
from tests.builders import a_chunk, a_spec, measured
from tests.unit.desk import Desk
from tests.unit.test_api_submitting import refused

# pandas and TensorBoard load slowly: where they are used, for every process of the tests imports this module.
if TYPE_CHECKING:
    import pandas as pd
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

# TensorBoard would load TensorFlow where there is one; told that there is none, it reads with its own reader.
sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))

RNN = {"kind": "simple_rnn", "units": 2}
SEQUENCES = {
    "dataset": {"kind": "adding", "samples": 40, "length": 5, "seed": 0, "train_size": 30},
    "model": {"layers": [RNN | {"return_sequences": True}, RNN, {"kind": "dense", "units": 1}]},
    "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 4, "batch_size": 10},
}
SPEC = a_spec(epochs=21, seeds=(4, 7), name="Größe: 5 layers!", record={"weights": 7})


def a_history(seed: int, epochs: int) -> History:
    """Measured, with counts for histograms and values that are no ordinary numbers."""
    history = measured(SPEC, seed, 0, epochs + 1)
    history.metrics[2, 0], history.metrics[3, 0] = np.nan, np.inf
    history.series["gradients"][1, 0, 0] = -np.inf
    for kind in ("gradient_histograms", "weight_histograms"):
        counts = history.series[kind]
        counts[...] = np.random.default_rng(seed).integers(0, 5, counts.shape)
        counts[:, 0, :20], counts[:, 0, 30:] = 0, 0
        counts[1, 1] = 0
    return history


HISTORIES = {4: a_history(4, 21), 7: a_history(7, 12)}


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all."""
    return shared_desk


@pytest.fixture(scope="module")
def path(desk: Desk) -> str:
    """An experiment of two runs; the second one left the finite numbers after twelve of 21 epochs."""
    return desk.trained(SPEC, {4: 21, 7: 12}, **{f"seed_{seed}": history for seed, history in HISTORIES.items()})


@pytest.fixture(scope="module")
def logs(desk: Desk, path: str, tmp_path_factory: pytest.TempPathFactory) -> "dict[int, EventAccumulator]":
    """Seed -> what TensorBoard reads."""
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

    folder = tmp_path_factory.mktemp("logs")
    answer = desk.http.get(f"{path}/tensorboard.zip")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (top,) = folder.iterdir()
    assert top.name == f"gr-e-5-layers-{path.rpartition('/')[2][:8]}"
    everything = {"tensors": 0}
    return {seed: EventAccumulator(str(top / f"seed_{seed}"), everything).Reload() for seed in SPEC.seeds}


def read(log: "EventAccumulator", tag: str) -> tuple[list[int], list[np.ndarray]]:
    """The steps of a tag, and what was written at each."""
    from tensorboard.util.tensor_util import make_ndarray

    found = log.Tensors(tag)
    return [each.step for each in found], [make_ndarray(each.tensor_proto) for each in found]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SPEC.seeds)
def test_tensorboards_own_reader_finds_every_scalar_with_every_bit(logs: "dict[int, EventAccumulator]", seed: int):
    history, expected = HISTORIES[seed], {}
    for column, name in enumerate(SPEC.layout.metrics):
        expected[name] = (range(len(history)), history.metrics[:, column])
    for kind in ("gradients", "weights", "activations", "signals"):
        layout = SPEC.layout[kind]
        for i, tensor in enumerate(layout.tensors):
            for j, statistic in enumerate(layout.columns):
                tag = f"{kind}/{statistic}/{tensor.layer}/{tensor.parameter}"
                expected[tag] = (history.epochs_of(kind), history.series[kind][:, i, j])
    plugins = logs[seed].PluginTagToContent("scalars")
    assert set(plugins) == set(expected)
    for tag, (epochs, values) in expected.items():
        steps, found = read(logs[seed], tag)
        assert steps == list(epochs)
        assert np.array(found, np.float32).tobytes() == values.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SPEC.seeds)
def test_tensorboards_own_reader_finds_the_histograms_under_the_names_of_write_grads(
    logs: "dict[int, EventAccumulator]", seed: int
):
    log, names = logs[seed], {"gradient_histograms": "{}/{}_0_grad", "weight_histograms": "{}/{}_0"}
    expected = {
        form.format(tensor.layer, tensor.parameter): (kind, i)
        for kind, form in names.items()
        for i, tensor in enumerate(SPEC.layout[kind].tensors)
    }
    assert set(log.PluginTagToContent("histograms")) == set(expected)
    assert sum("kernel" in tag for tag in expected) == 4
    for tag, (kind, tensor) in expected.items():
        steps, found = read(log, tag)
        assert steps == list(HISTORIES[seed].epochs_of(kind)) == [epoch for epoch in (0, 10, 20) if epoch in steps]
        for counts, buckets in zip(HISTORIES[seed].series[kind][:, tensor], found, strict=True):
            left, right, count = buckets.T
            assert np.isfinite(buckets).all()
            assert (left[1:] == right[:-1]).all()
            assert (left < right).all()
            # Each bucket is one of our bins: the one that begins where it begins.
            again = np.zeros(len(EDGES) + 1, np.float32)
            again[np.searchsorted(EDGES, left, side="right")] = count
            assert again.tolist() == counts.tolist()


def test_a_checksum_is_the_published_one_whatever_stands_beside_it():
    # RFC 3720, B.4, and the check value of the catalogue of CRC algorithms.
    known = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b"123456789": 0xE3069283}
    assert crc32c(list(known)).tolist() == list(known.values())
    assert crc32c([b""]).tolist() == [0]


def as_frame(file: bytes) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(io.BytesIO(file))


def frame(desk: Desk, path: str, **query: Any) -> "pd.DataFrame":
    answer = desk.http.get(f"{path}/series.parquet", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    return as_frame(answer.content)


@pytest.mark.slow
def test_the_table_holds_every_number_once(desk: Desk, path: str):
    found = frame(desk, path)
    assert list(found.columns) == ["seed", "epoch", "kind", "layer", "parameter", "statistic", "value"]
    assert found["value"].dtype == np.float32
    assert len(found) == sum(
        history.metrics.size + sum(values.size for values in history.series.values()) for history in HISTORIES.values()
    )
    for seed, history in HISTORIES.items():
        mine = found[found["seed"] == seed]
        for column, name in enumerate(SPEC.layout.metrics):
            rows = mine[(mine["kind"] == "metrics") & (mine["statistic"] == name)]
            assert rows["epoch"].tolist() == list(range(len(history)))
            assert rows["value"].to_numpy().tobytes() == history.metrics[:, column].tobytes()
            assert rows["layer"].isna().all()
        for kind, values in history.series.items():
            layout = SPEC.layout[kind]
            beginning = "bin_" if kind.endswith("histograms") else "point_" if kind == "boundary" else ""
            of_kind = mine[mine["kind"] == kind]
            tensor = layout.tensors[-1]
            rows = of_kind[(of_kind["layer"] == tensor.layer) & (of_kind["parameter"] == tensor.parameter)]
            rows = rows[rows["statistic"] == f"{beginning}{layout.columns[-1]}"]
            assert rows["epoch"].tolist() == list(history.epochs_of(kind))
            assert rows["value"].to_numpy().tobytes() == values[:, -1, -1].tobytes()


def test_a_table_of_some_kinds_and_seeds_holds_these_alone(desk: Desk, path: str):
    found = frame(desk, path, kind=["metrics", "signals"], seed=7)
    assert set(found["kind"]) == {"metrics", "signals"}
    assert set(found["seed"]) == {7}


def test_a_signal_has_a_row_for_each_time_step_there_is(desk: Desk):
    spec = a_spec(**SEQUENCES)
    layout = spec.layout["time_signals"]
    found = frame(desk, desk.trained(spec), kind="time_signals")
    assert set(found["statistic"]) == {f"step_{step}" for step in range(1, 6)}
    assert len(found) == 5 * len(layout.tensors) * 5  # epochs, layers, steps


@pytest.mark.slow
def test_the_archive_holds_every_array_with_its_names(desk: Desk, path: str):
    answer = desk.http.get(f"{path}/series.npz")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-npz")
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as archive:
        found = dict(archive)
    assert found["seeds"].tolist() == [4, 7]
    assert found["names_metrics"].tolist() == list(SPEC.layout.metrics)
    for i, history in enumerate(HISTORIES.values()):
        assert found[f"metrics_{i}"].tobytes() == history.metrics.tobytes()
        for kind, values in history.series.items():
            assert found[f"{kind}_{i}"].tobytes() == values.tobytes()
            assert found[f"{kind}_{i}"].shape == values.shape
            assert found[f"epochs_{kind}_{i}"].tolist() == list(history.epochs_of(kind))
    for series in SPEC.layout.series:
        assert found[f"layers_{series.kind}"].tolist() == [tensor.layer for tensor in series.tensors]
        assert found[f"parameters_{series.kind}"].tolist() == [tensor.parameter for tensor in series.tensors]
        assert found[f"columns_{series.kind}"].tolist() == list(series.columns)


EXPORTS = ("tensorboard.zip", "series.npz", "series.parquet")


@pytest.mark.slow
@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_is_the_same_file_each_time_and_is_not_sent_twice(desk: Desk, path: str, export: str):
    first, second = (desk.http.get(f"{path}/{export}") for _ in range(2))
    assert first.content == second.content
    assert export in first.headers["Content-Disposition"]
    again = desk.http.get(f"{path}/{export}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.slow
@pytest.mark.parametrize(("what", "read_by"), [("series.npz", "get"), ("charts/history.svg", "rows_of")])
def test_what_is_sent_is_of_the_moment_of_its_tag(desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, read_by: str):
    """Epochs that are stored after the revision was read are in the next response, with another tag."""
    spec = a_spec()
    it = desk.store.add(spec)[0].id
    claim = desk.store.claim(it, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(spec, first_epoch=0, epochs=3))
    before, read = desk.http.get(f"/experiments/{it}/{what}"), getattr(ExperimentStore, read_by)

    def read_late(*arguments: Any, **options: Any) -> Any:
        with ThreadPoolExecutor(1) as another:
            another.submit(desk.store.append, claim, a_chunk(spec, first_epoch=3, epochs=2)).result()
        return read(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(ExperimentStore, read_by, read_late)
        during = desk.http.get(f"/experiments/{it}/{what}")
    assert (during.headers["ETag"], during.content) == (before.headers["ETag"], before.content)
    after = desk.http.get(f"/experiments/{it}/{what}", headers={"If-None-Match": during.headers["ETag"]})
    assert after.status_code == 200
    assert after.content != before.content


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("spec", [a_spec(), a_spec(record="nothing")])
def test_what_has_not_begun_has_an_export_without_numbers(desk: Desk, export: str, spec: ExperimentSpec):
    answer = desk.http.get(f"{desk.submit(spec)}/{export}")
    assert answer.status_code == 200
    if export == "series.parquet":
        assert len(as_frame(answer.content)) == 0


@pytest.mark.parametrize("export", EXPORTS)
def test_what_there_is_none_of_is_refused(desk: Desk, path: str, export: str):
    assert refused(desk.http.get(f"{path}/{export}", params={"seed": 5}))["errors"][0]["field"] == "seed"
    assert refused(desk.http.get(f"{path}/{export}", params={"kind": "gradient"}))["errors"][0]["field"] == "kind"
    refused(desk.http.get(f"/experiments/00000000-0000-4000-8000-000000000000/{export}"), 404)
