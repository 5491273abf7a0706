"""The process that reads users' files: `python -m core.samples.child MAX_BYTES PARENT`.

It reads one job a line from its input and writes one reply a line to its output, both JSON:

    {"format": "csv", "source": "/…/file", "to": "/…/table", "owner": "…"}
    {"network": "namespace", "table": {…}, "summary": {…}, "profile": {…}}
    {"network": "namespace", "problems": [{"field": …, "expected": …, "received": …}]}
"""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.samples.archives import read_npz
from core.samples.confinement import allow_processor_time, confine
from core.samples.limits import refusal
from core.samples.stored import write_table
from core.samples.summaries import summarize
from core.samples.summary import summary_of
from core.samples.table import Table
from core.samples.tables import read_csv, read_parquet
from gradlab.errors import Invalid, reason
from gradlab.profile import profile
from gradlab.schemas.datasets import FileFormat

READERS: dict[FileFormat, Callable[[Path, int], Table]] = {
    FileFormat.csv: read_csv,
    FileFormat.parquet: read_parquet,
    FileFormat.npz: read_npz,
}


def reply_to(job: dict[str, str], max_bytes: int) -> dict[str, Any]:
    """Read, profile and store a file. Whatever is wrong with it is a problem in the reply."""
    try:
        table = READERS[FileFormat(job["format"])](Path(job["source"]), max_bytes)
        described = profile(
            table.arrays,
            table.categories,
            table.rows,
            validation=table.validation.arrays if table.validation else None,
            texts=table.uncategorised,
        )
        write_table(table, Path(job["to"]), job["owner"])
    except Invalid as error:
        return _refused(error)
    except MemoryError:  # Arrow's error for it is one, too
        return _refused(refusal("a file whose values fit into memory several times", "more"))
    except Exception as error:  # a reader's own error on a file that no check of ours refuses
        return _refused(refusal("a file that can be read", reason(error)))
    summary = summary_of(table).model_dump(mode="json")
    return {"table": _summary(table), "summary": summary, "profile": described.model_dump(mode="json")}


def _refused(error: Invalid) -> dict[str, Any]:
    return {"problems": [vars(each) for each in error.problems]}


def _summary(table: Table) -> dict[str, Any]:
    return {
        "rows": table.rows,
        "validation_rows": table.validation.rows if table.validation else None,
        "columns": [each.model_dump(mode="json") for each in summarize(table)],
        "uncategorised": dict(table.uncategorised),
    }


def main(max_bytes: int, parent: int) -> None:
    """Read files until the input ends."""
    np.seterr(all="ignore")
    # Arrow's own pool keeps what it has freed, and reserves more address space than files need.
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    network = confine(max_bytes, parent)
    for line in sys.stdin:
        allow_processor_time()
        print(json.dumps({"network": network} | reply_to(json.loads(line), max_bytes)), flush=True)
        gc.collect()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
