"""Batches in order of class, or the same batch each time."""

import math

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import batch_of, batches_in_epoch, since_training, wiring_of

# Chance that batches drawn at random have so many samples of one class.
CHANCE = 1e-3
# Share of the way from the class's share in all samples to 1: less order than half hardly changes a gradient.
HALFWAY = 0.5
BY_ARRAYS = "`data=` of a Watch, as arrays, and in a Keras loop of one's own `batch=(x, y)` of its `step`"


def detect(run: Run) -> Sighting | None:
    """Compare the commonest class's share in a batch with that in all samples, and batches with each other."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return None
    since, batches = since_training(run), batches_in_epoch(run)
    if wiring.batches_repeat and batches is not None and batches > 1:
        repeated = measure("batches", batches, ">", 1, "batches")
        return Sighting((), since, (repeated,), explanation=SAME)
    shares, batch = wiring.batch_class_shares, batch_of(run)
    if shares is None:
        if batches == 1 or _has_no_classes(run):
            return None
        raise Unknown("which classes its batches hold is not known", BY_ARRAYS)
    if batch is None:
        raise Unknown("how many samples its batches have is not known", "`batch_size=` of a Watch")
    bound = share_by_chance(shares.all, batch)
    limit = max(bound, shares.all + HALFWAY * (1 - shares.all))
    if not shares.batch > limit:
        return None
    measures = (
        measure("share_in_batch", shares.batch, ">", limit, "of a batch"),
        measure("share_in_all", shares.all, ">", None, "of all samples"),
    )
    return Sighting((), since, measures)


def _has_no_classes(run: ExternalRun) -> bool:
    """True if a sample has no class, or one at each of several steps: any batch of those holds many classes."""
    target = run.external.target
    return target is not None and (target.kind != "classes" or bool(target.steps))


def share_by_chance(share: float, batch: int) -> float:
    """Return the share s of a batch that the commonest class exceeds with a chance of at most CHANCE.

    Chernoff: P(class of share p has s·B of B samples) ≤ exp(−B·KL(s‖p)). At most 1/p classes have a share of p, and
    smaller ones add less. So s solves exp(−B·KL(s‖p))/p = CHANCE; 1 if there is none, as in small batches.

    Args:
        share: the commonest class's share p in all samples, in [0, 1].
        batch: samples in a batch, B.
    """
    if not 0 < share < 1 or _divergence(1.0, share) * batch < -math.log(CHANCE * share):
        return 1.0
    low, high = share, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if _divergence(middle, share) * batch < -math.log(CHANCE * share):
            low = middle
        else:
            high = middle
    return high


def _divergence(s: float, p: float) -> float:
    """KL(s‖p) of two shares, p in (0, 1)."""
    rest = (1 - s) * math.log((1 - s) / (1 - p)) if s < 1 else 0.0
    return s * math.log(s / p) + rest


SAME = (
    "An epoch has {batches:batch|batches}, and each was the same one. The network learns those samples alone, however "
    "many there are. Often the loop draws the first batch again and again (`next(iter(loader))` inside the loop), or a "
    "generator begins anew with every call. Draw each batch from one pass over the shuffled samples."
)

RULE = Rule(
    name="ordered_batches",
    title="Batches are in order of class, or repeat",
    kind="risk",
    severity="critical",
    formula=(
        "each batch of an epoch is the same one; or the commonest class's share in a batch (median) > share in all + "
        "halfway·(1 − share in all), and > what batches drawn at random have with probability chance"
    ),
    thresholds={"halfway": HALFWAY, "chance": CHANCE},
    source="Bottou 2012, section 4 (shuffle the examples); Chernoff's bound of a binomial",
    explanation=(
        "In a batch {share_in_batch:%} of the samples belong to one class, at the median, against {share_in_all:%} of "
        "all samples: the batches are in order of class. Each update then teaches the network to give one answer, and "
        "the next ones to forget it for another. Shuffle the samples before each epoch (`shuffle=True`; of a dataset, "
        "with a buffer as large as the data)."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
