"""KFoldEnsembleClassifier: members, their mean, and what they say of rows held out."""

import pickle
import warnings
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import KFoldEnsembleClassifier

from ..classes import KINDS, make_classes, small_classifier, small_classifier_of

every_kind = pytest.mark.parametrize("kind", KINDS)


def make_ensemble(kind="multiclass", **params):
    return KFoldEnsembleClassifier(
        small_classifier_of(kind), **{"cv": 3, "random_state": 0, **params}
    )


@cache
def fitted(kind, engine="stacked"):
    """Return a fitted ensemble, which several tests look at."""
    return make_ensemble(kind, engine=engine).fit(*make_classes(kind))


# The mean of the members


@every_kind
@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_probabilities_are_the_mean_of_the_members(kind, engine):
    X, y = make_classes(kind)
    ensemble = fitted(kind, engine)
    members = [member.predict_proba(X) for member in ensemble.estimators_]
    assert_allclose(ensemble.predict_proba(X), np.mean(members, axis=0), rtol=1e-6)
    assert ensemble.predict(X).shape == y.shape
    assert ensemble.predict(X).dtype == y.dtype


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal"])
def test_the_most_probable_class_is_predicted(kind):
    X, y = make_classes(kind)
    ensemble = fitted(kind)
    probabilities = ensemble.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_array_equal(ensemble.classes_, np.unique(y))
    assert_array_equal(ensemble.predict(X), ensemble.classes_[probabilities.argmax(axis=1)])


@every_kind
def test_out_of_fold_probabilities_are_those_of_the_member_that_did_not_see_the_row(kind):
    X, y = make_classes(kind)
    splits = list(KFold(3).split(X))[:2]
    ensemble = make_ensemble(kind, cv=splits).fit(X, y)
    for (_, test), member in zip(splits, ensemble.estimators_, strict=True):
        expected = member.predict_proba(X[test])
        assert_allclose(ensemble.oof_prediction_[test], expected, rtol=1e-6)
    assert np.isnan(ensemble.oof_prediction_[160:]).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_accuracies_out_of_fold(weighted):
    X, y = make_classes("multiclass")
    weight = np.random.default_rng(0).uniform(size=len(y)) if weighted else None
    splits = list(StratifiedKFold(3).split(X, y))
    ensemble = KFoldEnsembleClassifier(GaussianNB(), cv=splits).fit(X, y, weight)

    def accuracy(rows):
        chosen = ensemble.classes_[ensemble.oof_prediction_[rows].argmax(axis=1)]
        own = None if weight is None else weight[rows]
        return accuracy_score(y[rows], chosen, sample_weight=own)

    assert ensemble.oof_score_ == pytest.approx(accuracy(np.arange(len(y))))
    assert_allclose(ensemble.fold_scores_, [accuracy(test) for _, test in splits])


def test_an_ensemble_is_better_than_chance_on_rows_it_has_not_seen():
    X, y = make_classes("multiclass", 600)
    member = small_classifier(max_epochs=20, schedule="cosine")
    ensemble = KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X[:450], y[:450])
    assert ensemble.oof_score_ > 0.45
    assert ensemble.score(X[450:], y[450:]) > 0.45


# Labels


def test_thresholds_of_labels_are_tuned_out_of_fold_where_members_tune_theirs():
    X, y = make_classes("multilabel")
    tuned = make_ensemble().fit(X, y)
    member = small_classifier(tune_thresholds=False)
    fixed = KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X, y)
    assert_array_equal(fixed.thresholds_, 0.5)
    assert_allclose(fixed.oof_prediction_, tuned.oof_prediction_)
    for ensemble in (tuned, fixed):
        chosen = ensemble.oof_prediction_ > ensemble.thresholds_
        assert ensemble.oof_score_ == f1_score(y, chosen, average="macro")
        above = ensemble.predict_proba(X) > ensemble.thresholds_
        assert_array_equal(ensemble.predict(X), above)
    assert tuned.oof_score_ > fixed.oof_score_


