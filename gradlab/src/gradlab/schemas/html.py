"""HTML of responses for notebooks, and data frames of series."""

from collections.abc import Iterable, Sequence
from typing import IO, Any


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()) -> str:
    """Build an HTML table: text is escaped, numbers have four digits, None is blank."""
    from html import escape

    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_cell(value))}</td>' for value in row)}</tr>" for row in rows)
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<p><b>{escape(title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def frame(parquet: IO[bytes]) -> Any:
    """Read the data frame in a Parquet file; its names are categories.

    Raises:
        ModuleNotFoundError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Data frames need pandas: install this library with its extra `notebook`.") from error
    return pandas.read_parquet(parquet)
