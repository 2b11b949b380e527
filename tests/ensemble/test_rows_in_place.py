"""Networks learn from rows of an array, or of a memory map, without a copy of them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor

from ..helpers import make_data, small_mofa


class Copying(MoFARegressor):
    """The same network, whose `fit` of its own makes ensembles hand over copies."""

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        return super().fit(
            X, y, sample_weight, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val
        )


def fit(kind, X, y, validation="fold", sample_weight=None, **params):
    member = kind(**{**small_mofa().get_params(), "max_epochs": 3, **params})
    ensemble = KFoldEnsembleRegressor(
        member, cv=3, validation=validation, engine="joblib", random_state=0
    )
    return ensemble.fit(X, y, sample_weight=sample_weight)


@pytest.mark.parametrize("validation", ["fold", "inner"])
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_members_are_those_of_copied_rows_bit_for_bit(validation, early_stopping, weighted):
    X, y = make_data(90)
    X = X.astype(np.float32)
    weight = np.random.default_rng(0).integers(0, 3, 90).astype(float) if weighted else None
    of_copies, in_place = (
        fit(kind, X, y, validation, weight, early_stopping=early_stopping)
        for kind in (Copying, MoFARegressor)
    )
    assert_array_equal(in_place.predict(X), of_copies.predict(X))
    assert_array_equal(in_place.oof_prediction_, of_copies.oof_prediction_)
    best = [[each.best_iteration_ for each in e.estimators_] for e in (in_place, of_copies)]
    assert best[0] == best[1]


def test_no_fold_of_an_array_is_copied(monkeypatch):
    X, y = make_data(90)
    X = X.astype(np.float32)
    seen = []
    check = MoFARegressor._check_training_rows

    def spy(self, X, *args, **kwargs):
        rows, blocks = check(self, X, *args, **kwargs)
        seen.append(rows.X)
        return rows, blocks

    monkeypatch.setattr(MoFARegressor, "_check_training_rows", spy)
    fit(MoFARegressor, X, y)
    assert len(seen) == 3
    assert all(np.shares_memory(rows, X) for rows in seen)


def test_a_memory_map_gives_what_an_array_gives(tmp_path):
    X, y = make_data(90)
    X = X.astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    in_memory, from_file = (fit(MoFARegressor, each, y) for each in (X, mapped))
    assert_array_equal(from_file.predict(mapped), in_memory.predict(X))


def test_a_fold_without_weight_is_refused():
    X, y = make_data(90)
    weight = np.zeros(90)
    weight[5] = 1.0
    with pytest.raises(ValueError, match="sample_weight is zero for every row"):
        fit(MoFARegressor, X.astype(np.float32), y, sample_weight=weight)


def test_splits_may_be_views_in_reverse_order():
    X, y = make_data(90)
    splits = [(np.arange(60)[::-1], np.arange(60, 90)[::-1])]
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=splits, engine="joblib").fit(X, y)
    assert np.isfinite(ensemble.oof_prediction_[60:]).all()
