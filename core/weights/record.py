"""Records of uploaded weights, as the store returns them."""

from dataclasses import dataclass
from datetime import datetime

from gradlab.schemas.weights import WeightsSummaryResponse, WeightTensorResponse


@dataclass(frozen=True)
class WeightsRecord:
    """Uploaded weights.

    Attributes:
        id: `sha256:` and the hash of the file.
        name: their first upload's.
        bytes: size of the file.
        created_at: time of their first upload.
        tensors: the file's tensors, in its order.
    """

    id: str
    name: str
    bytes: int
    created_at: datetime
    tensors: tuple[WeightTensorResponse, ...]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor, by its name."""
        return {each.name: each.shape for each in self.tensors}


@dataclass(frozen=True)
class WeightsPage:
    """A page of uploaded weights, newest first; `next` is the place after it, None on the last."""

    weights: tuple[WeightsSummaryResponse, ...]
    next: int | None
