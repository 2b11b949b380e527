"""Modules that are imported when they are first asked for something.

Every worker of a test run collects all tests, and few run those that need the largest libraries.
"""

import importlib


class Lazily:
    """Stands for a module, as in ``transformers = Lazily("transformers")``."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        if attribute.startswith("_"):  # which pytest asks everything for
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