@pytest.mark.parametrize("member", [RandomForestClassifier(5), KNeighborsClassifier()])
def test_members_that_list_the_probabilities_of_each_label_are_taken(member):
    X, y = make_classes("multilabel")
    y[:, 2] = 0  # scikit-learn's trees then know one class of it
    ensemble = KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X, y)
    probabilities = ensemble.predict_proba(X)
    assert_array_equal(probabilities[:, 2], 0)
    own = [each.predict_proba(X)[0][:, 1] for each in ensemble.estimators_]
    assert_allclose(probabilities[:, 0], np.mean(own, axis=0))


# Splits


def test_an_int_of_folds_keeps_the_share_of_every_class():
    X, y = make_classes("binary", 200)
    y[:] = "a"
    y[::10] = "b"
    ensemble = KFoldEnsembleClassifier(RecordsRows(), cv=5, random_state=0).fit(X, y)
    for member in ensemble.estimators_:
        assert (member.y_seen_ == "b").sum() == 16


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_groups_are_held_out_together(kind):
    X, y = make_classes(kind)
    groups = np.arange(len(y)) // 4
    ensemble = KFoldEnsembleClassifier(RecordsRows(), cv=3, random_state=0)
    X[:, 0] = groups
    ensemble.fit(X, y, groups=groups)
    for member in ensemble.estimators_:
        _, counts = np.unique(member.X_seen_[:, 0], return_counts=True)
        assert set(counts) == {4}
        assert len(counts) < 60


class RecordsRows(KNeighborsClassifier):
    """Remembers the rows that it was fitted on."""

    def fit(self, X, y):
        self.X_seen_, self.y_seen_ = X, y
        return super().fit(X, y)


# Folds that lack a class


def make_rare(kind):
    """Make classes of which the highest has rows in the first fold of two only."""
    X, y = make_classes(kind, 120)
    rare = np.unique(y)[-1]
    y[60:][y[60:] == rare] = np.unique(y)[0]
    return X, y


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
@pytest.mark.parametrize("validation", ["fold", "inner"])
def test_a_member_gives_no_probability_to_a_class_that_its_fold_lacks(kind, engine, validation):
    X, y = make_rare(kind)
    ensemble = make_ensemble(kind, cv=KFold(2), engine=engine, validation=validation).fit(X, y)
    assert [len(member.classes_) for member in ensemble.estimators_] == [3, 4]
    assert_array_equal(ensemble.oof_prediction_[:60, 3], 0)
    assert (ensemble.oof_prediction_[60:, 3] > 0).all()
    assert_allclose(ensemble.predict_proba(X).sum(axis=1), 1)
    own = ensemble.estimators_[1].predict_proba(X)[:, 3]
    assert_allclose(ensemble.predict_proba(X)[:, 3], own / 2, rtol=1e-6)


def test_a_fold_of_one_class_is_no_error():
    X, y = make_classes("binary", 60)
    y = np.repeat(["a", "b"], 30)
    ensemble = make_ensemble("binary", cv=KFold(2)).fit(X, y)
    assert_array_equal(ensemble.oof_prediction_[:30], [[0, 1]] * 30)
    assert ensemble.oof_score_ == 0


# Other members


@pytest.mark.parametrize(
    "member",
    [
        HistGradientBoostingClassifier(max_iter=5, early_stopping=True),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), small_classifier()),
    ],
    ids=["boosting", "pipeline", "network-pipeline"],
)
@pytest.mark.parametrize("lacks_a_class", [False, True])
def test_any_classifier_may_be_a_member(member, lacks_a_class):
    X, y = make_rare("multiclass") if lacks_a_class else make_classes("multiclass", 120)
    ensemble = KFoldEnsembleClassifier(member, cv=KFold(2), random_state=0).fit(X, y)
    full = ensemble.estimators_[1].predict_proba(X)
    other = ensemble.estimators_[0].predict_proba(X)
    if lacks_a_class:
        other = np.pad(other, ((0, 0), (0, 1)))
    assert_allclose(ensemble.predict_proba(X), (full + other) / 2, rtol=1e-6)


def test_xgboost_stops_early_on_the_rows_held_out():
    xgboost = pytest.importorskip("xgboost")
    X, y = make_classes("ordinal")
    member = xgboost.XGBClassifier(n_estimators=200, early_stopping_rounds=3, n_jobs=1)
    ensemble = KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X, y)
    assert max(each.best_iteration for each in ensemble.estimators_) < 190
    assert ensemble.oof_prediction_.shape == (len(y), 4)


