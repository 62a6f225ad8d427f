"""The files that pages load: our own styles and scripts, and scripts that a Python package carries.

All of them have one address each, `/console/static/<version>/<name>`, in which the version is a hash of them all: a
browser may keep them for good, and a script's relative import finds the file of the same version.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "static"
PREFIX = "/console/static"

# Scripts in packages, by the name that pages load them under: the package and the file's place in it.
PACKAGED: Mapping[str, tuple[str, str]] = {"plotly.min.js": ("plotly", "package_data/plotly.min.js")}

_SUFFIXES = (".css", ".js", ".svg")


def asset(name: str) -> str:
    """The address of a file for a page. Raises KeyError for a name that no file has."""
    if name not in page_files():
        raise KeyError(f"No file {name!r} among the pages' files: {', '.join(page_files())}.")
    return f"{PREFIX}/{assets_version()}/{name}"


@cache
def assets_version() -> str:
    """What tells one set of files from another."""
    whole = hashlib.sha256()
    for name, path in page_files().items():
        # A packaged script changes with its package's version, and hashing megabytes at the start would cost time.
        whole.update(f"{name} {path.stat().st_size} ".encode())
        if name not in PACKAGED:
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


@cache
def page_files() -> Mapping[str, Path]:
    """Each file that pages load, by its name."""
    own = {path.name: path for path in sorted(FOLDER.iterdir()) if path.suffix in _SUFFIXES}
    return own | {name: _in_package(*where) for name, where in PACKAGED.items()}


def _in_package(package: str, inside: str) -> Path:
    # Found without importing the package, which may be large.
    module_spec = find_spec(package)
    assert module_spec is not None, f"the package {package} is not installed"
    assert module_spec.origin is not None
    return Path(module_spec.origin).parent / inside
