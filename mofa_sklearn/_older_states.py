"""Estimators that an older version fitted and pickled."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any


class ReadsOlderStates:
    """Mixin of estimators whose pickles of older versions are to predict as they did.

    Parameters that came later get their defaults, which are what the older version did, and
    fitted attributes what :meth:`_newer_attributes` says. Put it to the left of
    ``BaseEstimator``.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of a pickle, and add what it lacks."""
        super().__setstate__(state)  # type: ignore[misc]
        own = vars(self)
        for name, parameter in signature(type(self)).parameters.items():
            if parameter.default is not Parameter.empty:
                own.setdefault(name, parameter.default)
        if any(name.endswith("_") and not name.startswith("_") for name in own):
            for name, value in self._newer_attributes().items():
                own.setdefault(name, value)

    def _newer_attributes(self) -> dict[str, Any]:
        """Return fitted attributes that older versions did not have, and what they would be."""
        return {}
