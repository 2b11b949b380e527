"""Print a comparison."""

from __future__ import annotations

import pandas as pd

from ._columns import ERROR, SECONDS, check_metric, greater_is_better
from ._leaderboard import leaderboard
from ._paired_tests import paired_tests

_WIDEST_ERROR = 100  # characters
_TEST_COLUMNS = ["difference", "lower", "upper", "p_value", "p_value_holm"]


def print_report(scores: pd.DataFrame, reference: str | None = None) -> None:
    """Print the leaderboard, what failed, and the paired tests."""
    metric = check_metric(scores, None)
    ranking = leaderboard(scores)
    n_folds = scores["fold"].nunique()
    better = "higher" if greater_is_better(metric) else "lower"
    print(f"\nMean over {n_folds} fold(s); {metric}: {better} is better")
    print(_leaderboard_text(ranking, n_folds))
    _print_errors(scores)
    if reference is None:
        reference = str(ranking.index[0])
    tested = (ranking["n_folds"] >= 2) & (ranking.index != reference)
    if tested.any() and ranking.loc[reference, "n_folds"] >= 2:
        tests = paired_tests(scores, reference)
        print(f"\n{metric} less that of {reference!r}, corrected paired t-tests, 95 % intervals")
        print(_text(tests.loc[ranking.index[tested], _TEST_COLUMNS]))


def _leaderboard_text(ranking: pd.DataFrame, n_folds: int) -> str:
    complete = ranking["n_folds"].eq(n_folds).all()
    return _text(ranking.drop(columns=[ERROR, *(["n_folds"] if complete else [])]))


def _text(table: pd.DataFrame) -> str:
    formats = {
        name: "{:.2f}".format if name in SECONDS else "{:.4f}".format
        for name in table.columns
        if table[name].dtype.kind == "f"
    }
    return table.rename_axis(None).to_string(formatters=formats, na_rep="-")


def _print_errors(scores: pd.DataFrame) -> None:
    for name, errors in scores.groupby("estimator", sort=False)[ERROR]:
        if errors.notna().any():
            text = " ".join(errors.dropna().iloc[0].split())
            if len(text) > _WIDEST_ERROR:
                text = f"{text[: _WIDEST_ERROR - 3]}..."
            print(f"{name} failed on {errors.notna().sum()} fold(s): {text}")
