"""Records of uploaded weights, as the store returns them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gradlab.schemas.weights import WeightsSummaryResponse


@dataclass(frozen=True)
class WeightsRecord:
    """Uploaded weights.

    Attributes:
        id: `sha256:` and the hash of the file.
        name: their first upload's.
        bytes: size of the file.
        created_at: time of their first upload.
        shapes: the shape of each tensor by its name, in the file's order.
    """

    id: str
    name: str
    bytes: int
    created_at: datetime
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def summary(self) -> WeightsSummaryResponse:
        """Their entry in a list."""
        return WeightsSummaryResponse(
            id=self.id,
            name=self.name,
            bytes=self.bytes,
            tensor_count=len(self.shapes),
            parameters=sum(map(math.prod, self.shapes.values())),
            created_at=self.created_at,
        )


@dataclass(frozen=True)
class WeightsPage:
    """A page of uploaded weights, newest first; `next` is the place after it, None on the last."""

    weights: tuple[WeightsSummaryResponse, ...]
    next: int | None
