"""Experiments of earlier versions are still there after the migration, and go on in this version's tables."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest
from alembic import command
from sqlalchemy import JSON, BigInteger, DateTime, LargeBinary, Uuid, column, insert, select, table

from api.live.study_feed import BEGINNING
from core.records import Summary
from core.store import ExperimentStore
from core.store.database import connect, reading, writing
from core.store.migrate import _config, check_revision, upgrade
from gradlab.errors import NotFound, Unavailable
from gradlab.measurement.history import Tensor
from gradlab.remedies.rewriting.start import with_start
from gradlab.schemas.status import CellStatus, Status
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.initial_weights import InitialWeights, tensors_in
from gradlab.spec.study import StudySpec, grid
from tests.builders import MINUTE, a_chunk, a_spec, an_external_spec, measured
from tests.unit.treatment.worlds import DEEP_TANH, a_treatment

# As the first version wrote it: nothing in it says what is to be recorded.
SPEC = json.dumps(
    {
        "dataset": {
            "kind": "circles", "samples": 64, "noise": 0.1, "factor": 0.8, "seed": 1, "scale": [-1.0, 1.0],
            "train_size": 32,
        },
        "model": {"layers": [{"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "name": "old",
        "seeds": [4, 7],
        "training": {
            "batch_size": 16, "epochs": 3, "loss": "binary_crossentropy",
            "optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.0, "nesterov": False},
        },
    }
)  # fmt: skip
STATISTICS = ["mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction"]
TENSORS = [["dense_1", "kernel", [2, 1]], ["dense_1", "bias", [1]]]
METRICS = ["loss", "accuracy", "val_loss", "val_accuracy"]
LONG_AGO = datetime(2029, 1, 1, tzinfo=UTC)

experiments = table(
    "experiments",
    *(column(name, type_) for name, type_ in (("number", BigInteger), ("id", Uuid), ("versions", JSON))),
    *(column(name, DateTime(timezone=True)) for name in ("created_at", "published_at", "lease_until")),
    *(column(name) for name in ("spec", "fingerprint", "idempotency_key", "status", "worker")),
    *(column(name) for name in ("revision", "publications", "attempt", "fruitless", "cancel_requested")),
)
layouts = table("layouts", column("experiment"), *(column(name, JSON) for name in ("metrics", "tensors", "statistics")))
runs = table(
    "runs",
    *(column(name) for name in ("number", "experiment", "position", "seed", "epochs_done", "ended", "stopped_by")),
    column("final_metrics", LargeBinary),
)
series = table(
    "series", *(column(name) for name in ("run", "kind", "first_epoch", "epochs")), column("data", LargeBinary)
)
summaries = table("summaries", *(column(name) for name in ("run", "tensor", "last", "minimum", "maximum")))
checkpoints = table(
    "checkpoints", *(column(name) for name in ("experiment", "seed", "epoch")), column("state", LargeBinary)
)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request, tmp_path) -> str:
    """A database with the tables of the first version."""
    url = f"sqlite:///{tmp_path}/old.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").create(f"old_{uuid4().hex[:8]}")
    migrate(url, command.upgrade)
    return url


def migrate(url, how, revision: str = "0001") -> None:
    """Go up or down to the tables of a revision; the first version's by default."""
    engine = connect(url)
    with writing(engine) as connection:
        how(_config(connection), revision)
    engine.dispose()


