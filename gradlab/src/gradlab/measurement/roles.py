"""Roles of trainable tensors, and the names by which the common frameworks show them.

Keras writes ``kernel``, ``recurrent_kernel``, ``bias``, ``gamma``, ``beta`` and ``embeddings``. PyTorch writes
``weight`` for kernels, scales and embeddings alike, and ``weight_hh_l0`` in recurrent layers; JAX writes ``kernel``,
``scale`` and ``embedding`` (Flax) or ``w``, ``b`` and ``offset`` (Haiku); MXNet writes ``dense0_weight`` and
``l0_h2h_weight``.
"""

import re
from functools import lru_cache
from typing import Literal

Role = Literal["kernel", "recurrent_kernel", "bias", "scale", "offset", "embedding"]
# The roles of tensors that a layer multiplies its inputs or its state by.
KERNELS: tuple[Role, ...] = ("kernel", "recurrent_kernel")

# What separates the parts of a path: 0.weight, base/dense/kernel.
SEPARATORS = re.compile(r"[./]")
# Names by their end, after any prefix of their own: query_kernel, dense0_weight. The first that matches decides.
NAMES: tuple[tuple[Role, str], ...] = (
    ("recurrent_kernel", r".*recurrent_kernel|weight_hh(_l\d+)?(_reverse)?|h2h_weight"),
    ("kernel", r".*kernel|weight_ih(_l\d+)?(_reverse)?|i2h_weight"),
    ("bias", r"bias(es)?|bias_[ih]h(_l\d+)?(_reverse)?|b"),
    ("scale", r"gamma|scale"),
    ("offset", r"beta|offset"),
    ("embedding", r"embeddings?|embed"),
)
PATTERNS = tuple((role, re.compile(rf"(.*_)?({names})", re.IGNORECASE)) for role, names in NAMES)
# Names that PyTorch, MXNet and plain loops give to kernels, scales and embeddings alike.
WEIGHT = re.compile(r"(.*_)?(weights?|w)", re.IGNORECASE)
# Layers whose `weight` is a table of vectors: embed_tokens, word_embeddings, wte and wpe of GPT-2.
EMBEDDING_LAYER = re.compile(r".*embed(ding)?s?(_tokens|_positions|\d+)?|wte|wpe", re.IGNORECASE)
# Flax writes the kernels from a cell's state to its gates as layers of their own.
FLAX_RECURRENT = ("hi", "hf", "hg", "ho", "hr", "hz", "hn")


@lru_cache(maxsize=10_000)
def role_by_name(layer: str, parameter: str, axes: int) -> Role | None:
    """Return the role that a tensor's name shows; None if it shows none.

    Args:
        layer: the layer's name or path.
        parameter: the tensor's name or path in its layer.
        axes: the tensor's number of axes: a ``weight`` of one axis is a scale.
    """
    *before, name = SEPARATORS.split(parameter)
    owner = before[-1] if before else SEPARATORS.split(layer)[-1]
    for role, names in PATTERNS:
        if names.fullmatch(name):
            return "recurrent_kernel" if role == "kernel" and owner in FLAX_RECURRENT else role
    if not WEIGHT.fullmatch(name):
        return None
    if axes == 2 and EMBEDDING_LAYER.fullmatch(owner):
        return "embedding"
    return "kernel" if axes > 1 else "scale"


def role_in(class_name: str, layer: str, parameter: str, axes: int) -> Role | None:
    """Return the role of a tensor in a layer of this class; None if neither class nor name shows one.

    The class distinguishes what PyTorch calls ``weight`` and ``bias`` alike: in a normalisation they are scale and
    offset, in an embedding ``weight`` is the table.
    """
    role, kind = role_by_name(layer, parameter, axes), class_name.lower()
    if "embedding" in kind and role in ("kernel", "scale"):
        return "embedding"
    if re.search(r"norm(alization)?(\d?d)?$", kind) and role in ("kernel", "bias"):
        return "scale" if role == "kernel" else "offset"
    return role
