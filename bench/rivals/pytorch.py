"""The rival in PyTorch: the usual eager training loop.

    python -m bench.rivals.pytorch EPOCHS [--save NPZ]

Prints one line of JSON: the seconds for all epochs and for one, and the fastest number of threads.
"""

import json
import time

import numpy as np
import torch
from torch import nn

from bench.rivals import (
    BATCH,
    LEARNING_RATE,
    MOMENTUM,
    RivalRun,
    arguments,
    initial_weights,
    sample_permutations,
    samples,
)

THREADS, WARM_UP_EPOCHS = (1, 2), 10


def main() -> None:
    """Train; print the seconds."""
    options = arguments("PyTorch on the tutorial's network 3").parse_args()
    threads = quickest_threads()
    begun = time.perf_counter()
    trained = train(options.epochs)
    seconds = time.perf_counter() - begun
    if options.save:
        np.savez(options.save, metrics=trained.metrics, gradients=trained.gradients)
    loss, accuracy, val_loss, val_accuracy = map(float, trained.metrics[-1])
    print(
        json.dumps(
            {
                "seconds": round(seconds, 4),
                "per_epoch": seconds / options.epochs,
                "threads": threads,
                "loss": loss,
                "accuracy": accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
            }
        )
    )


def quickest_threads() -> int:
    """Set the number of threads that trains this network fastest, and return it; also warms up."""

    def seconds(threads: int) -> float:
        torch.set_num_threads(threads)
        train(2)
        begun = time.perf_counter()
        train(WARM_UP_EPOCHS)
        return time.perf_counter() - begun

    best = min(THREADS, key=seconds)
    torch.set_num_threads(best)
    return best


def train(epochs: int, seed: int = 0) -> RivalRun:
    """Train and record one run."""
    train_x, train_y, val_x, val_y = map(torch.from_numpy, samples())
    train_y, val_y = train_y[:, None], val_y[:, None]
    model, loss_of = network(seed), nn.BCEWithLogitsLoss()
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
    metrics, gradients = [], []
    for order in torch.from_numpy(sample_permutations(seed, epochs)).long():
        total_loss, correct, statistics, batches = torch.zeros(()), torch.zeros(()), 0, order.split(BATCH)
        for batch in batches:
            x, y = train_x[batch], train_y[batch]
            logits = model(x)
            loss = loss_of(logits, y)
            optimizer.zero_grad()
            loss.backward()
            with torch.no_grad():
                statistics += gradient_statistics(parameters)
                total_loss += loss * len(batch)
                correct += hits(logits, y)
            optimizer.step()
        with torch.inference_mode():
            logits = model(val_x)
            validation = loss_of(logits, val_y), hits(logits, val_y) / len(val_y)
        metrics.append(torch.stack([total_loss / len(order), correct / len(order), *validation]))
        gradients.append(statistics / len(batches))
    return RivalRun(torch.stack(metrics).detach().numpy(), torch.stack(gradients).numpy())


def network(seed: int) -> nn.Sequential:
    """Return the network with the initial weights of a seed."""
    layers: list[nn.Module] = []
    for kernel, bias in initial_weights(seed):
        linear = nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel.T))
            linear.bias.copy_(torch.from_numpy(bias))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # the loss takes logits and includes the sigmoid


def gradient_statistics(parameters: list[nn.Parameter]) -> torch.Tensor:
    """Statistics of a mini-batch's gradients, all tensors at once: (tensors, statistics)."""
    sizes = torch.tensor([parameter.numel() for parameter in parameters])
    g = torch.cat([parameter.grad.flatten() for parameter in parameters])

    def each(reduction: str, values: torch.Tensor) -> torch.Tensor:
        return torch.segment_reduce(values, reduction, lengths=sizes)

    mean = each("mean", g)
    std = each("mean", (g - mean.repeat_interleave(sizes)).square()).sqrt()
    l2 = each("sum", g.square()).sqrt()
    zero_fraction = each("mean", (g == 0).float())
    return torch.stack([each("mean", g.abs()), mean, std, l2, each("max", g.abs()), zero_fraction], dim=1)


def hits(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the number of samples on the right side of the boundary."""
    return ((logits > 0) == (y > 0.5)).sum()


if __name__ == "__main__":
    main()
