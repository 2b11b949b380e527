"""make_mofa_pipeline on tables as people have them."""

import re
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.utils import estimator_html_repr

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.inspection import modality_importance
from mofa_sklearn.pipeline._preprocessing import make_preprocessor
from mofa_sklearn.preprocessing import VectorColumns
from mofa_sklearn.recipes import get_recipe, list_recipes

from ..helpers import run_in_fresh_process
from ..tables import CONTAINERS, MODALITIES, N_ROWS, in_container, make_table

FRAME, Y = make_table()
WIDTHS = {"image": 5, "text": 4}
NETWORK = {"hidden_dim": 8, "max_epochs": 2, "random_state": 0}


def small(modalities=MODALITIES, *, estimator=None, ensemble=True, **params):
    """Make a pipeline that is fitted in a moment."""
    return make_mofa_pipeline(
        modalities,
        estimator=MoFARegressor(**NETWORK) if estimator is None else estimator,
        ensemble=ensemble,
        random_state=0,
        **({"cv": 2} if ensemble else {}),
        **params,
    )


@pytest.fixture(scope="session")
def fitted():
    return small().fit(FRAME, Y)


# All kinds of columns


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_container_makes_no_difference(container, fitted):
    table = in_container(FRAME, container)
    model = small().fit(table, Y)
    expected = fitted.predict(FRAME)
    assert_allclose(model.predict(table), expected, rtol=1e-4, atol=1e-5)
    widths = {name: len(block) for name, block in model[-1].estimators_[0].modalities_.items()}
    assert widths["title"] == 6
    assert widths["meta"] > 8


@pytest.mark.parametrize("container", CONTAINERS)
def test_scores_and_searches_take_every_container(container):
    table = in_container(FRAME, container)
    model = small(estimator=Ridge(), ensemble=False)
    grid = {"preprocess__default__scale__with_std": [True, False]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(table, Y)
    scores = [search.cv_results_[f"split{fold}_test_score"] for fold in (0, 1)]
    assert np.isfinite(scores).all()
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_the_signal_of_vectors_and_numbers_is_found():
    frame, y = make_table(300)
    model = small(estimator=Ridge(), ensemble=False).fit(frame[:200], y[:200])
    assert model.score(frame[200:], y[200:]) > 0.8


@pytest.mark.parametrize("container", CONTAINERS)
def test_no_new_row_stops_a_prediction(container):
    model = small().fit(in_container(FRAME, container), Y)
    new = FRAME.iloc[:4].copy()
    new["topic"] = pd.Categorical(["never", "seen", None, "a"])
    new["language"] = ["xx", None, "", "fr"]
    new["words"] = ["", None, "?", "cats"]
    new.loc[1, ["followers"]] = np.nan
    new["posted"] = [pd.NaT, *new["posted"][1:]]
    assert np.isfinite(model.predict(in_container(new, container))).all()
    rows = {name: [None] for name in FRAME.columns}
    lacking = [
        {**rows, "likes": [3]},
        {**rows, "vector": [[0.5] * 6]},
    ]
    for row in lacking:
        if container == "pandas":
            table = pd.DataFrame(row)
        else:
            table = pl.DataFrame(row) if container == "polars" else pl.DataFrame(row).to_arrow()
        assert np.isfinite(model.predict(table)).all()


def test_a_missing_modality_is_masked_whatever_its_kind(fitted):
    frame = FRAME.copy()
    frame.at[0, "vector"] = None
    others = [name for name in frame.columns if name != "vector"]
    frame = frame.astype(dict.fromkeys(others, object))
    frame.loc[1, others] = None
    attention = fitted[-1].estimators_[0].modality_attention(fitted[:-1].transform(frame))
    assert_array_equal(np.flatnonzero(attention["title"] == 0), [0])
    assert_array_equal(np.flatnonzero(attention["meta"] == 0), [1])


def test_a_table_s_columns_are_found_by_their_names_and_kinds():
    frame = pd.DataFrame(
        {"clip": FRAME["vector"], "meta_0": FRAME["language"], "meta_1": FRAME["likes"]}
    )
    model = small(None).fit(frame, Y)
    assert list(model[-1].estimators_[0].modalities_) == ["clip", "meta"]


@pytest.mark.parametrize("recipe", list_recipes().index)
def test_every_recipe_opens_tables(recipe):
    steps = get_recipe(recipe)
    preprocess = make_preprocessor(steps.steps, steps.named_steps, MODALITIES, None)
    transformed = preprocess.fit_transform(FRAME)
    assert transformed.isna().to_numpy().any() == (not steps.steps)
    assert transformed.columns.str.startswith(("title__", "meta__")).all()


@pytest.mark.processes
def test_a_pickle_predicts_the_same_in_another_process(tmp_path, fitted):
    joblib.dump((fitted, FRAME), tmp_path / "model.joblib")
    run_in_fresh_process(
        """
        import sys, joblib, numpy as np
        model, frame = joblib.load(sys.argv[1] + "/model.joblib")
        np.save(sys.argv[1] + "/prediction.npy", model.predict(frame))
        """,
        tmp_path,
    )
    assert_array_equal(np.load(tmp_path / "prediction.npy"), fitted.predict(FRAME))


def test_the_picture_in_a_notebook_shows_the_steps(fitted):
    for model in (small(), fitted):
        assert {"FloatColumns", "GapFiller"} <= set(re.findall(r"\w+", estimator_html_repr(model)))


def test_the_whole_pipeline_can_be_a_member_on_tables():
    member = small(estimator=Ridge(), ensemble=False)
    ensemble = KFoldEnsembleRegressor(member, cv=2).fit(FRAME, Y)
    assert np.isfinite(ensemble.oof_prediction_).all()


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_importance_of_modalities_takes_tables(container, fitted):
    table = in_container(FRAME, container)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted if container == "pandas" else small().fit(table, Y)
        importance = modality_importance(model, table, Y, n_repeats=2, random_state=0)
    assert np.isfinite(importance.importances_mean).all()


def test_a_vectorizer_of_words_can_be_an_encoder():
    encoder = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    steps = get_recipe("default").steps
    modalities = {"words": ["words"], "meta": "rest"}
    preprocess = make_preprocessor(steps, {}, modalities, None, encoders={"words": encoder})
    transformed = preprocess.fit_transform(FRAME)
    fitted = preprocess.transformers_["words"]
    assert list(fitted.named_steps)[:2] == ["encode", "columns"]
    assert fitted["columns"].svd_.n_components == transformed.columns.str.match("words__").sum()
    assert "words__encode__ngram_range" in preprocess.get_params()


# Gaps in numbers


def test_a_gap_in_a_new_row_stops_no_prediction():
    X, y = make_micro_videos(80, modalities=WIDTHS, random_state=0)
    model = small(WIDTHS).fit(X, y)
    new = X[:2].copy()
    new[0, 3] = np.nan
    filled = X[:2].copy()
    filled[0, 3] = np.median(X[:, 3])
    assert_allclose(model.predict(new), model.predict(filled), rtol=1e-5)


def test_another_imputer_takes_the_place_of_the_medians():
    X, _ = make_micro_videos(80, modalities=WIDTHS, random_state=0)
    X[3, 3] = np.nan
    strict = small(WIDTHS, imputer="passthrough")[0]
    assert np.isnan(strict.fit_transform(X).iloc[3, 3])


# Matrices


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.tolist(),
        torch.from_numpy,
        lambda X: torch.from_numpy(X).requires_grad_(),
        lambda X: X.astype(np.float16),
        lambda X: torch.from_numpy(X).bfloat16(),
        lambda X: sparse.csr_array(X),
    ],
)
def test_numbers_may_come_in_any_matrix(change):
    X, y = make_micro_videos(60, modalities=WIDTHS, random_state=0)
    X = X.astype(np.float16).astype(np.float32)
    model = small(WIDTHS, estimator=Ridge(), ensemble=False)
    expected = model.fit(X, y).predict(X)
    changed = change(X)
    assert_allclose(model.fit(changed, y).predict(changed), expected, rtol=0.05, atol=0.05)


