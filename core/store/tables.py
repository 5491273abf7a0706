"""The tables, the same on SQLite and PostgreSQL.

Columns of numbers hold finite values only: SQLite turns a NaN into NULL, PostgreSQL refuses one in JSON. Values that
may be NaN are packed as float32 (`core.store.series`). Where an attribute (`key`) differs from its column's name, the
column has the name that earlier versions gave it.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A column of aware times in UTC, whatever the database stores."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a naive time."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"expected a time with a time zone; received {value!r}")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. SQLite drops the time zone, PostgreSQL answers in the session's."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Values of `priority`: workers claim what is ordinary first.
ORDINARY, BATCH = "ordinary", "batch"

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _owner(table: str, *, key: bool = False, index: bool = False) -> Column[int]:
    """Foreign key to the row that owns this one: deleting the owner deletes it."""
    owner = ForeignKey(f"{table}.number", ondelete="CASCADE")
    return Column(table[:-1], Number, owner, primary_key=key, nullable=False, index=index or None)


def _experiment(name: str, *, key: str | None = None) -> Column[int]:
    """Foreign key to an experiment, NULL once that is deleted; `key`: the attribute, by default the column's name."""
    owner = ForeignKey("experiments.number", ondelete="SET NULL")
    return Column(name, Number, owner, key=key or name, index=True)


