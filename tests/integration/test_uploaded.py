"""Trainings on uploaded datasets, from the stored table to the diagnosis and the treatment's candidates."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from core.blobs import BlobStore
from core.plan import pieces, widths
from core.samples import Table, write_table
from core.samples.loading import samples_of
from core.samples.record import Checked, Contents
from core.samples.summary import summary_of
from core.settings import Settings
from core.store import ExperimentStore
from core.training.data import Data
from core.training.task import Task
from core.training.train import train
from core.use_cases.diagnoses import diagnose
from core.use_cases.samples import SampleLoader, fill_in
from core.use_cases.treatments import treat
from gradlab.profile import profile
from gradlab.schemas.datasets import FileFormat
from gradlab.schemas.status import Status
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset
from tests.builders import MINUTE, Bell
from tests.fitting import trained
from tests.in_process import trained_in_process
from tests.tables import ID, a_table, an_uploaded


@pytest.fixture
def store(sqlite_url: str) -> Iterator[ExperimentStore]:
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    yield made
    made.close()


def uploaded(table: Table, store: ExperimentStore, blobs: BlobStore, folder: Path) -> str:
    """Store a table as a dataset that is ready; the hash of its blob."""
    write_table(table, folder / "table")
    store.datasets.add(ID, "mine", FileFormat.parquet, 1_000)
    described = profile(table.arrays, table.categories, table.rows)
    blob = blobs.put(folder / "table")
    claim = store.datasets.claim(ID, lease=MINUTE)
    store.datasets.accept(claim, Checked(Contents(table.rows, None, (), {}), summary_of(table), described, blob))
    return blob


def run(spec: ExperimentSpec, store: ExperimentStore, load: SampleLoader):
    """Train an experiment in this process, as a worker does."""
    experiment, _ = store.add(spec)
    trained_in_process(experiment.id, store, load)
    return store.get(experiment.id)


def circles_that_do_not_learn() -> tuple[Table, dict]:
    """Raw numbers of a thousand before five tanh layers: the inputs' size is the cause."""
    random = np.random.default_rng(0)
    angle, inner = random.uniform(0, 2 * np.pi, 300), random.integers(0, 2, 300)
    radius = np.where(inner, 500.0, 1000.0) + random.normal(0, 30, 300)
    label = ["inner" if each else "outer" for each in inner]
    table = a_table(x=radius * np.cos(angle) + 3000, y=radius * np.sin(angle) + 3000, label=label)
    hidden = {"kind": "dense", "units": 5, "activation": "tanh", "repeat": 3}
    fields = {
        "dataset": {"kind": "uploaded", "id": ID, "target": "label", "task": "classes", "split": "stratified"},
        "model": {"layers": [hidden, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": {"loss": "binary_crossentropy", "optimizer": {"kind": "sgd", "learning_rate": 0.05}, "epochs": 25},
        "seeds": [0, 1, 2, 3, 4],
    }
    return table, fields


def test_an_uploaded_table_is_trained_on_diagnosed_and_treated(store, blobs, tmp_path):
    table, fields = circles_that_do_not_learn()
    uploaded(table, store, blobs, tmp_path)
    spec, load = ExperimentSpec.model_validate(fill_in(fields, store=store)), SampleLoader(store, blobs)
    ended = run(spec, store, load)
    assert (ended.status, ended.error) == (Status.completed, None)
    facts = store.facts.get(ended.id)
    assert facts.inputs.rms == pytest.approx(3000, rel=0.1)
    assert facts.linear is not None
    _, diagnosis = diagnose(ended.id, store=store)
    assert "input_range" in [finding.rule for finding in diagnosis.findings]
    assert diagnosis.root_cause == "input_range"
    request = TreatmentRequest(seeds=5, budget=2, remedies=(("input_scaling",),))
    begun = treat(ended.id, request, store=store, queue=Bell(), settings=Settings(_env_file=None))
    untreated = next(trial for trial in begun.treatment.trials if trial.role == "untreated")
    assert untreated.result.constant == facts.constant_accuracy
    treated = next(trial for trial in begun.treatment.trials if trial.role == "treated").spec
    assert treated.dataset.prepare[-1].kind == "standardise"
    healthy = run(treated, store, load)
    assert diagnose(healthy.id, store=store)[1].root_cause != "input_range"


def test_a_dataset_whose_bytes_are_gone_fails_its_experiment(store, blobs, tmp_path):
    table, fields = circles_that_do_not_learn()
    blob = uploaded(table, store, blobs, tmp_path)
    spec = ExperimentSpec.model_validate(fill_in(fields, store=store))
    blobs.delete(blob)
    ended = run(spec, store, SampleLoader(store, blobs))
    assert ended.status is Status.failed
    assert f"NotFound: The stored bytes {blob} are missing" in ended.error
    assert all(run.epochs_done == 0 for run in ended.runs)


def three_classes() -> tuple[ExperimentSpec, Dataset]:
    random = np.random.default_rng(1)
    x, y = random.normal(size=(150, 4)).astype(np.float32), random.integers(0, 3, 150)
    table = a_table(x=x, y=y, w=random.random(150))
    dataset = an_uploaded(table, task="classes", features=["x"], sample_weight="w", prepare=["standardise"])
    output = {"kind": "dense", "units": 3, "activation": "softmax"}
    layers = [{"kind": "dense", "units": 6}, {"kind": "batch_normalization"}, output]
    training = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 3, "batch_size": 50}
    fields = {"dataset": dataset.model_dump(), "model": {"layers": layers}, "training": training, "record": "lean"}
    return ExperimentSpec.model_validate(fields | {"seeds": [0, 1]}), samples_of(dataset, table)


def test_large_samples_are_worked_on_in_pieces_with_the_same_result(monkeypatch):
    spec, samples = three_classes()
    whole = trained(list(train(spec, samples=samples)), seed=1)
    for bound in ("MAX_ORDERED_NUMBERS", "MAX_FLOWING_NUMBERS", "MAX_ONE_HOT_NUMBERS"):
        monkeypatch.setattr(pieces, bound, 300)
    assert pieces.gathers_batches(spec, 2)
    assert pieces.holds_class_numbers(spec, spec.only_output)
    assert 1 < pieces.validation_rows(spec, 2) < 30 / 2
    in_pieces = trained(list(train(spec, samples=samples)), seed=1)
    for kind, values in whole.items():
        np.testing.assert_allclose(in_pieces[kind], values, rtol=1e-5, atol=1e-6)


def test_a_training_goes_on_in_pieces_as_wide_as_it_began(monkeypatch):
    spec, samples = three_classes()
    spec = spec.model_copy(update={"seeds": tuple(range(9))})
    monkeypatch.setattr(pieces, "MAX_ORDERED_NUMBERS", 12 * spec.dataset.train_count * 4)
    monkeypatch.setattr(pieces, "MAX_FLOWING_NUMBERS", 1500)
    assert pieces.gathers_batches(spec, 16)
    assert not pieces.gathers_batches(spec, 8)
    assert 1 < pieces.validation_rows(spec, 16) < pieces.validation_rows(spec, 8) < 30
    with monkeypatch.context() as earlier:
        earlier.setattr(widths, "WIDTHS", (1, 2, 4, 8, 16, 32))
        chunks = train(spec, samples=samples)
        begun = [next(chunks), next(chunks)]
        checkpoint = begun[-1].checkpoint()
        begun += chunks
    resumed = list(train(spec, resume=checkpoint, samples=samples))
    for seed in spec.seeds:
        expected = trained(begun, seed)
        for kind, values in trained(resumed, seed).items():
            np.testing.assert_array_equal(values, expected[kind][1:])


def test_tensors_use_the_memory_of_the_samples():
    spec, samples = three_classes()
    tensor = Data(spec, samples).arrays[0]
    assert np.shares_memory(np.from_dlpack(tensor), samples.train_x)


def test_a_loss_that_overflows_is_infinite_in_pieces_of_any_size(monkeypatch):
    """The last piece of 4 is filled up with the sample that overflows, which counts once."""
    random = np.random.default_rng(2)
    validation = a_table(x=random.normal(size=10), y=[*random.normal(size=9), 1e30])
    table = a_table(x=random.normal(size=20), y=random.normal(size=20))
    dataset = an_uploaded(table, validation, task="values", features=["x"], target="y")
    layers = [{"kind": "dense", "units": 1}]
    training = {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 1}
    fields = {"dataset": dataset.model_dump(), "model": {"layers": layers}, "training": training, "record": "nothing"}
    spec, samples = ExperimentSpec.model_validate(fields), samples_of(dataset, table, validation)
    column = spec.layout.metrics.index("val_loss")
    losses = list[float]()
    for rows in (10, 5, 4):
        monkeypatch.setattr(pieces, "MAX_FLOWING_NUMBERS", rows)
        assert pieces.validation_rows(spec, 1) == rows
        (chunk,) = train(spec, samples=samples)  # the run ends with epoch 0, as it is not finite
        losses += [float(chunk.runs[0].history.metrics[0, column])]
    assert losses == [np.inf] * 3
    # XLA makes a selection of a product with a mark by itself; a graph that it does not compile multiplies.
    y = tf.constant([[[0.0], [1e30]]])
    task, prediction = Task(spec), tf.zeros_like(y)
    sums = task.sums(y, prediction, task.losses(y, prediction), tf.zeros(1), tf.constant([1.0, 0.0]))
    assert np.isfinite(sums).all()
