"""Time of `gradlab doctor` from the command to the proved cure, with the share of each part.

    python -m bench.doctor [--all] [--repeats N]

Network 2 of the tutorial as a `.keras` file and its circles as CSV, on a service of its own with one worker. The first
run warms the worker up, the others are measured; a column has another name in each, so that no profile is stored
already. With `--all` the other pairs of `bench.doctored` and `bench.doctored_arrays` follow, once each, cold.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.doctored import DOCTORED, Doctored
from bench.doctored_arrays import ARRAYS
from bench.processes import conditions
from bench.serving import served

PARTS = ("Data", "Draft", "Triage", "Training", "Diagnosis", "Treatment")
GRADLAB = Path(sys.executable).with_name("gradlab")


@dataclass
class Timed:
    """Seconds from the command to its first line, to the root cause, and to the end, and those of each part."""

    first_line: float = 0.0
    root_cause: float = 0.0
    end: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    outcome: int = 0


def main() -> None:
    """Print the seconds of each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="the other pairs of files, too")
    parser.add_argument("--repeats", type=int, default=3, help="measured runs of network 2")
    arguments = parser.parse_args()
    with conditions(), tempfile.TemporaryDirectory() as folder, served(Path(folder) / "data") as (_, url):
        network, *others = DOCTORED
        for run in range(1 + arguments.repeats):
            _report("cold" if run == 0 else f"warm {run}", network, _timed(network, Path(folder), url, run))
        for other in (*others, *ARRAYS) if arguments.all else ():
            _report("cold", other, _timed(other, Path(folder), url, 0))


def _timed(doctored: Doctored, folder: Path, url: str, run: int) -> Timed:
    """Run the command once, and note when its lines come."""
    model = folder / "model.keras"
    doctored.model(model)
    data = doctored.data(folder)
    if data.suffix == ".csv":
        data.write_text(re.sub(r"^([^,]*)", rf"\1_{run}", data.read_text(), count=1))
    command: list[str | Path] = [
        GRADLAB,
        "doctor",
        model,
        "--data",
        data,
        "--epochs",
        str(doctored.epochs),
        *doctored.arguments,
    ]
    timed, begun = Timed(), time.perf_counter()
    environment = {**os.environ, "GRADLAB_URL": url, "COLUMNS": "150", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            now = time.perf_counter() - begun
            timed.first_line = timed.first_line or now
            if any(f"({rule})" in line for rule in doctored.root_causes):
                timed.root_cause = timed.root_cause or now
            if part := re.match(rf"({'|'.join(PARTS)}) +([\d.]+) s", line):
                timed.parts[part[1]] = float(part[2])
    timed.end, timed.outcome = time.perf_counter() - begun, process.returncode
    return timed


def _report(label: str, doctored: Doctored, timed: Timed) -> None:
    parts = ", ".join(f"{part.lower()} {seconds:.1f}" for part, seconds in timed.parts.items())
    print(
        f"{doctored.name}, {label}: first line {timed.first_line:.1f} s, root cause {timed.root_cause:.1f} s, "
        f"end {timed.end:.1f} s (exit status {timed.outcome}); {parts}",
        flush=True,
    )


if __name__ == "__main__":
    main()
