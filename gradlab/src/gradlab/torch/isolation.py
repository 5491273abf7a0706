"""Isolation of a probe: whatever it changes in a model, and in random generators, is restored afterwards."""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH_NORMALIZATION = nn.modules.batchnorm._BatchNorm


@contextmanager
def isolated(model: nn.Module, modes: Mapping[str, bool], *, uses_batch: bool = True) -> Iterator[None]:
    """Run a block that calls the model eagerly, in full precision and without dropout.

    Buffers are copies, so that the originals keep their values and versions. Normalisations by the batch use the batch,
    as in training, unless they were in evaluation mode there. Attributes that modules set on themselves are restored.

    Args:
        model: the unwrapped model.
        modes: path -> True if the module was in training mode in the last training batch, for those that were seen.
        uses_batch: False to normalise by running means, as in evaluation.
    """
    modules = dict(model.named_modules())
    saved = {path: (dict(module.__dict__), dict(module._buffers)) for path, module in modules.items()}
    devices = sorted({each.device.index for each in model.parameters() if each.device.type == "cuda"})
    try:
        for path, module in modules.items():
            module.__dict__["_buffers"] = {n: b if b is None else b.clone() for n, b in module._buffers.items()}
            module.__dict__["training"] = (
                uses_batch and isinstance(module, BATCH_NORMALIZATION) and modes.get(path, True)
            )
        with (
            random_state_kept(devices),
            _eagerly(),
            torch.enable_grad(),
            torch.autocast(_device_type(model), enabled=False),
        ):
            yield
    finally:
        for path, module in modules.items():
            attributes, buffers = saved[path]
            module.__dict__.clear()
            module.__dict__.update(attributes)
            module._buffers.clear()
            module._buffers.update(buffers)


@contextmanager
def random_state_kept(devices: Sequence[int] = ()) -> Iterator[None]:
    """Restore the states of all random generators after a block: PyTorch's, NumPy's and Python's."""
    state, numpy_state, own = random.getstate(), np.random.get_state(legacy=False), torch.get_rng_state()
    try:
        with torch.random.fork_rng(devices) if devices else nullcontext():
            yield
    finally:
        # Setting a state takes longer than comparing it, and outside of training models rarely draw.
        if random.getstate() != state:
            random.setstate(state)
        if not torch.equal(torch.get_rng_state(), own):
            torch.set_rng_state(own)
        if not _are_equal(np.random.get_state(legacy=False), numpy_state):
            np.random.set_state(numpy_state)


def _are_equal(one: Any, other: Any) -> bool:
    """True if two states of NumPy's generator are the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_equal(one[name], other[name]) for name in one)
    return one.tobytes() == other.tobytes() if isinstance(one, np.ndarray) else bool(one == other)


def _eagerly() -> AbstractContextManager[Any]:
    """Keep compiled code from running. Importing the compiler, where nobody uses it, takes seconds."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


def _device_type(model: Any) -> str:
    return next((each.device.type for each in model.parameters()), "cpu")
