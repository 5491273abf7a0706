"""The configuration in a `.keras` file, read within bounds. Nothing is unpacked to disk, and weights are not read."""

import lzma
import re
import zipfile
import zlib
from pathlib import Path

from gradlab.errors import Invalid, Problem
from gradlab.translate.from_keras.text import MAX_CHARACTERS

CONFIG = "config.json"
# A `.keras` file has three members, and one for each asset of a layer.
MAX_MEMBERS = 1_000
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
# Names that would leave the folder that a program unpacks to.
OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
ENCRYPTED = 0x1
# What reading a damaged archive raises, by its ways to compress.
DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def read_configuration(path: str | Path) -> str:
    """Return the text of a model's configuration from a `.keras` file, or from a file of `model.to_json()`.

    Raises:
        Invalid: it is neither, or its members are not as Keras writes them.
    """
    try:
        with open(path, "rb") as file:
            beginning = file.read(len(HDF5))
            if beginning.startswith(ZIP):
                return _text(path, _from_archive(path))
            if beginning == HDF5:
                expected = "a .keras file, or the text of model.to_json(): save the model anew with Keras 3"
                raise Invalid(Problem(str(path), expected, "an HDF5 file, which is not read"))
            content = beginning + file.read(MAX_CHARACTERS)
    except OSError as error:
        raise Invalid(Problem(str(path), "a file with a Keras model", error.strerror or "nothing")) from error
    if len(content) > MAX_CHARACTERS:
        raise Invalid(Problem(str(path), f"a .keras file, or a text of at most {MAX_CHARACTERS:,} bytes", "more"))
    return _text(path, content)


def _text(path: str | Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(Problem(str(path), "a .keras file, or the text of model.to_json()", "other bytes")) from error


def _from_archive(path: str | Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(path, archive)
            with archive.open(member) as file:
                content = file.read(MAX_CHARACTERS + 1)  # the declared size may be false
    except DAMAGED as error:
        raise Invalid(Problem(str(path), "a .keras file", f"a damaged archive: {error}")) from error
    if len(content) > MAX_CHARACTERS:
        raise _too_long(path)
    return content


def _member(path: str | Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the member that holds the configuration. Raises Invalid."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Invalid(Problem(str(path), f"a .keras file of at most {MAX_MEMBERS:,} members", f"{len(members):,}"))
    outside = next((each.filename for each in members if OUTSIDE.search(each.filename)), None)
    if outside is not None:
        raise Invalid(Problem(str(path), "members within the archive", outside[:80]))
    configurations = [each for each in members if each.filename == CONFIG]
    if len(configurations) != 1:
        raise Invalid(Problem(str(path), f"a .keras file with one {CONFIG}", str(len(configurations))))
    (member,) = configurations
    if member.flag_bits & ENCRYPTED:
        raise Invalid(Problem(str(path), f"a {CONFIG} that can be read", "an encrypted one"))
    if member.file_size > MAX_CHARACTERS:
        raise _too_long(path)
    return member


def _too_long(path: str | Path) -> Invalid:
    return Invalid(Problem(f"{path}: {CONFIG}", f"at most {MAX_CHARACTERS:,} bytes", "more"))
