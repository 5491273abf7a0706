"""Outputs of a network, as the names of its metrics show them: ``price_loss`` is the loss of the output ``price``."""

from collections.abc import Sequence

LOSS = "_loss"


def outputs_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a network's outputs, in their order, if it has several; () for one output.

    Args:
        names: the names of all metrics.
    """
    losses = [name for name in names if name.endswith(LOSS) and name != "val_loss"]
    of_training = [name for name in losses if not (name.startswith("val_") and name.removeprefix("val_") in names)]
    return tuple(name.removesuffix(LOSS) for name in of_training) if len(of_training) > 1 else ()


def metrics_of(names: Sequence[str], output: str) -> dict[str, str]:
    """Return the metrics of one of several outputs: their names without the output's, and among all metrics.

    Args:
        names: the names of all metrics.
        output: the name of the output.
    """
    # Of `left` and `left_eye`, `left_eye_loss` belongs to the longer one.
    longer = tuple(f"{other}_" for other in outputs_of(names) if other.startswith(f"{output}_"))
    own = {}
    for name in names:
        part, of = ("val_", name.removeprefix("val_")) if name.startswith("val_") else ("", name)
        if of.startswith(f"{output}_") and not of.startswith(longer or ("\0",)):
            own[f"{part}{of.removeprefix(f'{output}_')}"] = name
    return own
