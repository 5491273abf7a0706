"""TFRecord, the framing of TensorBoard's event files.

A record consists of its length as eight bytes, the checksum of these, the data, and the checksum of the data, all
little-endian: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. The checksum is a
masked CRC-32C.
"""

import struct
from collections.abc import Sequence

import numpy as np

# Castagnoli's polynomial, bits reversed (RFC 3720, B.4).
POLYNOMIAL = 0x82F63B78
MASK = 0xA282EAD8


def _table() -> np.ndarray:
    """Build the table of the CRC of each byte, (256,) uint32."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(POLYNOMIAL), table >> 1)
    return table


TABLE = _table()


def crc32c(parts: Sequence[bytes]) -> np.ndarray:
    """CRC-32C of each part, (parts,) uint32, computed for all parts together, byte by byte.

    A Python loop over the bytes of each part would be a hundred times slower.
    """
    lengths = np.array([len(part) for part in parts])
    longest = int(lengths.max(initial=0))
    filled = np.frombuffer(b"".join(part.ljust(longest, b"\0") for part in parts), np.uint8)
    columns = np.ascontiguousarray(filled.reshape(len(parts), longest).T)  # (bytes, parts)
    shortest = int(lengths.min(initial=longest))
    state = np.full(len(parts), 0xFFFFFFFF, np.uint32)
    for index, column in enumerate(columns):
        next_state = TABLE[(state ^ column) & 0xFF] ^ (state >> 8)
        state = next_state if index < shortest else np.where(index < lengths, next_state, state)
    return ~state


def masked(checksums: np.ndarray) -> np.ndarray:
    """TFRecord's masked CRC: rotate right by 15, then add a constant. A CRC of data with CRCs inside would be weak."""
    return (checksums >> 15 | checksums << 17) + np.uint32(MASK)


def framed(records: Sequence[bytes]) -> bytes:
    """Frame records as the content of a file."""
    lengths = [struct.pack("<Q", len(record)) for record in records]
    checksums = zip(masked(crc32c(lengths)).tolist(), masked(crc32c(records)).tolist(), strict=True)
    return b"".join(
        length + struct.pack("<I", of_length) + record + struct.pack("<I", of_record)
        for length, record, (of_length, of_record) in zip(lengths, records, checksums, strict=True)
    )
