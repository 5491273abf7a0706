"""The tables of uploaded datasets."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from core.store.tables import Number, UtcDateTime, metadata

datasets = Table(
    "datasets",
    metadata,
    Column("number", Number, primary_key=True),  # rises with each upload; the cursor of pages
    Column("id", String(71), nullable=False, unique=True),  # "sha256:" and the hash of the user's bytes
    Column("name", String(200), nullable=False),
    Column("format", String(16), nullable=False),
    Column("bytes", BigInteger, nullable=False),  # of the user's file
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("checked_until", UtcDateTime),  # while it is checked: when its checker counts as dead
    Column("checks", Integer, nullable=False, default=0),  # checks that were begun since it was uploaded
    Column("claims", Integer, nullable=False, server_default="0"),  # on checks, ever: the last one's number
    Column("contents", Text),  # JSON of core.samples.record.Contents, once it is ready
    Column("summary", Text),  # JSON of core.samples.summary.TableSummary, once it is ready
    Column("profile", Text),  # JSON of gradlab.profile.Profile, once it is ready
    Column("problems", Text),  # JSON of a list of gradlab.errors.Problem, once it is refused
    Column("blob", String(64), index=True),  # of its stored table, once it is ready
    Index(None, "status"),
    sqlite_autoincrement=True,
)

# Experiments whose spec names a dataset. The database refuses to delete a dataset that is named.
dataset_uses = Table(
    "dataset_uses",
    metadata,
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), primary_key=True),
    Column("dataset", Number, ForeignKey("datasets.number", ondelete="RESTRICT"), primary_key=True, index=True),
)
