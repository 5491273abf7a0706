"""Training and validation inputs of different scale."""

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import wiring_of

# Bounds of val_std/train_std and of |val_mean − train_mean|/train_std. Two halves of one sample of 30 normal numbers or
# more differ by less: √(χ²/29) is in [1/3, 3] with a probability above 1 − 1e-9, and the mean shifts by 1/√30 = 0.18.
# What people forget changes more: division by 255, and standardisation of inputs that do not have mean 0 and std 1.
RATIO, SHIFT = 3.0, 1.0
# Fewer validation samples may differ by chance.
MIN_SAMPLES = 30


def detect(run: Run) -> Sighting | None:
    """Compare mean and standard deviation of the inputs."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return None
    scale, count = wiring.input_scale, run.external.val_count
    if count is not None and count < MIN_SAMPLES:
        return None
    if scale is None:
        raise Unknown("how large its validation inputs are is not known", "`validation_data=` of a Watch")
    if not scale.train_std > 0:
        return None
    ratio, shift = scale.val_std / scale.train_std, abs(scale.val_mean - scale.train_mean) / scale.train_std
    if 1 / RATIO <= ratio <= RATIO and shift <= SHIFT:
        return None
    by_ratio = measure("std_ratio", ratio, ">" if ratio > 1 else "<", RATIO if ratio > 1 else 1 / RATIO)
    by_shift = measure("mean_shift", shift, ">", SHIFT, "training standard deviations")
    decisive = (by_shift, by_ratio) if by_ratio.threshold is None else (by_ratio, by_shift)
    return Sighting((), 0, decisive)


RULE = Rule(
    name="validation_scale",
    title="Training and validation inputs have different scales",
    kind="risk",
    severity="critical",
    formula="val_std/train_std ∉ [1/ratio, ratio] or |val_mean − train_mean|/train_std > shift, over all inputs",
    thresholds={"ratio": RATIO, "shift": SHIFT, "fewest_samples": MIN_SAMPLES},
    source="Sculley et al. 2015 (training and serving skew); bounds derived from samples of 30",
    explanation=(
        "The standard deviation of the validation inputs is {std_ratio} times that of the training inputs. Their mean "
        "is {mean_shift} training standard deviations away. The network is validated on inputs of a size that it never "
        "met while training, so validation says nothing about what it has learnt. Often one of the two was scaled and "
        "the other was not, or each by its own mean. Scale both by the numbers of the training samples."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
