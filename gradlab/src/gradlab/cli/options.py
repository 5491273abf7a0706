"""Options that several commands of the client have."""

from typing import Annotated

import typer

Url = Annotated[
    str | None, typer.Option(envvar="GRADLAB_URL", help="Address of the service; by default the one on this machine.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, as the service gives it.")]
