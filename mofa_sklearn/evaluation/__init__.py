"""Comparisons: several estimators on the same folds, ranked and tested."""

from ._compare import compare
from ._leaderboard import leaderboard
from ._paired_tests import paired_tests

__all__ = ["compare", "leaderboard", "paired_tests"]
