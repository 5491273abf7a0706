"""What can be asked for."""

from fastapi import APIRouter

from api.errors import documented
from core.catalogue import Catalogue, catalogue

router = APIRouter(tags=["catalogue"])


@router.get("/catalogue", responses=documented(401))
def get() -> Catalogue:
    """List datasets, layers, activations, initialisers, optimisers, losses and statistics, with their parameters."""
    return catalogue()
