"""Texts of estimators that stay one screen."""

from __future__ import annotations

from .._sklearn_private import _EstimatorPrettyPrinter

_MAX_LINES = 45


class ShortRepr:
    """Mixin of estimators that hold others, whose ``repr`` is cut to one screen.

    scikit-learn cuts it by its characters alone. Deep inside, where there is little room
    in a line, long lists of columns then still go on for pages.
    """

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        lines = super().__repr__(N_CHAR_MAX).splitlines()  # type: ignore[call-arg]
        if len(lines) > _MAX_LINES:
            half = _MAX_LINES // 2
            lines = [*lines[:half], "...", *lines[-half:]]
        return "\n".join(lines)


# The printer lays out estimators inside others by their own `__repr__`, which it has to know.
_EstimatorPrettyPrinter._dispatch[ShortRepr.__repr__] = _EstimatorPrettyPrinter._pprint_estimator
