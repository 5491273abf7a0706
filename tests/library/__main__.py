"""Installs the library into empty environments of every Python it is for, and uses it there: `make library`.

The project that it is installed into has a package `core` and a module `api` of its own. Printed for each Python: the
packages that came, the modules that are loaded, the seconds that the import takes. A Python that is not on this machine
is printed as not tried.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13")
# Beyond these the library is no light thing to have in a training's environment.
MAX_PACKAGES, MAX_MODULES = 25, 500


def main() -> int:
    """Exit status: 0 if every Python that is here can use the library, and one is here."""
    pythons = {version: interpreter(version) for version in VERSIONS}
    for version in (version for version, python in pythons.items() if python is None):
        print(f"Python {version}: not on this machine, not tried")
    tried = [install_and_use(version, python) for version, python in pythons.items() if python]
    return 0 if tried and all(tried) else 1


def interpreter(version: str) -> str | None:
    """Find the Python of that version: this one, one on the path, or one of pyenv's."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    named = shutil.which(f"python{version}")
    if named and subprocess.run([named, "-c", ""], capture_output=True, check=False).returncode == 0:
        return named
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
        return next((str(each) for each in sorted(Path(root).glob(f"versions/{version}.*/bin/python"))), None)
    return None


def install_and_use(version: str, python: str) -> bool:
    """Install the library beside a project's own `core` and `api`, and run `script.py` there."""
    with tempfile.TemporaryDirectory(prefix="gradlab-library-") as name:
        project = Path(name) / "project"
        (project / "core").mkdir(parents=True)
        (project / "core" / "__init__.py").write_text('OWNER = "the project"\n')
        (project / "api.py").write_text('OWNER = "the project"\n')
        shutil.copy(Path(__file__).with_name("script.py"), project)
        # A copy: building in the tree would leave files there.
        shutil.copytree(ROOT / "gradlab", Path(name) / "gradlab", ignore=shutil.ignore_patterns("__pycache__"))
        environment = Path(name) / "environment"
        subprocess.run([python, "-m", "venv", environment], check=True)
        pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", Path(name) / "gradlab"], check=True)
        listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True).stdout
        packages = [line for line in listed.split() if line.partition("==")[0] not in ("pip", "setuptools", "wheel")]
        script = [environment / "bin" / "python", "script.py", str(MAX_MODULES)]
        used = subprocess.run(script, cwd=project, capture_output=True, text=True, check=False)
        command = subprocess.run([environment / "bin" / "gradlab"], capture_output=True, text=True, check=False)
    print(f"Python {version}: {len(packages)} packages ({' '.join(packages)}); {(used.stdout + used.stderr).strip()}")
    if "extra `cli`" not in command.stderr:
        print(f"Python {version}: the command does not name the extra it needs: {command.stderr.strip()}")
        return False
    return used.returncode == 0 and len(packages) <= MAX_PACKAGES


if __name__ == "__main__":
    sys.exit(main())
