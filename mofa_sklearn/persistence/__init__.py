"""Store fitted estimators in files that cannot run code.

A file holds plain arrays, numbers, strings and the names of types, in the format of
skops_. There is no pickle in it, not even for the networks. Only types that are trusted
are made from it, so a file that was tampered with is refused before anything of it runs.

.. _skops: https://skops.readthedocs.io
"""

from ._dump import dump
from ._errors import PersistenceError, VersionWarning
from ._load import get_untrusted_types, load

__all__ = ["PersistenceError", "VersionWarning", "dump", "get_untrusted_types", "load"]
