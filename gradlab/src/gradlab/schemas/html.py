"""What a notebook shows of answers, and data frames of series."""

from collections.abc import Iterable, Sequence
from typing import IO, Any


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()) -> str:
    """A table as HTML: everything escaped, numbers short, None blank."""
    from html import escape

    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(each))}</td>' for each in row)}</tr>" for row in rows)
    below = "".join(f"<p>{escape(each)}</p>" for each in notes)
    return f"<p><b>{escape(title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def frame(parquet: IO[bytes]) -> Any:
    """The data frame in a Parquet file, its names as categories.

    Raises:
        ModuleNotFoundError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Data frames are made by pandas: install this project's extra `notebook`.") from error
    return pandas.read_parquet(parquet)
