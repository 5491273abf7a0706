"""Tables of `bench.sizes`: one block for each line, and one row for each at the end."""

from collections.abc import Sequence
from statistics import median

from bench.sizes.lines import Line
from bench.sizes.measuring import Result
from bench.sizes.verdict import checks, overall, ratio, share_of_limit
from gradlab.spec import ExperimentSpec


def report_line(line: Line, spec: ExperimentSpec, result: Result) -> list[str]:
    """Print all figures of a line; return a sentence for each bound that it misses."""
    low, high = result["load"]
    print(
        f"\n{line.name}: {spec.parameter_count:,} weights, {spec.dataset.train_count:,} samples in batches of "
        f"{spec.training.batch_size}; load {low:.1f} to {high:.1f}; {result['state']}; {result['key']}"
    )
    print(f"  {'':18}{'ms an epoch':>12}{'fit : it':>10}{'ms busy':>12}{'fit : it':>10}", end="")
    print(f"{'of limit':>10}{'first s':>9}{'MB':>7}")
    for name, turns in result["turns"].items():
        first = result["first"][name]
        print(
            f"  {name:18}{1e3 * median(turns):12.4g}{ratio(result, 'fit', name):10.3g}"
            f"{1e3 * median(result['busy'][name]):12.4g}{ratio(result, 'fit', name, 'busy'):10.3g}"
            f"{share_of_limit(result, spec, name):10.1%}{first['first']:9.2f}{first['bytes'] / 1e6:7.0f}"
        )
    for name, why in result["failed"].items():
        print(f"  {name}: not measured: {why}")
    if "parts" in result:
        print(f"  parts of ours: {_parts(result)}; epoch 0 after {result['first']['ours']['epoch_0']:.2f} s")
    if not {"ours", "fit"} <= result["turns"].keys():
        return [f"{line.name}: not measured"]
    verdicts = [*checks(line, spec, result)]
    for each in verdicts:
        print(f"  {'met   ' if each.is_met else 'MISSED'} {each}", flush=True)
    return [f"{line.name}: {each}" for each in verdicts if not each.is_met]


def _parts(result: Result) -> str:
    seconds = {name: result["parts"][name] for name in ("training", "statistics", "validation", "python")}
    total = sum(seconds.values()) or 1.0
    return ", ".join(f"{name} {value / total:.0%}" for name, value in seconds.items())


def report_all(results: Sequence[Result]) -> list[str]:
    """Print a row for each line and the medians; return a sentence for each bound that all together miss."""
    print(f"\n{'fit : ours, by what is recorded':48}{'default':>9}{'nothing':>9}{'full':>9}{'reading fit':>13}")
    whole = [each for each in results if {"ours", "fit"} <= each["turns"].keys()]
    for each in whole:
        figures = [ratio(each, "fit", name) for name in ("ours", "ours, nothing", "ours, full")]
        reading = ratio(each, "fit, gradients", "ours")
        print(f"{each['line']:48}" + "".join(f"{figure:9.3g}" for figure in figures) + f"{reading:13.3g}")
    verdicts = [*overall(whole)] if whole else []
    for check in verdicts:
        print(f"{'met   ' if check.is_met else 'MISSED'} {check}", flush=True)
    return [str(check) for check in verdicts if not check.is_met]
