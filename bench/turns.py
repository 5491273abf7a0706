"""Measurements in rounds: everything is measured once in every round, and ratios are taken within a round.

So a change of the machine's speed affects both sides of a ratio.
"""

import argparse
from collections.abc import Callable, Sequence
from statistics import median

Round = dict[str, float]


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all these benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    return parser


def take_turns(rounds: int, measure: Callable[[], Round]) -> list[Round]:
    """Measure in so many rounds, one after another."""
    return [measure() for _ in range(rounds)]


def report(rounds: Sequence[Round], unit: str) -> None:
    """Print the median of each figure over the rounds."""
    print(f"\n{unit:52}{'median':>10}   lowest to highest")
    for name in rounds[0]:
        figures = [each[name] for each in rounds]
        print(f"{name:52}{median(figures):10.4g}   {min(figures):.4g} to {max(figures):.4g}", flush=True)


def compare(rounds: Sequence[Round], pairs: Sequence[tuple[str, str]]) -> None:
    """Print the ratio of the first of each pair to the second."""
    print(f"\n{'ratio, taken within a round':78}{'median':>8}   lowest to highest")
    for longer, shorter in pairs:
        ratios = [each[longer] / each[shorter] for each in rounds]
        name = f"{longer} : {shorter}"
        print(f"{name:78}{median(ratios):8.3g}   {min(ratios):.3g} to {max(ratios):.3g}", flush=True)
