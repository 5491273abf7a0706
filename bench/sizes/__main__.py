"""The engine against `keras.Model.fit` on networks of real size.

    python -m bench.sizes [--lines NAME ...] [--rounds 5] [--quick] [--rivals] [--cores N] [--kept FILE] [--again]

Every line trains with the default recording, with nothing and with everything recorded, by bare `fit`, and by `fit`
with a callback that reads every gradient; with --rivals also by PyTorch with hooks and by JAX's `scan`, from
`.venv-frameworks`, which `make frameworks` makes. All take turns. Printed are milliseconds an epoch and the ratio to
bare `fit`, both by the clock and as time of processors, which other processes disturb less; the operations as a share
of what one product of matrices reaches, seconds to the first trained epoch of an architecture never seen in a warm
process, the rise of memory, the parts of an epoch's time, and the bounds.

All lines take an hour. Finished ones are kept in a file, so that a run that was stopped goes on, and `--lines` measures
some; `--again` measures them anew. --quick takes an eighth of the samples of large lines. Exit status 1 if a bound is
missed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench.outputs import new_file
from bench.processes import conditions
from bench.sizes.lines import Line, lines
from bench.sizes.measuring import Options, Result, measured_line
from bench.sizes.report import report_all, report_line

KEPT = Path(tempfile.gettempdir()) / "gradlab-bench-sizes.jsonl"


def main() -> int:
    """Measure what is missing, and print everything; return the exit status."""
    options, chosen = _options()
    limits = Options(options.rounds, options.quick, options.rivals, options.cores)
    kept = {} if options.again else _kept(options.kept, limits)
    missed, results = [], []
    with conditions():
        for line in chosen:
            if line.name not in kept:
                kept[line.name] = measured_line(line, limits)
                with options.kept.open("a") as file:
                    print(json.dumps(kept[line.name]), file=file)
            missed += report_line(line, line.spec("standard", quick=options.quick), kept[line.name])
            results.append(kept[line.name])
        missed += report_all(results)
    print(f"{len(missed)} bounds are missed" + "".join(f"\n  {each}" for each in missed))
    return 1 if missed else 0


def _options() -> tuple[argparse.Namespace, list[Line]]:
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description="the engine on networks of real size")
    parser.add_argument("--lines", nargs="+", metavar="NAME", help="a line, or the beginning of its name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="an eighth of the samples of large lines")
    parser.add_argument("--rivals", action="store_true", help="PyTorch and JAX too")
    parser.add_argument("--cores", type=int, help="processors that each side may use; all by default")
    parser.add_argument("--kept", type=new_file, default=KEPT, help="the file of finished lines")
    parser.add_argument("--again", action="store_true", help="measure finished lines anew")
    options = parser.parse_args()
    beginnings = tuple(options.lines or ("",))
    chosen = [line for name, line in lines().items() if name.startswith(beginnings)]
    if not chosen:
        parser.error(f"--lines: expected the beginning of one of {', '.join(lines())}; received {options.lines}")
    return options, chosen


def _kept(file: Path, options: Options) -> dict[str, Result]:
    """Return the last measurement of each line that was measured with these options."""
    if not file.exists():
        return {}
    results = [json.loads(text) for text in file.read_text().splitlines()]
    return {each["line"]: each for each in results if each["key"] == options.key}


if __name__ == "__main__":
    sys.exit(main())
