"""Charts saved to a folder."""

from pathlib import Path
from uuid import UUID

from gradlab.client.client import Client


def save_charts(client: Client, experiment_id: UUID, folder: Path, prefix: str = "") -> int:
    """Save every chart of an experiment to a folder, as SVG. Return their number."""
    folder.mkdir(parents=True, exist_ok=True)
    names = client.charts(experiment_id)
    for name in names:
        (folder / f"{prefix}{name}.svg").write_bytes(client.chart(experiment_id, name))
    return len(names)
