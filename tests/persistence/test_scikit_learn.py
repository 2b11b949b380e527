"""What scikit-learn has on the list comes back without a name in `trusted`."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNetCV,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    Ridge,
    RidgeCV,
    SGDClassifier,
)
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    RepeatedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.utils.validation import has_fit_parameter

from mofa_sklearn.persistence import get_untrusted_types, load

from ..helpers import make_data
from ._files import write

FRAME = pd.DataFrame(make_data(40)[0]).add_prefix("column_").assign(word=["a", "b", "c", "a"] * 10)
COLUMNS = ColumnTransformer(
    [
        ("number", make_pipeline(SimpleImputer(), PCA(2)), make_column_selector("column_[0-5]$")),
        ("word", OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist"), ["word"]),
        ("code", OrdinalEncoder(), ["word"]),
        ("target", TargetEncoder(random_state=0), ["word"]),
        ("log", FunctionTransformer(np.arcsinh, feature_names_out="one-to-one"), ["column_6"]),
        ("none", "drop", ["column_7"]),
    ],
    remainder=RobustScaler(),
)
TRIED = {"C": [0.1, 1.0], "class_weight": [None, {0: 1, 1: 2}]}
STEPS = {
    "scaled": [StandardScaler(), "passthrough", PowerTransformer()],
    "estimator": [Ridge(), Lasso()],
    "memory": [None],
}
REGRESSORS = [
    *(RidgeCV(alphas=[0.1, 1.0]), ElasticNetCV(cv=2), BayesianRidge(), PoissonRegressor()),
    *(
        KernelRidge(kernel="rbf"),
        SVR(),
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=2),
        DummyRegressor(),
    ),
    *(KNeighborsRegressor(metric="manhattan"), KNeighborsRegressor(algorithm="ball_tree")),
    GaussianProcessRegressor(1.0 * RBF() + WhiteKernel()),
    HistGradientBoostingRegressor(max_iter=3, early_stopping=True, scoring="r2"),
    HistGradientBoostingRegressor(max_iter=3, loss="quantile", quantile=0.3),
    BaggingRegressor(Ridge(), 2),
    AdaBoostRegressor(Ridge(), n_estimators=2),
    VotingRegressor([("a", Ridge()), ("b", LinearRegression())]),
    StackingRegressor([("a", Ridge()), ("b", Lasso())], Ridge(), cv=2),
    TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square),
    TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=9)),
    GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, scoring=make_scorer(r2_score), cv=2),
    RandomizedSearchCV(
        Ridge(), {"alpha": loguniform(0.1, 10)}, n_iter=2, cv=RepeatedKFold(n_splits=2)
    ),
    make_pipeline(
        PolynomialFeatures(), SelectKBest(f_regression, k=5), Nystroem(n_components=5), Ridge()
    ),
    make_pipeline(
        FeatureUnion([("a", PCA(2)), ("b", KernelPCA(2))]), KBinsDiscretizer(3), Ridge()
    ),
    make_pipeline(KNNImputer(), Ridge()),
]
CLASSIFIERS = [
    *(LogisticRegression(), LogisticRegressionCV(Cs=2, cv=2), SGDClassifier(), LinearSVC()),
    *(SVC(), GaussianNB(), KNeighborsClassifier(), MLPClassifier((4,), max_iter=2)),
    *(LinearDiscriminantAnalysis(), DummyClassifier(strategy="prior")),
    HistGradientBoostingClassifier(max_iter=3),
    CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2),
    VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
    TunedThresholdClassifierCV(LogisticRegression(), cv=2),
    GridSearchCV(LogisticRegression(), TRIED, scoring=["accuracy", "f1"], refit="f1", cv=2),
]


def is_same(model, X, folder):
    path = write(model, folder)
    assert get_untrusted_types(path) == []
    loaded = load(path)
    assert_array_equal(loaded.predict(X), model.predict(X))
    return loaded


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: repr(model)[:40])
@pytest.mark.filterwarnings("ignore")
def test_an_estimator(model, tmp_path):
    X, y = make_data(40, None)
    y = (y > 0).astype(int) if is_classifier(model) else np.abs(y)
    is_same(model.fit(X, y), X, tmp_path)
    if has_fit_parameter(model, "sample_weight"):  # some keep more of a weighted fit
        is_same(model.fit(X, y, sample_weight=np.linspace(0.1, 1, 40)), X, tmp_path)


# Its seed is given in another way from scikit-learn 1.9 on.
@pytest.mark.filterwarnings("ignore:`TargetEncoder:FutureWarning")
def test_columns_of_a_frame(tmp_path):
    y = FRAME["column_0"].to_numpy()
    is_same(make_pipeline(COLUMNS, Ridge()).fit(FRAME, y), FRAME, tmp_path)


def test_words(tmp_path):
    words = ["the cat sat", "a dog ran", "the dog sat"] * 4
    vectorizer = TfidfVectorizer(stop_words="english", ngram_range=(1, 2))
    model = make_pipeline(vectorizer, TruncatedSVD(2, random_state=0), Ridge())
    is_same(model.fit(words, np.arange(12)), words, tmp_path)


def test_labels_of_several_kinds(tmp_path):
    X, y = make_data(40)
    is_same(MultiOutputRegressor(Ridge()).fit(X, y), X, tmp_path)
    is_same(ClassifierChain(LogisticRegression()).fit(X, (y > 0).astype(int)), X, tmp_path)
    is_same(LogisticRegression(class_weight={False: 1, True: 2}).fit(X, y[:, 0] > 0), X, tmp_path)


def test_a_search_among_steps(tmp_path):
    X, y = make_data(40, None)
    pipeline = make_pipeline(StandardScaler(), Ridge())
    pipeline.steps = [("scaled", pipeline[0]), ("estimator", pipeline[1])]
    search = GridSearchCV(pipeline, STEPS, cv=2).fit(X, y)
    assert repr(is_same(search, X, tmp_path).cv_results_) == repr(search.cv_results_)


def test_what_is_frozen_and_what_is_routed(tmp_path):
    X, y = make_data(40, None)
    is_same(FrozenEstimator(Ridge().fit(X, y)), X, tmp_path)
    with config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True)
        scorer = make_scorer(r2_score).set_score_request(sample_weight="weight")
        search = GridSearchCV(ridge, {"alpha": [1.0]}, scoring=scorer, cv=2).fit(X, y)
        loaded = is_same(search, X, tmp_path)
        assert str(loaded.estimator._metadata_request) == str(ridge._metadata_request)
        assert str(loaded.scoring._metadata_request) == str(scorer._metadata_request)
