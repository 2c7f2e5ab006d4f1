"""Doing a step again only when what it is made from has changed."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def digest_files(paths: Iterable[Path], *words: str) -> str:
    """Return a digest of files' names and contents, of folders' files, and of some words.

    Files that do not exist count as such.
    """
    digest = hashlib.sha256("\0".join(words).encode())
    for path in sorted(_expand(paths)):
        digest.update(b"\0" + os.fsencode(path) + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()


def is_current(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


def write_stamp(stamp: Path, digest: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def _expand(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (inner for inner in path.rglob("*") if inner.is_file())
        else:
            yield path
