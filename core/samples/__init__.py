"""Samples that users bring: the table that a file is read into, and the form in which it is stored."""

from core.samples.stored import read_table, write_table
from core.samples.table import DTYPES, MAX_CATEGORIES, Column, Table

__all__ = ["DTYPES", "MAX_CATEGORIES", "Column", "Table", "read_table", "write_table"]
