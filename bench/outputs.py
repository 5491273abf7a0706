"""Files and folders that benches write at their end: argparse checks them before the work begins."""

from argparse import ArgumentTypeError
from pathlib import Path

from gradlab.cli.export import check_place
from gradlab.errors import Invalid


def new_file(text: str) -> Path:
    """Return the path of a file that is written later. Raises ArgumentTypeError unless it can be written."""
    try:
        check_place("file", Path(text))
    except Invalid as refusal:
        raise ArgumentTypeError(str(refusal)) from refusal
    return Path(text)


def made_folder(text: str) -> Path:
    """Return a folder, made where it is missing. Raises ArgumentTypeError where it cannot be made."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentTypeError(f"expected a folder, received {text}: {error.strerror}") from error
    return folder
