"""Generates a client from the API's description and uses it against a real service: `make openapi-client`.

The generator has an environment of its own: its typer does not fit ours. A warning of the generator is a failure, for
it leaves out what it warns of; so is a schema of the description that the client has not.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2

from tests.services import Service

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".venv-openapi" / "bin"


def main() -> int:
    """Exit status: 0 where the client can do it all."""
    with tempfile.TemporaryDirectory(prefix="gradlab-openapi-") as name:
        folder = Path(name)
        (folder / "compiled").mkdir()
        service = Service(folder, folder / "compiled")
        try:
            service.start()
            description = httpx2.get(
                f"{service.client.url}/openapi.json", timeout=60.0
            ).json()  # made at the first request
            lost = schemas(description) - generate(description, folder)
            if lost:
                print(f"the client has no {', '.join(sorted(lost))}", file=sys.stderr)
                return 1
            command = [ENVIRONMENT / "python", HERE / "network_2.py", folder, service.client.url]
            return subprocess.run(command, cwd=folder, check=False).returncode
        finally:
            service.remove()


def schemas(description: dict[str, Any]) -> set[str]:
    """The names of the description's schemas, as they can be compared. An empty schema takes any value: no class."""
    return {_comparable(name) for name, schema in description["components"]["schemas"].items() if schema}


def generate(description: dict[str, Any], folder: Path) -> set[str]:
    """Write the package `client`; the names of its models, as they can be compared."""
    (folder / "openapi.json").write_text(json.dumps(description))
    command = [ENVIRONMENT / "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none"]
    command += ["--path", folder / "openapi.json", "--output-path", folder / "client"]
    command += ["--config", HERE / "generator.yml"]
    # It formats what it has written with the ruff of its own environment.
    path = os.pathsep.join([str(ENVIRONMENT), os.environ.get("PATH", "")])
    subprocess.run(command, check=True, env=os.environ | {"PATH": path})
    listed = re.search(r"__all__ = \((.*?)\)", (folder / "client" / "models" / "__init__.py").read_text(), re.DOTALL)
    assert listed
    return {_comparable(name) for name in re.findall(r'"(\w+)"', listed[1])}


def _comparable(name: str) -> str:
    """`Hastie10_2` is `Hastie102` to the generator."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


if __name__ == "__main__":
    sys.exit(main())