def test_an_imputer_that_is_none_is_an_error():
    with pytest.raises(ValueError, match=r"imputer must be .* got 'median'"):
        make_mofa_pipeline(imputer="median")


def test_a_memory_map_of_halves_is_taken(tmp_path):
    X, y = make_micro_videos(60, modalities=WIDTHS, random_state=0)
    np.save(tmp_path / "X.npy", X.astype(np.float16))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert small(WIDTHS).fit(X, y).predict(X).shape == y.shape


def test_sparse_words_stand_beside_dense_vectors():
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)).fit_transform(FRAME["words"])
    vectors = np.stack(FRAME["vector"])
    X = sparse.hstack([words, vectors]).tocsr()
    model = small({"words": words.shape[1], "title": 6}).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()
    widths = {name: len(block) for name, block in model[-1].estimators_[0].modalities_.items()}
    assert widths == {"words": N_ROWS, "title": 6}


# Columns without names


def test_columns_without_names_are_one_modality_and_told_so():
    X, y = make_micro_videos(60, modalities=WIDTHS, random_state=0)
    message = "X has no column names, so its 9 columns are taken for one modality, 'x'"
    with pytest.warns(UserWarning, match=message) as caught:
        small(None, estimator=Ridge()).fit(X, y)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small({"x": 9}, estimator=Ridge()).fit(X, y)
        small(WIDTHS, estimator=Ridge()).fit(X, y)
        small(None, estimator=Ridge()).fit(X[:, :1], y)


def test_gaps_in_columns_without_names_are_told_what_they_may_be():
    X, y = make_micro_videos(60, modalities=WIDTHS, random_state=0)
    X[3, :5] = np.nan
    with pytest.raises(ValueError, match=r"All columns are one block.*pass modalities="):
        MoFARegressor(**NETWORK).fit(X, y)


def test_vectors_of_different_lengths_are_refused_before_training():
    frame = FRAME.copy()
    frame.at[7, "vector"] = [1.0, 2.0]
    with pytest.raises(ValueError, match=r"'vector'.*row 7 has 2 numbers.*row 0 has 6"):
        small().fit(frame, Y)


def test_vectors_need_no_skrub_and_can_be_named_a_transformer_of_their_own():
    model = small().set_params(preprocess__transformers=[("title", VectorColumns())])
    assert np.isfinite(model.fit(FRAME, Y).predict(FRAME)).all()
