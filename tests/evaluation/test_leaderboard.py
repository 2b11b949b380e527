"""Means over the folds, ranked."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mofa_sklearn.evaluation import leaderboard

from .tables import table


def test_means_and_deviations_over_the_folds():
    ranking = leaderboard(table({"a": [0.5, 0.7], "b": [0.2, 0.3]}))
    assert ranking.index.tolist() == ["b", "a"]
    assert_allclose(ranking["nmse"], [0.25, 0.6])
    assert_allclose(ranking["std"], np.std([[0.2, 0.3], [0.5, 0.7]], axis=1, ddof=1))
    assert ranking["n_folds"].tolist() == [2, 2]
    assert ranking["error"].isna().all()


def test_scores_are_ranked_from_above_and_errors_from_below():
    values = {"a": [0.5, 0.7], "b": [0.2, 0.3]}
    assert leaderboard(table(values, metric="test_score")).index.tolist() == ["a", "b"]
    assert leaderboard(table(values, metric="nmse")).index.tolist() == ["b", "a"]


def test_any_metric_can_be_ranked_by():
    scores = table({"a": [0.5, 0.7], "b": [0.2, 0.3]}).assign(test_r2=[0.1, 0.1, 0.9, 0.9])
    assert leaderboard(scores, metric="test_r2").columns[:3].tolist() == ["test_r2", "std", "nmse"]
    with pytest.raises(ValueError, match=r"must be one of \['nmse', 'test_r2'\], got 'r2'"):
        leaderboard(scores, metric="r2")


def test_what_lacks_a_fold_comes_after_what_is_complete():
    scores = table({"worst": [0.9, 0.9], "partial": [0.1, None], "failed": [None, None]})
    ranking = leaderboard(scores)
    assert ranking.index.tolist() == ["worst", "partial", "failed"]
    assert ranking["n_folds"].tolist() == [2, 1, 0]
    assert ranking["error"].tolist()[1:] == ["ValueError: fold 1", "ValueError: fold 0"]


def test_comparisons_can_be_put_together():
    both = pd.concat([table({"a": [0.5, 0.7]}), table({"b": [0.2, 0.3]})])
    assert leaderboard(both).index.tolist() == ["b", "a"]


@pytest.mark.parametrize("missing", ["fold", "fit_seconds", "error"])
def test_missing_columns_are_named(missing):
    with pytest.raises(ValueError, match=rf"columns are missing: \['{missing}'\]"):
        leaderboard(table({"a": [0.5]}).drop(columns=missing))


def test_a_table_without_a_metric_is_refused():
    with pytest.raises(ValueError, match="no column of a metric"):
        leaderboard(table({"a": [0.5]}).drop(columns="nmse"))
