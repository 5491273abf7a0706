"""Train one network in two processes: the first one records what both compute, the other one nothing."""

import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing
from torch import nn

from gradlab.torch import Watch


def network() -> nn.Module:
    """A small network, the same in each process."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def run(rank: int, folder: str) -> None:
    """Train on half of each batch; in the first process compare the records with those of whole batches."""
    store = f"file://{folder}/store"
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(32, 4, generator=generator), torch.randint(3, (32,), generator=generator)
    model = nn.parallel.DistributedDataParallel(network())
    optimizer, loss = torch.optim.SGD(model.parameters(), 0.1), nn.CrossEntropyLoss()
    watch = Watch(model, loss=loss, optimizer=optimizer, data=(x, y), report_at_end=False)
    plain = network()
    own = torch.optim.SGD(plain.parameters(), 0.1)
    norms = []
    for begin in range(0, 32, 8):
        whole = slice(begin, begin + 8)
        half = slice(begin + 4 * rank, begin + 4 * rank + 4)
        with model.no_sync():  # accumulated over two backward passes
            (loss(model(x[half]), y[half]) / 2).backward()
        (loss(model(x[half]), y[half]) / 2).backward()
        optimizer.step()
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain(x[whole]), y[whole]).backward()
        norms.append([float(each.grad.norm()) for each in plain.parameters()])
        own.step()
        own.zero_grad()
    watch.epoch()
    watch.end()
    if rank:
        assert watch.spec is None, "the second process records nothing"
    else:
        history = watch.recorder.runs()[0].history
        layout = history.layout["gradients"]
        l2 = history.series["gradients"][1, :, layout.columns.index("l2")]
        np.testing.assert_allclose(l2, np.mean(norms, axis=0), rtol=1e-4)
        assert layout.tensors[0].layer == "0", layout.tensors[0]
    torch.distributed.destroy_process_group()
    os._exit(0)  # all is asserted; PyTorch's threads now and then abort the interpreter at its end


if __name__ == "__main__":
    torch.multiprocessing.spawn(run, args=(str(Path(sys.argv[1])),), nprocs=2)
