"""Layers of a user's model whose values cannot be read."""

from collections.abc import Mapping

MAX_NAMED = 5  # layers that a warning names
NOT_ONE_TENSOR = "its output is not one tensor"


def not_recorded(reasons: Mapping[str, str]) -> str:
    """Return the sentence that names the layers whose activations are not recorded, each with its reason."""
    count = "1 layer" if len(reasons) == 1 else f"{len(reasons)} layers"
    named = "; ".join(f"{name}: {reason}" for name, reason in list(reasons.items())[:MAX_NAMED])
    return f"the activations of {count} are not recorded ({named}{'; …' if len(reasons) > MAX_NAMED else ''})"
