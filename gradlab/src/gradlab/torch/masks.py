"""Masks in a forward pass: the share of the entries that they remove, on the device."""

import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import nn

# A score that a mask lowers by this much has no part in a softmax: e to this power is 0, in every precision. Masks of
# half precision use −10,000 themselves.
REMOVED = -1e4
# Modules of PyTorch in whose boolean masks True removes an entry.
TRUE_REMOVES = (
    nn.MultiheadAttention,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)


def share_of_module(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> torch.Tensor | None:
    """Return the share of entries that the masks among a module's arguments remove, of several the largest.

    They are known of PyTorch's own attention, and of Transformers' `attention_mask`; None for other modules.
    """
    if isinstance(module, TRUE_REMOVES):
        given = inspect.signature(module.forward).bind_partial(*arguments, **named).arguments
        return _largest(_removed(mask, keeps=False) for name, mask in given.items() if name.endswith("mask"))
    if type(module).__module__.startswith("transformers."):
        return _largest([_removed(named.get("attention_mask"), keeps=True)])
    return None


@lru_cache(maxsize=1024)
def may_mask(function: Callable[..., Any]) -> bool:
    """True for a function of which `share_of_function` may return a share."""
    return str(getattr(function, "__name__", "")).rstrip("_") in ("scaled_dot_product_attention", "masked_fill")


def share_of_function(function: Callable[..., Any], arguments: Any, named: dict[str, Any]) -> torch.Tensor | None:
    """Return the share of entries that a function removes: of scores by attention or `masked_fill`; else None."""
    name = str(getattr(function, "__name__", "")).rstrip("_")
    if name == "scaled_dot_product_attention":
        return _largest([_removed(named.get("attn_mask", arguments[3] if len(arguments) > 3 else None), keeps=True)])
    if name == "masked_fill" and len(arguments) > 2 and _is_removal(arguments[2]):
        return _largest([_removed(arguments[1], keeps=False)])
    return None


def _is_removal(value: Any) -> bool:
    return isinstance(value, int | float) and value <= REMOVED


def _removed(mask: Any, *, keeps: bool) -> torch.Tensor | None:
    """The share that a mask removes: numbers are added to scores; True and 1 keep an entry, or remove it."""
    if not isinstance(mask, torch.Tensor) or not mask.numel():
        return None
    if mask.is_floating_point():
        return (mask.detach() <= REMOVED).float().mean()
    return ((mask == 0) if keeps else (mask != 0)).float().mean()


def _largest(shares: Iterator[torch.Tensor | None] | list[torch.Tensor | None]) -> torch.Tensor | None:
    present = [each for each in shares if each is not None]
    return torch.stack(present).max() if present else None
