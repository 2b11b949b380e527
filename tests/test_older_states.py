"""What version 0.1 fitted and pickled predicts as it did."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from mofa_sklearn.baselines import EarlyStoppingClassifier, EarlyStoppingRegressor
from mofa_sklearn.estimators import RetrievalRegressor, RidgePathRegressor
from mofa_sklearn.persistence import dump, load
from mofa_sklearn.preprocessing import (
    BlockPCA,
    ModalityPreprocessor,
    RankGaussTransformer,
    RetrievalAugmenter,
)
from mofa_sklearn.preprocessing._neighbors import NeighborSearch

from .classes import make_classes, small_classifier
from .helpers import WIDTHS, make_data, small_mofa

#: class -> what its state had in version 0.1
STATES = {
    "BlendRegressor": """
        _intervals _report _target_shape cv estimators estimators_ feature_names_in_
        n_features_in_ n_jobs named_estimators_ oof_nmse_ oof_prediction_ oof_score_
        random_state validation verbose weights weights_
    """,
    "BlockPCA": """
        _sklearn_output_config impute log_narrow n_components n_components_ n_features_in_
        pca_ random_state standardize
    """,
    "EarlyStoppingClassifier": """
        _always _varies classes_ estimator estimators_ max_features multi_output
        n_features_in_ n_iter_ n_jobs random_state validation_fraction
    """,
    "EarlyStoppingRegressor": """
        _target_scale _varies estimator estimators_ max_features multi_output
        n_features_in_ n_iter_ n_jobs random_state validation_fraction
    """,
    "KFoldEnsembleClassifier": """
        checkpoint classes_ cv engine estimator estimators_ feature_names_in_ fold_scores_
        n_features_in_ n_jobs oof_prediction_ oof_score_ random_state thresholds_
        validation verbose
    """,
    "KFoldEnsembleRegressor": """
        _blend_names _blend_weights _held_out _residuals _target_names _target_shape
        checkpoint companions companions_ cv engine estimator estimators_
        feature_names_in_ fold_scores_ n_features_in_ n_jobs oof_nmse_ oof_prediction_
        oof_score_ random_state validation verbose
    """,
    "MoFAClassifier": """
        _packed_net _ranks alternate_modalities anneal_dropout average_epochs batch_size
        best_iteration_ callbacks class_weight classes_ device dropout early_stopping
        feature_names_in_ fusion hidden_dim history_ label_smoothing learning_rate loss
        max_epochs modalities modalities_ modality_dropout n_features_in_ n_iter_
        n_iter_no_change ordinal precision random_state residual_features schedule
        thresholds_ tune_thresholds validation_fraction verbose warm_start weight_decay
    """,
    "MoFARegressor": """
        _packed_net _quantile_levels _target_scale alternate_modalities anneal_dropout
        average_epochs batch_size best_iteration_ callbacks device dropout early_stopping
        feature_names_in_ fusion hidden_dim history_ learning_rate loss max_epochs
        modalities modalities_ modality_dropout n_features_in_ n_iter_ n_iter_no_change
        precision random_state residual_features schedule standardize_target target_weight
        validation_fraction verbose warm_start weight_decay
    """,
    "ModalityPreprocessor": """
        _sklearn_output_config default feature_names_in_ modalities modalities_
        n_features_in_ transformers transformers_
    """,
    "RankGaussTransformer": """
        _sklearn_output_config copy n_features_in_ n_jobs n_quantiles n_quantiles_
        quantiles_ random_state references_ subsample
    """,
    "RetrievalAugmenter": """
        _sklearn_output_config algorithm cv feature_names_in_ include_distances joint
        memories_ metric modalities modalities_ n_features_in_ n_jobs n_neighbors
        passthrough random_state target_names_ targets_ temperature
    """,
    "RetrievalRegressor": """
        _directions _mean _scale _widths augmenter_ feature_names_in_ max_samples
        modalities modalities_ n_components n_features_in_ n_neighbors random_state ridge_
        standardize temperature
    """,
    "RidgePathRegressor": """
        alpha_ alphas coef_ column_mean_ feature_names_in_ intercept_ max_iter modalities
        n_components n_features_in_ n_iter_ random_state standardize tol
        validation_fraction
    """,
}


def network():
    return small_mofa().fit(*make_data())


def network_of_classes():
    return small_classifier().fit(*make_classes("multiclass"))


def ensemble():
    return KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(*make_data())


def ensemble_of_classes():
    model = KFoldEnsembleClassifier(LogisticRegression(C=0.01), cv=3, random_state=0)
    return model.fit(*make_classes("multiclass"))


def ensemble_of_labels():
    model = KFoldEnsembleClassifier(small_classifier(), cv=3, random_state=0)
    return model.fit(*make_classes("multilabel"))


def preprocessor():
    return ModalityPreprocessor(StandardScaler(), modalities=WIDTHS).fit(*make_data())


def rank_gauss():
    return RankGaussTransformer(20).fit(*make_data())


def block_pca():
    return BlockPCA(2).fit(*make_data())


def augmenter():
    return RetrievalAugmenter(WIDTHS, n_neighbors=3, random_state=0).fit(*make_data())


def neighbours():
    return RetrievalRegressor(WIDTHS, n_neighbors=3, random_state=0).fit(*make_data())


def ridge():
    return RidgePathRegressor(random_state=0).fit(*make_data())


def blend():
    parts = [("weak", Ridge()), ("strong", Ridge(100.0))]
    return BlendRegressor(parts, cv=3, random_state=0).fit(*make_data())


def boosting():
    trees = HistGradientBoostingRegressor(max_iter=5, early_stopping=True)
    return EarlyStoppingRegressor(trees, random_state=0).fit(*make_data())


def boosting_of_classes():
    trees = HistGradientBoostingClassifier(max_iter=5, early_stopping=True)
    return EarlyStoppingClassifier(trees, random_state=0).fit(*make_classes("multiclass"))


OF_CLASSES = [network_of_classes, ensemble_of_classes, ensemble_of_labels, boosting_of_classes]
MAKERS = [
    network,
    ensemble,
    preprocessor,
    rank_gauss,
    block_pca,
    augmenter,
    neighbours,
    ridge,
    blend,
    boosting,
    *OF_CLASSES,
]


def as_of_0_1(model):
    """Return a model whose state lacks what is newer, read from a pickle."""
    known, old = STATES[type(model).__name__].split(), object.__new__(type(model))
    old.__setstate__({k: v for k, v in model.__getstate__().items() if k in known})
    return pickle.loads(pickle.dumps(old))


def answers(model, X):
    methods = ("predict", "predict_proba", "transform")
    return [np.asarray(getattr(model, name)(X)) for name in methods if hasattr(model, name)]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_answers_as_it_did(make):
    model = make()
    X, _ = make_classes("multiclass") if make in OF_CLASSES else make_data()
    for old, new in zip(answers(as_of_0_1(model), X), answers(model, X), strict=True):
        assert_array_equal(old, new)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_is_shown_cloned_and_stored(make, tmp_path):
    model, old = make(), as_of_0_1(make())
    assert repr(old) == repr(model) == repr(clone(old))
    dump(old, tmp_path / "old.mofa")
    assert type(load(tmp_path / "old.mofa")) is type(model)


def test_columns_keep_their_names():
    model = preprocessor()
    assert_array_equal(as_of_0_1(model).get_feature_names_out(), model.get_feature_names_out())


def test_neighbours_are_found_as_they_were():
    X, _ = make_data(60)
    X[10:30] = X[:20]  # groups of rows that are the same
    search = NeighborSearch(X)
    old = object.__new__(NeighborSearch)
    old.__setstate__(
        {
            "order": search.order,
            "counts": np.diff(search.starts),
            "index": search.index,
        }
    )
    for found, expected in zip(old.nearest(X, 5), search.nearest(X, 5), strict=True):
        assert_array_equal(found, expected)


def test_sets_of_classes_need_another_fit():
    X, _ = make_classes("multiclass")
    with pytest.raises(ValueError, match=r"fitted by mofa_sklearn 0\.1.*fit it again"):
        as_of_0_1(ensemble_of_classes()).predict_set(X)


def test_what_is_not_fitted_stays_so():
    old = as_of_0_1(KFoldEnsembleClassifier(LogisticRegression()))
    assert vars(old) == vars(KFoldEnsembleClassifier(old.estimator))
