"""Registry of the initialisers of `keras.initializers`, with their distributions and Keras's parameter names.

fan_in and fan_out are the numbers of units before and after the kernel. Formulas and defaults: Keras 3,
https://keras.io/api/layers/initializers/. `STFT` is left out: it makes a fixed kernel for a single audio layer.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, one_of


class WeightInitializer(Frozen):
    """The distribution that a weight tensor is drawn from before training."""

    kind: str
    keras_name: ClassVar[str]
    random: ClassVar[bool] = True

    def needs(self, shape: tuple[int, ...]) -> str | None:
        """Return the kind of tensor that it needs, if it cannot draw one of this shape; else None."""
        return None

    def build(self, keras: Any, seed: int) -> Any:
        """Build the Keras initialiser. `seed` makes its draw repeatable."""
        parameters = self.model_dump(exclude={"kind"})
        if self.random:
            parameters["seed"] = seed
        return getattr(keras.initializers, self.keras_name)(**parameters)


class Zeros(WeightInitializer):
    """All weights are 0."""

    kind: Literal["zeros"] = "zeros"
    keras_name = "Zeros"
    random = False


class Ones(WeightInitializer):
    """All weights are 1."""

    kind: Literal["ones"] = "ones"
    keras_name = "Ones"
    random = False


class Constant(WeightInitializer):
    """All weights have the same value."""

    kind: Literal["constant"] = "constant"
    keras_name = "Constant"
    random = False
    value: float = Field(default=0.0, ge=-1e6, le=1e6)
    """The value."""


class Identity(WeightInitializer):
    """The identity matrix, times gain."""

    kind: Literal["identity"] = "identity"
    keras_name = "Identity"
    random = False
    gain: float = Field(default=1.0, ge=-1e6, le=1e6)
    """Factor on the diagonal."""

    def needs(self, shape: tuple[int, ...]) -> str | None:
        return None if len(shape) == 2 else "a matrix"


class RandomUniform(WeightInitializer):
    """Uniform on [minval, maxval]."""

    kind: Literal["random_uniform"] = "random_uniform"
    keras_name = "RandomUniform"
    minval: float = Field(default=-0.05, ge=-1e6, le=1e6)
    """Lower bound."""
    maxval: float = Field(default=0.05, ge=-1e6, le=1e6)
    """Upper bound, at least the lower one."""

    @model_validator(mode="after")
    def _ordered(self) -> "RandomUniform":
        if self.maxval < self.minval:
            raise ValueError(f"maxval of at least minval ({self.minval})")
        return self


class RandomNormal(WeightInitializer):
    """Normal with the given mean and standard deviation."""

    kind: Literal["random_normal"] = "random_normal"
    keras_name = "RandomNormal"
    mean: float = Field(default=0.0, ge=-1e6, le=1e6)
    """Mean."""
    stddev: float = Field(default=0.05, ge=0, le=1e6)
    """Standard deviation."""


class TruncatedNormal(WeightInitializer):
    """Normal, with draws beyond two standard deviations repeated."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    keras_name = "TruncatedNormal"
    mean: float = Field(default=0.0, ge=-1e6, le=1e6)
    """Mean before truncation."""
    stddev: float = Field(default=0.05, ge=0, le=1e6)
    """Standard deviation before truncation."""


class VarianceScaling(WeightInitializer):
    """Variance scale/n, where n is fan_in, fan_out or their mean."""

    kind: Literal["variance_scaling"] = "variance_scaling"
    keras_name = "VarianceScaling"
    scale: float = Field(default=1.0, gt=0, le=1e12)
    """Factor on the variance. He's rule is 2 with fan_in, Glorot's is 1 with fan_avg."""
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    """The n in scale/n."""
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"
    """The shape of the distribution."""


class GlorotUniform(WeightInitializer):
    """Uniform on ±√(6/(fan_in + fan_out)) (Glorot & Bengio 2010): for tanh."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"
    keras_name = "GlorotUniform"


class GlorotNormal(WeightInitializer):
    """Truncated normal with variance 2/(fan_in + fan_out) (Glorot & Bengio 2010)."""

    kind: Literal["glorot_normal"] = "glorot_normal"
    keras_name = "GlorotNormal"


class HeUniform(WeightInitializer):
    """Uniform on ±√(6/fan_in) (He et al. 2015): for relu."""

    kind: Literal["he_uniform"] = "he_uniform"
    keras_name = "HeUniform"


class HeNormal(WeightInitializer):
    """Truncated normal with variance 2/fan_in (He et al. 2015)."""

    kind: Literal["he_normal"] = "he_normal"
    keras_name = "HeNormal"


class LecunUniform(WeightInitializer):
    """Uniform on ±√(3/fan_in) (LeCun et al. 1998): for selu."""

    kind: Literal["lecun_uniform"] = "lecun_uniform"
    keras_name = "LecunUniform"


class LecunNormal(WeightInitializer):
    """Truncated normal with variance 1/fan_in (LeCun et al. 1998)."""

    kind: Literal["lecun_normal"] = "lecun_normal"
    keras_name = "LecunNormal"


class Orthogonal(WeightInitializer):
    """A random matrix with orthonormal rows or columns, times gain (Saxe et al. 2013)."""

    kind: Literal["orthogonal"] = "orthogonal"
    keras_name = "Orthogonal"
    gain: float = Field(default=1.0, gt=0, le=1e6)
    """Factor on the matrix."""

    def needs(self, shape: tuple[int, ...]) -> str | None:
        return None if len(shape) >= 2 else "a tensor of at least 2 axes"


INITIALIZERS: tuple[type[WeightInitializer], ...] = (
    Zeros, Ones, Constant, Identity, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, GlorotUniform,
    GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal,
)  # fmt: skip

if TYPE_CHECKING:
    Initializer = WeightInitializer
else:
    Initializer = one_of(INITIALIZERS)