experiments = Table(
    "experiments",
    metadata,
    Column("number", Number, primary_key=True),  # rises with each submission; the cursor of pages
    Column("id", Uuid, nullable=False, unique=True),
    Column("spec", Text, nullable=False),  # canonical JSON
    Column("source", String(16), nullable=False, server_default="service"),  # who trains: "service" or "external"
    Column("run_epochs", Integer),  # the spec's epochs, 0: a triage; null: external, or added by an earlier version
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("idempotency_key", String(255), unique=True),
    Column("status", String(16), nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("published_at", UtcDateTime),  # time of the last message about it; null: a message is due
    Column("publications", Integer, nullable=False, default=0),  # messages since it was last queued
    Column("attempt", Integer, nullable=False, default=0),
    # Attempts in a row without a newer checkpoint.
    Column("fruitless", Integer, key="stalled_attempts", nullable=False, default=0),
    Column("memory_deaths", Integer, nullable=False, server_default="0"),  # attempts whose process ran out of memory
    Column("worker", String(255)),
    Column("lease_until", UtcDateTime),  # the sender of a training elsewhere counts as silent then
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("error", Text),
    Column("versions", JSON(none_as_null=True)),
    Column("compiled", Boolean),
    Column("priority", String(16), nullable=False, server_default=ORDINARY),
    Column("architecture", String(64)),  # hash of what its compiled program depends on; null: as with `run_epochs`
    Column("training_key", String(64), index=True),  # fingerprint of its spec without the name; null likewise
    Index(None, "status", "published_at"),
    Index(None, "status", "run_epochs"),
    sqlite_autoincrement=True,  # never reuse the number of a deleted experiment
)

layouts = Table(
    "layouts",
    metadata,
    _owner("experiments", key=True),
    Column("metrics", JSON, nullable=False),  # [name, ...]
    Column("series", JSON, nullable=False),  # as `core.store.layouts` writes them
)

runs = Table(
    "runs",
    metadata,
    Column("number", Number, primary_key=True),
    _owner("experiments"),
    Column("position", Integer, nullable=False),  # in the spec's seeds
    Column("seed", BigInteger, nullable=False),
    Column("epochs_done", Integer, nullable=False, default=0),
    Column("ended", Boolean, nullable=False, default=False),
    Column("stopped_by", String(32)),
    Column("final_metrics", LargeBinary),  # of the last stored epoch, packed; null: no epoch is stored
    Column("culprit", JSON(none_as_null=True)),  # the fields of gradlab.measurement.history.Culprit
    Column("error", Text),  # why a run of an external training failed; null: it did not fail
    UniqueConstraint("experiment", "position"),
)

# Facts about an experiment's data, once they are known; until then the time at which a worker was asked for them.
facts = Table(
    "facts",
    metadata,
    _owner("experiments", key=True),
    Column("facts", Text),  # JSON of gradlab.facts.Facts
    Column("requested_at", UtcDateTime),
)

# Summaries of diagnoses, which may be thrown away: they are computed anew from the series.
verdicts = Table(
    "verdicts",
    metadata,
    _owner("experiments", key=True),
    Column("verdict", String(16), nullable=False, index=True),  # this and the following: gradlab.diagnosis.summary
    Column("root_cause", String(64)),
    Column("title", Text),
    Column("confidence", String(16), nullable=False),
    Column("unjudged", Integer, nullable=False),
    Column("rules", String(64), nullable=False),  # the hash of the rules' code and thresholds
)

wirings = Table(
    "wirings",
    metadata,
    _owner("runs", key=True),
    Column("wiring", Text, nullable=False),  # JSON of gradlab.facts.Wiring
)

attempts = Table(
    "attempts",
    metadata,
    _owner("experiments", key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("worker", String(255), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(16)),  # a final status, "released" or "lost"
    Column("error", Text),
)

series = Table(
    "series",
    metadata,
    _owner("runs", key=True),
    Column("kind", String(32), primary_key=True),  # "metrics", "plane", or a kind in a SeriesLayout
    Column("first_epoch", Integer, primary_key=True, autoincrement=False),
    Column("epochs", Integer, nullable=False),  # number of rows; the layout has the epochs between them
    Column("data", LargeBinary, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    _owner("runs", key=True),
    Column("tensor", Integer, primary_key=True, autoincrement=False),  # index in the layout
    Column("last", Double),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("first_nonfinite_epoch", Integer),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _owner("experiments", key=True),
    Column("seed", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),  # empty if it is the blob
    Column("blob", String(64), index=True),
)

architectures = Table(
    "architectures",
    metadata,
    _owner("experiments", key=True),
    Column("config", Text, nullable=False),  # JSON, as in a .keras file
    Column("variables", JSON, nullable=False),  # [[path or null, shape, dtype], ...]
    Column("keras_version", String(32), nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    _owner("runs", key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # the concatenated bytes of the variables; empty if they are the blob
    Column("blob", String(64), index=True),
)

costs = Table(
    "costs",
    metadata,
    Column("number", Number, primary_key=True),  # rises with each record
    Column("machine", String(255), nullable=False),
    Column("measured_at", UtcDateTime, nullable=False),
    Column("plan", JSON, nullable=False),  # the fields of core.plan.cost.Plan
    Column("start_seconds", Double, nullable=False),  # this and the following: the fields of core.plan.cost.Measured
    Column("rest_seconds", Double, nullable=False),
    Column("groups", Integer, nullable=False),
    Column("epochs", Integer, nullable=False),
    Column("bytes", BigInteger),
    Index(None, "machine", "number"),
)

treatments = Table(
    "treatments",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    _owner("experiments", index=True),
    Column("idempotency_key", String(255)),
    Column("request", Text, nullable=False),  # JSON of gradlab.schemas.treatments.TreatmentRequest
    Column("base", Text, nullable=False),  # canonical JSON: the untreated spec, on the trials' seeds
    Column("candidates", JSON, nullable=False),  # [[remedy, ...], ...]
    Column("status", String(16), nullable=False, index=True),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("error", Text),
    Index(None, "experiment", "idempotency_key", unique=True),
    sqlite_autoincrement=True,
)

trials = Table(
    "trials",
    metadata,
    _owner("treatments", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", String(16), nullable=False),
    Column("remedies", JSON, nullable=False),
    Column("spec", Text, nullable=False),  # canonical JSON
    Column("stage", String(16), nullable=False),
    _experiment("looked_in", key="triaged_in"),
    _experiment("trained_in"),
    Column("look", Text, key="triage"),  # JSON of gradlab.schemas.trials.TriageResult
    Column("result", Text),  # JSON of core.treatment.Result
    Column("error", Text),
)

# Experiments that were added for trials. One that was cut off stays when its trial is trained again in another.
trial_experiments = Table(
    "trial_experiments",
    metadata,
    _owner("experiments", key=True),
    _owner("treatments", index=True),
    Column("position", Integer, nullable=False),  # of the trial
)

# One row: what the storage of blobs knows the database by.
identity = Table("identity", metadata, Column("id", String(32), primary_key=True))

# Earlier versions read this table to name the version that is needed. Its columns never change.
migrations = Table(
    "migrations",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("version", String(64), nullable=False),  # of Gradient Lab, that migrated to this revision
)
