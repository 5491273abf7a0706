"""Files and folders that benches write at their end: argparse checks them before the work begins."""

from argparse import ArgumentTypeError
from pathlib import Path


def new_file(text: str) -> Path:
    """Return the path of a file that is written later. Raises ArgumentTypeError unless its folder exists."""
    if not Path(text).parent.is_dir():
        raise ArgumentTypeError(f"expected a file in a folder that exists, received {text}")
    return Path(text)


def made_folder(text: str) -> Path:
    """Return a folder, made where it is missing. Raises ArgumentTypeError where it cannot be made."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentTypeError(f"expected a folder, received {text}: {error.strerror}") from error
    return folder
