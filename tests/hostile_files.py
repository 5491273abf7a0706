"""Files that try to harm whoever reads them, made in code."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import feather, parquet

CSV, PARQUET, NPZ = "text/csv", "application/vnd.apache.parquet", "application/x-npz"
HEADER = b"\x93NUMPY\x01\x00"


def npz(**arrays: Any) -> bytes:
    """An NPZ file of arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method, compresslevel=1 if method == zipfile.ZIP_DEFLATED else None) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy(description: str, content: bytes = b"\0" * 24) -> bytes:
    """An array's file whose header says what it is told to."""
    text = description.encode() + b"\n"
    return HEADER + struct.pack("<H", len(text)) + text + content


def described(shape: str = "(3,)", dtype: str = "'<f8'") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}"


def lying_directory(content: bytes, beyond: bytes) -> bytes:
    """An archive with an entry whose data hold more than the list of files says."""
    packed = zlib.compressobj(1, zlib.DEFLATED, -15)
    body = packed.compress(content) + packed.compress(beyond) + packed.flush()
    name, crc = b"x.npy", zlib.crc32(content)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(body), len(content), len(name), 0) + name
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(body), len(content), len(name), 0, 0, 0, 0, 0, 0
    )
    directory = entry + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local) + len(body), 0)
    return local + body + directory + end


