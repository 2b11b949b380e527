"""Which versions wrote a file, and whether they are those that read it."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib.metadata import version

from .. import _version
from ._errors import PersistenceError

#: Raised when an older version could not read a file any more.
FORMAT_VERSION = 2

_PACKAGES = ("scikit-learn", "numpy", "scipy", "torch", "skorch")


def write_manifest() -> bytes:
    """Return what a file says about its format and the versions that wrote it."""
    manifest = {"format": FORMAT_VERSION, "versions": _versions()}
    return json.dumps(manifest, indent=1).encode()


def read_manifest(content: bytes) -> dict[str, str]:
    """Return the versions that wrote a file.

    Parameters
    ----------
    content : bytes
        The manifest.

    Returns
    -------
    dict of str to str
        Package, or "python", and its version.

    Raises
    ------
    PersistenceError
        If it is no manifest, or that of a newer format.
    """
    try:
        manifest = json.loads(content)
        number, versions = int(manifest["format"]), dict(manifest["versions"])
    except Exception as error:
        raise PersistenceError("its manifest cannot be read: it is damaged") from error
    if number > FORMAT_VERSION:
        raise PersistenceError(
            f"its format is {number}, and this mofa_sklearn {_version.__version__} reads formats "
            f"up to {FORMAT_VERSION}: install mofa_sklearn "
            f"{versions.get('mofa_sklearn', 'of that time')} or newer"
        )
    return versions


def differences(written: dict[str, str]) -> str:
    """Tell which versions are not those of now.

    Parameters
    ----------
    written : dict of str to str
        The versions that wrote a file.

    Returns
    -------
    str
        Empty if there is no difference. Builds of one version ("+cpu", "+cu128") are
        the same, and so are Pythons that differ in the third number.
    """
    now = _versions()
    changed = [
        f"{name} {written.get(name, 'unknown')} (now {now[name]})"
        for name in now
        if _comparable(name, str(written.get(name))) != _comparable(name, now[name])
    ]
    return ", ".join(changed)


@cache
def _versions() -> dict[str, str]:
    versions = {"mofa_sklearn": _version.__version__, "python": platform.python_version()}
    return {**versions, **{name: version(name) for name in _PACKAGES}}


def _comparable(name: str, number: str) -> str:
    release = number.partition("+")[0]
    return ".".join(release.split(".")[:2]) if name == "python" else release