def test_the_default_member_is_a_network():
    ensemble = KFoldEnsembleClassifier()
    assert type(ensemble._member_template()).__name__ == "MoFAClassifier"


def test_members_without_probabilities_are_refused():
    X, y = make_classes("binary")
    with pytest.raises(InvalidParameterError, match=r"'fit', 'predict' and 'predict_proba'"):
        KFoldEnsembleClassifier(LinearSVC()).fit(X, y)


# Engines, randomness, missing modalities, files


@every_kind
def test_engines_agree_without_dropout(kind):
    X, _ = make_classes(kind)
    alone, together = fitted(kind, "joblib"), fitted(kind, "stacked")
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, rtol=1e-3, atol=1e-4)
    assert_allclose(together.predict_proba(X), alone.predict_proba(X), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_engines_agree_with_weights_of_classes(kind):
    X, y = make_classes(kind)
    member = small_classifier(class_weight="balanced")
    alone, together = (
        KFoldEnsembleClassifier(member, cv=3, engine=engine, random_state=0).fit(X, y)
        for engine in ("joblib", "stacked")
    )
    assert_allclose(together.predict_proba(X), alone.predict_proba(X), rtol=1e-3, atol=1e-4)


def test_only_labels_with_weights_are_not_stacked():
    X, y = make_classes("multilabel")
    assert small_classifier()._stacks(small_classifier(), X, y)
    weighted = small_classifier(class_weight="balanced")
    assert not weighted._stacks(weighted, X, y)
    assert weighted._stacks(weighted, X, y[:, 0])


def test_the_result_does_not_depend_on_n_jobs():
    X, y = make_classes("multiclass")
    one, two = (make_ensemble(n_jobs=n_jobs, engine="joblib").fit(X, y) for n_jobs in (1, 2))
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))


@every_kind
def test_missing_modalities_leave_other_rows_alone(kind):
    X, y = make_classes(kind)
    X[::3, :4] = np.nan
    ensemble = make_ensemble(kind).fit(X, y)
    before = ensemble.predict_proba(X)
    X[1, 4:7] = np.nan
    after = ensemble.predict_proba(X)
    others = np.arange(len(X)) != 1
    assert np.isfinite(after).all()
    assert_allclose(after[others], before[others], rtol=1e-5, atol=1e-6)


@every_kind
def test_a_pickle_predicts_the_same(kind):
    X, _ = make_classes(kind)
    ensemble = fitted(kind)
    again = pickle.loads(pickle.dumps(ensemble))
    assert_array_equal(again.predict_proba(X), ensemble.predict_proba(X))
    assert_array_equal(again.predict(X), ensemble.predict(X))


def test_a_fit_goes_on_from_its_checkpoint(tmp_path):
    X, y = make_classes("multiclass")
    expected = make_ensemble(engine="joblib").fit(X, y)
    ensemble = make_ensemble(checkpoint=tmp_path).fit(X, y)
    next(tmp_path.glob("*1*")).unlink()
    again = make_ensemble(checkpoint=tmp_path).fit(X, y)
    for each in (ensemble, again):
        assert_array_equal(each.oof_prediction_, expected.oof_prediction_)


def test_there_are_no_warnings():
    X, y = make_classes("multilabel")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_ensemble().fit(X, y).predict(X)


# What it refuses


def test_several_columns_of_classes_are_refused():
    X, y = make_classes("multilabel")
    with pytest.raises(ValueError, match="must be an indicator of labels, zeros and ones"):
        make_ensemble().fit(X, y + 1)


def test_numbers_that_are_no_classes_are_refused():
    X, _ = make_classes("binary")
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        make_ensemble().fit(X, X[:, 0])


def test_members_that_cannot_be_stacked_are_told():
    X, y = make_classes("binary")
    with pytest.raises(ValueError, match=r"engine='stacked' trains .* got GaussianNB"):
        KFoldEnsembleClassifier(GaussianNB(), cv=3, engine="stacked").fit(X, y)
