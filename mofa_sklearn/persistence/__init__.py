"""Store fitted estimators in files that cannot run code.

A file is a zip of plain ``.npy`` arrays and a JSON tree of numbers, strings and the names of
types. There is no pickle in it, not even for the networks. All of it is checked against a
list before anything is made: which classes, with which attributes, of which kinds, and which
functions may stand where.
"""

from ._dump import dump
from ._errors import PersistenceError, VersionWarning
from ._load import get_untrusted_types, load
from ._names import SKOPS_TRUSTED_TYPES

__all__ = [
    "SKOPS_TRUSTED_TYPES",
    "PersistenceError",
    "VersionWarning",
    "dump",
    "get_untrusted_types",
    "load",
]
