"""skops, imported when it is needed."""

from __future__ import annotations

import re
from types import ModuleType

# Older ones let a file call functions of numpy.random that are not audited.
_OLDEST = (0, 16)


def skops_io() -> ModuleType:
    """Return ``skops.io``, or say how to get it."""
    wanted = "mofa_sklearn.persistence needs skops 0.16 or newer: pip install 'skops>=0.16'"
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(wanted) from error
    if tuple(map(int, re.findall(r"\d+", skops.__version__)[:2])) < _OLDEST:
        raise ImportError(f"{wanted} (this is {skops.__version__})")
    return skops.io