def numbers(seed: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Metrics and gradients that an old run has measured."""
    random = np.random.default_rng(seed)
    return random.standard_normal((epochs, 4), np.float32), random.standard_normal((epochs, 2, 6), np.float32)


def add_old(url: str, status: str, epochs_done: int) -> UUID:
    """An experiment as the first version kept it, each run as far."""
    made = uuid4()
    row = {"id": made, "spec": SPEC, "fingerprint": "of the old text", "idempotency_key": "key", "status": status}
    row |= {"revision": 1, "created_at": LONG_AGO, "published_at": LONG_AGO, "publications": 1, "attempt": 1}
    row |= {"fruitless": 0, "worker": "old", "lease_until": LONG_AGO, "cancel_requested": False}
    engine = connect(url)
    with writing(engine) as connection:
        add = insert(experiments).values(row).returning(experiments.c.number)
        number = connection.execute(add).scalar_one()
        names = {"metrics": METRICS, "tensors": TENSORS, "statistics": STATISTICS}
        connection.execute(insert(layouts).values(experiment=number, **names))
        for position, seed in enumerate((4, 7)):
            add_run(connection, number, position, numbers(seed, epochs_done), ended=status == "completed")
        if status == "running":
            connection.execute(insert(checkpoints).values(experiment=number, seed=4, epoch=1, state=b"old"))
    engine.dispose()
    return made


def add_run(connection, number, position, measured, *, ended) -> None:
    """A run whose chunks had one epoch each."""
    epochs = len(measured[0])
    record = {"experiment": number, "position": position, "seed": (4, 7)[position], "epochs_done": epochs}
    record |= {"ended": ended, "final_metrics": measured[0][-1].tobytes() if epochs else None}
    run = connection.execute(insert(runs).values(record).returning(runs.c.number)).scalar_one()
    for kind, values in zip(("metrics", "gradients"), measured, strict=True):
        for epoch, row in enumerate(values, start=1):
            block = {"run": run, "kind": kind, "first_epoch": epoch, "epochs": 1, "data": row.tobytes()}
            connection.execute(insert(series).values(block))
    if ended:
        summary = {"run": run, "tensor": 0, "last": 1.0, "minimum": 0.5, "maximum": 2.0}
        connection.execute(insert(summaries).values(summary))


@pytest.fixture
def open_store(clock):
    """Opens a store, and closes it in the end."""
    opened = []

    def open_(url):
        opened.append(ExperimentStore(url, lease=MINUTE, max_attempts=3, clock=clock))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


def test_what_the_first_version_measured_can_still_be_read(old_url, open_store):
    it = add_old(old_url, "completed", 3)
    with pytest.raises(Unavailable, match="run `gradlab migrate`"):
        check_revision(old_url)
    upgrade(old_url)
    check_revision(old_url)
    store = open_store(old_url)
    layout = store.layout(it)
    assert layout.metrics == tuple(METRICS)
    (names,) = layout.series
    assert (names.kind, names.columns, names.every) == ("gradients", tuple(STATISTICS), 1)
    assert names.tensors == (Tensor("dense_1", "kernel", (2, 1)), Tensor("dense_1", "bias", (1,)))
    for seed in (4, 7):
        metrics, gradients = store.metrics(it)[seed], store.series(it, "gradients")[seed]
        assert metrics.epochs.tolist() == gradients.epochs.tolist() == [1, 2, 3]
        assert (metrics.values.tobytes(), gradients.values.tobytes()) == tuple(
            values.tobytes() for values in numbers(seed, 3)
        )
    cut = store.series(it, "gradients", seeds=[7], from_epoch=2, to_epoch=2)[7]
    np.testing.assert_array_equal(cut.values, numbers(7, 3)[1][1:2])
    assert store.summaries(it) == dict.fromkeys((4, 7), (Summary(1.0, 0.5, 2.0, None),))
    with pytest.raises(NotFound, match="does not record weights"):
        store.series(it, "weights")
    old = store.get(it)
    assert (old.status, old.epochs_done, old.runs[0].culprit) == (Status.completed, 6, None)
    assert list(old.runs[0].final_metrics) == METRICS


def test_a_key_that_the_first_version_knew_is_known(old_url, open_store):
    it = add_old(old_url, "completed", 3)
    upgrade(old_url)
    same, new = open_store(old_url).add(ExperimentSpec.model_validate_json(SPEC), idempotency_key="key")
    assert (same.id, new) == (it, False)


@pytest.mark.parametrize(("status", "epochs_done"), [("queued", 0), ("running", 2)])
def test_what_the_first_version_has_not_finished_begins_again_and_is_measured_as_by_this_one(
    old_url, open_store, status, epochs_done
):
    it = add_old(old_url, status, epochs_done)
    upgrade(old_url)
    store = open_store(old_url)
    claim = store.claim(it, worker="new")
    assert (claim.attempt, claim.checkpoint) == (2, None)
    assert store.layout(it) == claim.spec.layout
    assert store.get(it).epochs_done == 0
    assert len(store.metrics(it)[7].epochs) == 0
    store.append(claim, a_chunk(claim.spec, first_epoch=0, epochs=4))
    whole = measured(claim.spec, 4, 0, 4)
    for kind, values in whole.series.items():
        assert store.series(it, kind)[4].values.tobytes() == values.tobytes()


def test_what_this_version_measured_goes_on_after_a_restart(store, clock):
    it = store.add(a_spec(epochs=6))[0].id
    chunk = a_chunk(a_spec(epochs=6), first_epoch=0, epochs=3)
    store.append(store.claim(it, worker="one"), chunk, checkpoint=chunk.checkpoint())
    clock.forward(2 * MINUTE)
    assert store.claim(it, worker="two").checkpoint == chunk.checkpoint()
    assert store.get(it).epochs_done == 2


def test_trainings_elsewhere_came_later_and_go_with_the_way_back(old_url, open_store):
    old = add_old(old_url, "completed", 3)
    upgrade(old_url)
    store = open_store(old_url)
    assert not store.get(old).is_external
    assert [run.error for run in store.get(old).runs] == [None, None]
    spec = an_external_spec()
    it = store.add(spec)[0].id
    store.external.receive(it, 0, measured(spec, 0, 1, 2))
    store.close()
    migrate(old_url, command.downgrade, "0004")
    upgrade(old_url)
    check_revision(old_url)
    store = open_store(old_url)
    assert [each.id for each in store.page(limit=9).experiments] == [old]
    assert store.metrics(old)[7].epochs.tolist() == [1, 2, 3]


def test_trials_of_earlier_versions_are_known_as_such(old_url, open_store):
    upgrade(old_url)
    store = open_store(old_url)
    treated = store.add(DEEP_TANH)[0].id
    record, needed = store.treatments.add(treated, TreatmentRequest(), a_treatment([("optimizer_adam",)]))
    expected = {it: store.get(it).trial for it in needed}
    store.close()
    migrate(old_url, command.downgrade, "0012")
    upgrade(old_url)
    store = open_store(old_url)
    assert {it: store.get(it).trial for it in needed} == expected
    assert {each.treatment_id for each in expected.values()} == {record.id}
    assert (store.get(treated).trial, store.get(treated).treatment.trials) == (None, len(needed))


def test_trainings_from_uploaded_weights_go_with_the_way_back(old_url, open_store):
    add_old(old_url, "completed", 3)
    upgrade(old_url)
    store, spec = open_store(old_url), a_spec()
    weights = "sha256:" + "5" * 64
    store.weights.add(
        weights, "mine", 4, {n: shape for each in spec.layers for n, shape in tensors_in(each, each.name).items()}
    )
    store.add(with_start(spec, InitialWeights(id=weights)))
    kept = store.add(a_spec(name="drawn"))[0].id
    store.close()
    migrate(old_url, command.downgrade, "0016")
    engine = connect(old_url)
    with reading(engine) as connection:
        specs = connection.execute(select(experiments.c.spec)).scalars().all()
    engine.dispose()
    assert len(specs) == 2
    assert not any("initial_weights" in each for each in specs)
    upgrade(old_url)
    assert kept in [each.id for each in open_store(old_url).page(limit=9).experiments]


def test_streams_from_the_beginning_send_the_cells_of_earlier_studies(old_url, open_store):
    upgrade(old_url)
    store = open_store(old_url)
    base, axes = a_spec().model_dump(mode="json"), [{"knob": "width", "values": [2, 3]}]
    spec = StudySpec.model_validate({"base": base, "axes": axes})
    study = store.studies.add(spec, list(grid(spec.axes)))[0].id
    store.close()
    migrate(old_url, command.downgrade, "0018")
    upgrade(old_url)
    cells = open_store(old_url).studies.changed(study, since=BEGINNING[0], after=-1, limit=9)
    assert [cell.status for cell in cells] == [CellStatus.waiting] * 2


def test_the_way_back_keeps_what_the_first_version_can_read(old_url, open_store):
    add_old(old_url, "completed", 3)
    upgrade(old_url)
    store = open_store(old_url)
    for record in ("standard", {"gradients": 2}):
        spec = a_spec(epochs=3, record=record)
        it = store.add(spec)[0].id
        store.append(store.claim(it, worker="new"), a_chunk(spec, first_epoch=0, epochs=4))
    store.close()
    migrate(old_url, command.downgrade)
    engine = connect(old_url)
    with reading(engine) as connection:
        kept = connection.execute(select(layouts).order_by(layouts.c.experiment)).all()
        owned = select(runs.c.experiment, series.c.kind).join(series, series.c.run == runs.c.number)
        kinds: dict = {}
        for experiment, kind in connection.execute(owned.order_by(runs.c.experiment)):
            kinds.setdefault(experiment, set()).add(kind)
    engine.dispose()
    assert (kept[0].tensors, kept[0].statistics) == (TENSORS, STATISTICS)
    assert [len(each.tensors) for each in kept] == [2, 4, 0]
    assert list(kinds.values()) == [{"metrics", "gradients"}, {"metrics", "gradients"}, {"metrics"}]
    upgrade(old_url)
    check_revision(old_url)
