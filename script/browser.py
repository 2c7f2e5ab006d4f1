"""The browser for tests: npm's @sparticuz/chromium, unpacked into var/browser.

That package carries a headless Chromium, the shared libraries that a bare system lacks and one
font; its own unpacking goes to a shared temporary folder and may find a stale one there.
"""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.sax.saxutils import escape

from script import installation
from script.terminal import ScriptError

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"

# Reads a file named by its argument and writes what brotli makes of it: Python has no brotli.
DECOMPRESS = (
    'const fs = require("fs");'
    "fs.createReadStream(process.argv[1])"
    '.pipe(require("zlib").createBrotliDecompress())'
    ".pipe(process.stdout);"
)
# Ours, not the package's: those switch web security off.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # there is none as root, nor in most containers; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
)


def unpack_browser() -> Path:
    """Return the folder with the unpacked browser, unpacking it where that was not done."""
    try:
        version = str(json.loads((PACKAGE / "package.json").read_text())["version"])
    except FileNotFoundError as error:
        raise ScriptError("the browser is not installed: script/test installs it") from error
    folder = ROOT / "var" / "browser" / version
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{version}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    (npm, environment), binaries = installation.find_npm(), PACKAGE / "bin"
    node = npm[0] if len(npm) == 2 else "node"
    for source in sorted(binaries.glob("*.br")):
        if source.name.startswith("swiftshader"):
            continue  # three dimensions in software: no page of ours needs them
        target = unfinished / source.stem
        with target.open("wb") as file:
            subprocess.run(
                [node, "-e", DECOMPRESS, str(source)], stdout=file, env=environment, check=True
            )
        if target.suffix == ".tar":
            with tarfile.open(target) as archive:
                # Python 3.11.4 is the first that knows filters; the lock pins what is in here.
                archive.extraction_filter = getattr(tarfile, "data_filter", None)
                archive.extractall(unfinished / source.name.split(".")[0])  # noqa: S202
            target.unlink()
    (unfinished / "chromium").chmod(0o755)
    _write_font_settings(unfinished, folder)
    try:
        unfinished.rename(folder)
    except OSError:  # another run was quicker
        shutil.rmtree(unfinished)
    return folder


def browser_environment(folder: Path) -> dict[str, str]:
    """Return the variables that the browser in ``folder`` is to be started with."""
    given = [os.environ["LD_LIBRARY_PATH"]] if os.environ.get("LD_LIBRARY_PATH") else []
    return {
        **os.environ,
        # Last, so that a system's own libraries win where it has them.
        "LD_LIBRARY_PATH": os.pathsep.join([*given, str(folder / "al2023" / "lib")]),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }


def _write_font_settings(folder: Path, final: Path) -> None:
    # One font for everything, whatever the machine has, so that screenshots are alike; its letters
    # include Cyrillic.
    (folder / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n'
        "<fontconfig>\n"
        f"  <dir>{escape(str(final / 'fonts' / 'fonts'))}</dir>\n"
        f"  <cachedir>{escape(str(final / 'font-cache'))}</cachedir>\n"
        "  <config></config>\n"
        "</fontconfig>\n"
    )