def of_table(**columns: Any) -> bytes:
    """A Parquet file."""
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def with_key_service() -> bytes:
    """A Parquet file with encrypted columns, whose description names where a reader is to ask for the keys."""
    from pyarrow.parquet import encryption

    class Keys(encryption.KmsClient):
        def __init__(self, config: Any) -> None:
            encryption.KmsClient.__init__(self)

        def wrap_key(self, key: bytes, name: str) -> bytes:
            return key

        def unwrap_key(self, key: bytes, name: str) -> bytes:
            return key

    service = encryption.KmsConnectionConfig(kms_instance_url="http://169.254.169.254/latest", kms_instance_id="x")
    wanted = encryption.EncryptionConfiguration(footer_key="f", column_keys={"c": ["x"]}, plaintext_footer=True)
    properties = encryption.CryptoFactory(Keys).file_encryption_properties(service, wanted)
    file, table = io.BytesIO(), pa.table({"x": np.arange(9.0), "y": np.arange(9)})
    with parquet.ParquetWriter(file, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    return file.getvalue()


def many_rows() -> bytes:
    """A Parquet file of some kilobytes with fifty million equal rows."""
    return of_table(x=pa.DictionaryArray.from_arrays(pa.array(np.zeros(50_000_000, np.int8)), pa.array([1.0])))


def damaged(content: bytes, at: int) -> bytes:
    """A file with other bytes in one place, from its end."""
    return content[: len(content) - at] + b"\xff" * 8 + content[len(content) - at + 8 :]


def footer(content: bytes) -> int:
    """The length of a Parquet file's description of itself."""
    return int.from_bytes(content[-8:-4], "little")


def feather_file() -> bytes:
    file = io.BytesIO()
    feather.write_feather(pa.table({"x": [1.0]}), file)
    return file.getvalue()


def hdf5_file() -> bytes:
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root["x"] = h5py.ExternalLink("/etc/passwd", "/")
    return file.getvalue()


class Executed:
    """An object whose unpickling would run a command."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        import os

        return os.system, ("touch /tmp/gradlab-was-here",)


def code() -> np.ndarray:
    return np.array([Executed()], object)


WHOLE = of_table(x=np.arange(100.0), y=np.arange(100))
# Name -> media type, the file, a part of the reason, and True if it is refused before it is stored.
FILES: dict[str, tuple[str, Callable[[], bytes], str, bool]] = {
    "pickled array": (NPZ, lambda: npz(x=code()), "never unpickled", True),
    "pickled array behind another": (NPZ, lambda: npz(x=np.zeros(3), y=code()), "never unpickled", False),
    "pickle": (NPZ, lambda: pickle.dumps(Executed()), "a pickle, which is code", True),
    "pickled structure": (
        NPZ,
        lambda: zipped({"x.npy": np_structure()}),
        "never unpickled",
        True,
    ),
    "zip bomb": (
        NPZ,
        lambda: zipped({"x.npy": npy(described("(12500000,)"), bytes(100_000_000))}, zipfile.ZIP_DEFLATED),
        "at most 20,000,000 bytes, unpacked",
        False,
    ),
    "zip bomb behind its directory": (
        NPZ,
        lambda: lying_directory(npy(described("(3,)")), bytes(40_000_000)),
        "a whole NPZ file",
        False,
    ),
    "header bomb behind its directory": (
        NPZ,
        lambda: lying_directory(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100, b" " * 300_000_000),
        "header of an array",
        False,
    ),
    "zip bomb in a zip": (NPZ, lambda: zipped({"x.npy": zipped({"x.npy": bytes(9)})}), "an array", True),
    "header of a larger array": (NPZ, lambda: zipped({"x.npy": npy(described("(4,)"))}), "24 bytes", False),
    "header of a smaller array": (NPZ, lambda: zipped({"x.npy": npy(described("(2,)"))}), "24 bytes", False),
    "header with a negative axis": (NPZ, lambda: zipped({"x.npy": npy(described("(-3,)"))}), "1 to 8 axes", False),
    "header with code": (
        NPZ,
        lambda: zipped({"x.npy": npy(described("__import__('os').system('touch /tmp/gradlab-was-here')"))}),
        "header of an array",
        False,
    ),
    "header without an end": (
        NPZ,
        lambda: zipped({"x.npy": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"(" * 100_000}),
        "header of an array",
        False,
    ),
    "path traversal": (NPZ, lambda: zipped({"../../x.npy": npy(described())}), "arrays alone", True),
    "path traversal behind another": (
        NPZ,
        lambda: zipped({"x.npy": npy(described()), "..\\y.npy": npy(described())}),
        "arrays alone",
        False,
    ),
    "other files": (NPZ, lambda: zipped({"x.npy": npy(described()), "setup.py": b"exit()"}), "arrays alone", False),
    "thousands of arrays": (
        NPZ,
        lambda: zipped({f"{place}.npy": npy(described()) for place in range(5_000)}),
        "1 to 1,000 arrays",
        False,
    ),
    "lzma": (NPZ, lambda: zipped({"x.npy": npy(described())}, zipfile.ZIP_LZMA), "stored or deflated", True),
    "archive that is cut off": (NPZ, lambda: npz(x=np.zeros(1000))[:-30], "cut off", False),
    "encrypted footer": (PARQUET, lambda: WHOLE[:-4] + b"PARE", "without encryption", False),
    "encryption by an address": (PARQUET, with_key_service, "without encryption", False),
    "nested lists": (PARQUET, lambda: of_table(x=[[1.0], [2.0]]), "flat columns", False),
    "nested structures": (PARQUET, lambda: of_table(x=[{"a": {"b": 1}}]), "flat columns", False),
    "millions of rows in a kilobyte": (PARQUET, many_rows, "at most 20,000,000 bytes", False),
    "parquet that is cut off": (PARQUET, lambda: WHOLE[:-100], "cut off or damaged", False),
    "parquet with a damaged footer": (
        PARQUET,
        lambda: damaged(WHOLE, footer(WHOLE) + 6),
        "a whole Parquet file",
        False,
    ),
    "parquet with a damaged page": (PARQUET, lambda: damaged(WHOLE, len(WHOLE) - 20), "a whole Parquet file", False),
    "bytes": (PARQUET, lambda: of_table(x=[b"\x80\x04"]), "numbers of at most 64 bits", False),
    "feather": (PARQUET, feather_file, "Feather", True),
    "external link": (PARQUET, hdf5_file, "HDF5", True),
    "100,000 columns": (CSV, lambda: ",".join(map(str, range(7, 100_007))).encode(), "100,000 columns", True),
    "endless line": (CSV, lambda: b"a,b\n" + b"1" * 3_000_000, "lines of at most", True),
    "endless quotation": (CSV, lambda: b'a,b\n"' + b"1,2\n" * 300_000, "CSV in UTF-8", False),
    "zeros": (CSV, lambda: b"a,b\n1,2\n" + bytes(1_000), "bytes that are zero", True),
    "formula as a name": (CSV, lambda: b'"=HYPERLINK(""http://x"")",b\n1,2\n', "no formulas", True),
    "formula as a text": (CSV, lambda: b"a,b\n1,=cmd|' /C calc'!A0\n", "no formulas", False),
    "program behind a sign": (CSV, lambda: b"a,b\n1,-2+3+cmd|' /C calc'!A0\n", "no formulas", False),
    "ragged rows": (CSV, lambda: b"a,b\n1,2\n1,2,3\n", "3 fields in line 3", False),
    "other bytes": (CSV, lambda: b"a,b\n1,\xff\xfe\n", "UTF-8", False),
    "more than it seems": (CSV, lambda: b"a\n" + b"0.5\n" * 4_000_000, "at most 20,000,000 bytes", False),
}


def np_structure() -> bytes:
    """An array of structures with an object in each."""
    file = io.BytesIO()
    values = np.zeros(2, [("a", "f8"), ("b", object)])
    np.lib.format.write_array(file, values, allow_pickle=True)
    return file.getvalue()
