"""The tables of uploaded weights."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text

from core.store.tables import Number, UtcDateTime, metadata

uploaded_weights = Table(
    "uploaded_weights",
    metadata,
    Column("number", Number, primary_key=True),  # rises with each upload; the cursor of pages
    Column("id", String(71), nullable=False, unique=True),  # "sha256:" and the hash of the file
    Column("name", String(200), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("tensors", Text, nullable=False),  # JSON of name and shape of each, in the file's order
    Column("blob", String(64), nullable=False, index=True),  # hash of the file
    sqlite_autoincrement=True,
)

# Experiments whose spec names weights. The database refuses to delete weights that are named.
weights_uses = Table(
    "weights_uses",
    metadata,
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), primary_key=True),
    Column("weights", Number, ForeignKey("uploaded_weights.number", ondelete="RESTRICT"), primary_key=True, index=True),
)
