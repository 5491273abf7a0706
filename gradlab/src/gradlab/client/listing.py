"""Lists of a service's experiments, as a part of the client."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from gradlab import schemas
from gradlab.client.connection import Connection

if TYPE_CHECKING:
    from gradlab.schemas.lists import Sort
    from gradlab.schemas.status import Status


class Listing(Connection):
    """Lists experiments, restricted and sorted."""

    def experiments(
        self,
        *,
        status: "Status | Sequence[Status]" = (),
        search: str | None = None,
        id_prefix: str | None = None,
        verdict: str | Sequence[str] = (),
        root_cause: str | Sequence[str] = (),
        sort: "Sort" = "newest",
        trial: bool | None = None,
        trial_of: UUID | str | None = None,
        cell: bool | None = None,
        study: UUID | str | None = None,
    ) -> "Iterator[schemas.ExperimentResponse]":
        """Iterate over experiments; pages are fetched on demand.

        Args:
            status: statuses that they may have; all by default, as with the others.
            search: a text that their names contain.
            id_prefix: hexadecimal digits that their ids begin with.
            verdict: verdicts of their last diagnosis.
            root_cause: rules that are the root cause of it.
            sort: ``newest`` first; by ``verdict``, the worst first; or by ``root_cause``, causes before consequences.
            trial: True for trials of treatments, False for all others.
            trial_of: id of an experiment; trials of its treatments are listed.
            cell: True for cells that studies have added, False for all others.
            study: id of a study; the experiments of its cells are listed.
        """
        query = {
            "status": several(status),
            "search": search or (),
            "id_prefix": id_prefix or (),
            "verdict": several(verdict),
            "root_cause": several(root_cause),
            "sort": (sort,) if sort != "newest" else (),
            "trial": () if trial is None else str(trial).lower(),
            "trial_of": trial_of or (),
            "cell": () if cell is None else str(cell).lower(),
            "study": study or (),
        }
        for page in self._pages(schemas.ExperimentsResponse, f"/experiments?{urlencode(query, doseq=True)}"):
            yield from page.experiments


def several(names: str | Sequence[str]) -> Sequence[str]:
    """Return one name, or several, as several."""
    return [names] if isinstance(names, str) else names
