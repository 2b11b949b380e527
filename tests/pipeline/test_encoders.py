"""Modalities that begin as raw cells: make_mofa_pipeline(encoders=...)."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score

from mofa_sklearn import MoFARegressor, make_mofa_pipeline
from mofa_sklearn.encoders import (
    ImageEncoder,
    TextEncoder,
    UnreadableCellError,
    VideoEncoder,
)
from mofa_sklearn.persistence import dump, get_untrusted_types, load

N_ROWS = 40
WORDS = ["red", "green", "blue", "dark", "bright"]
MODALITIES = {"poster": ["poster"], "plot": ["plot"], "stats": "rest"}


def count_words(texts):
    return np.array([[float(word in text) for word in WORDS] for text in texts])


def mean_color(pictures):
    return np.array([picture.mean(axis=(0, 1)) for picture in pictures])


def encoders(**params):
    return {"poster": ImageEncoder(mean_color), "plot": TextEncoder(count_words, **params)}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    posters = np.empty(N_ROWS, dtype=object)
    posters[:] = list(rng.integers(0, 256, (N_ROWS, 4, 6, 3), dtype=np.uint8))
    plots = [" ".join(rng.choice(WORDS, 2, replace=False)) for _ in range(N_ROWS)]
    stats = rng.normal(size=(2, N_ROWS))
    return pd.DataFrame(
        {"poster": posters, "plot": plots, "stats_0": stats[0], "stats_1": stats[1]}
    )


@pytest.fixture
def y(table):
    brightness = np.array([poster.mean() for poster in table["poster"]]) / 255
    return brightness + table["plot"].str.contains("red") + 0.1 * table["stats_0"].to_numpy()


def small(modalities=MODALITIES, *, ensemble=True, **params):
    folds = {"cv": KFold(3)} if ensemble else {}
    params = {"encoders": encoders(), "estimator": Ridge(), **folds, **params}
    return make_mofa_pipeline(modalities, ensemble=ensemble, **params)


@pytest.mark.parametrize("modalities", [None, MODALITIES], ids=["by name", "by dict"])
def test_raw_columns_become_modalities_of_vectors(modalities, table, y):
    preprocess = small(modalities, recipe="mofa-lite").fit(table, y)[0]
    assert list(preprocess.modalities_) == ["poster", "plot", "stats"]
    names = [name.partition("_")[0] for name in preprocess.get_feature_names_out()]
    assert names == ["poster"] * 3 + ["plot"] * 5 + ["stats"] * 2


def test_all_raw_columns_can_have_encoders(table, y):
    model = small(None).fit(table[["plot", "poster"]], y)
    assert list(model[0].modalities_) == ["poster", "plot"]


def test_modalities_tell_more_together_than_each_alone(table, y):
    def score(model, columns):
        return cross_val_score(model, table[columns], y, cv=3, error_score="raise").mean()

    alone = [
        score(small(None, encoders={name: encoder}, ensemble=False), [name])
        for name, encoder in encoders().items()
    ]
    assert score(small(ensemble=False), list(table.columns)) > max(alone)


@pytest.mark.parametrize("value", [None, "", " "])
def test_missing_and_empty_cells_are_missing_modalities(value, table, y):
    model = small().fit(table, y)
    some = table.head(3).copy()
    some["plot"] = pd.Series(["red blue", value, "dark"], dtype=object)
    given = model[0].transform(some).filter(like="plot")
    assert given.isna().all(axis=1).tolist() == [False, True, False]
    assert given.isna().any(axis=1).tolist() == [False, True, False]


def test_empty_texts_are_no_rows_that_steps_learn_from(table):
    table["plot"] = [plot if i % 2 else "" for i, plot in enumerate(table["plot"])]
    preprocess = small(recipe="mofa-lite")[0]
    some = clone(preprocess).fit_transform(table).filter(like="plot")
    rows = table[1::2].reset_index(drop=True)
    only = clone(preprocess).fit_transform(rows).filter(like="plot")
    np.testing.assert_allclose(some[1::2], only, rtol=1e-5, atol=1e-6)


def test_networks_take_rows_whose_text_is_missing(table, y):
    network = MoFARegressor(hidden_dim=8, max_epochs=2, random_state=0)
    model = small(estimator=network, ensemble=False)
    table.loc[::5, "plot"] = ""
    prediction = model.fit(table, y).predict(table)
    assert np.isfinite(prediction).all()


def test_recipes_of_baselines_take_encoders(table, y):
    model = make_mofa_pipeline(MODALITIES, recipe="mvp", encoders=encoders(), cv=2)
    names = model[0].fit(table, y).get_feature_names_out()
    assert sum(name.startswith("plot") for name in names) == len(WORDS)


@pytest.mark.parametrize("library", [pl.DataFrame, lambda data: pl.DataFrame(data).to_arrow()])
def test_tables_of_other_libraries(library, table, y):
    table = table.drop(columns="poster")
    modalities = {"plot": ["plot"], "stats": "rest"}
    own = {"plot": TextEncoder(count_words)}
    expected = small(modalities, encoders=own).fit(table, y).predict(table)
    other = library(table.to_dict(orient="list"))
    np.testing.assert_allclose(
        small(modalities, encoders=own).fit(other, y).predict(other), expected
    )


def test_any_transformer_of_one_column_can_be_an_encoder(table, y):
    model = small(encoders={**encoders(), "plot": TfidfVectorizer()}).fit(table, y)
    assert model[0].transform(table).filter(like="plot").shape == (N_ROWS, len(WORDS))


def test_parameters_of_encoders_can_be_tuned(table, y):
    model = small().set_params(preprocess__plot__encode__n_components=2)
    assert model.fit(table, y)[0].transform(table).filter(like="plot").shape == (N_ROWS, 2)


def test_clones_and_pickles_predict_the_same(table, y):
    for modalities in (None, MODALITIES):
        model = small(modalities).fit(table, y)
        expected = model.predict(table)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(table), expected)
        np.testing.assert_array_equal(clone(model).fit(table, y).predict(table), expected)


@pytest.mark.parametrize("modalities", [None, MODALITIES], ids=["by name", "by dict"])
def test_files_without_pickles_predict_the_same(modalities, table, y, tmp_path):
    pytest.importorskip("skops")
    table = table.drop(columns="poster")
    given = modalities and {"plot": ["plot"], "stats": "rest"}
    # A function of the user's own is code, which such files do not hold.
    model = small(given, encoders={"plot": TfidfVectorizer()}).fit(table, y)
    dump(model, tmp_path / "model")
    loaded = load(tmp_path / "model", trusted=get_untrusted_types(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(table), model.predict(table))


def test_memory_encodes_each_cell_once_over_all_folds(table, y, tmp_path):
    seen = []

    def encode(texts):
        seen.extend(texts)
        return count_words(texts)

    own = {**encoders(), "plot": TextEncoder(encode, memory=tmp_path)}
    cross_val_score(small(encoders=own), table, y, cv=5, error_score="raise")
    assert sorted(seen) == sorted(set(table["plot"]))


@pytest.mark.parametrize("modalities", [MODALITIES, lambda X: MODALITIES, None])
def test_an_encoder_of_no_modality_is_an_error(modalities, table, y):
    own = {**encoders(), "sound": TextEncoder(count_words)}
    with pytest.raises(ValueError, match=r"encoders= names the modalities 'sound'"):
        small(modalities, encoders=own).fit(table, y)


def test_what_is_no_transformer_is_an_error():
    for wrong in (count_words, TextEncoder, "bert"):
        with pytest.raises(TypeError, match=r"encoders=\{'plot': \.\.\.\} must be a transformer"):
            small(encoders={"plot": wrong})


def test_a_modality_of_two_columns_is_an_error_that_names_it(table, y):
    modalities = {"poster": ["poster"], "plot": ["plot", "stats_0"], "stats": "rest"}
    with pytest.raises(ValueError, match="Modality 'plot': TextEncoder takes one column"):
        small(modalities).fit(table, y)


def test_columns_of_the_same_modality_as_an_encoders_are_an_error(table, y):
    with pytest.raises(ValueError, match="'plot' has an encoder, and the columns 'plot_0'"):
        small(None).fit(table.assign(plot_0=1.0), y)


def test_an_unreadable_file_keeps_its_error(table, y, tmp_path):
    paths = [str(tmp_path / "nowhere.png")] * N_ROWS
    with pytest.raises(UnreadableCellError, match=r"row 0 \('.*nowhere\.png'\)") as raised:
        small(encoders={**encoders(), "poster": ImageEncoder(_open)}).fit(
            table.assign(poster=paths), y
        )
    assert "modality 'poster'" in raised.value.__notes__[0]


def _open(paths):
    return np.array([[float(len(open(path).read()))] for path in paths])


def frame_colors(videos):
    return [video.mean(axis=(1, 2)) for video in videos]


def test_tokens_of_an_encoder_are_attended_over(y):
    rng = np.random.default_rng(0)
    clips = np.empty(N_ROWS, dtype=object)
    clips[:] = [rng.integers(0, 256, (2 + i % 3, 4, 4, 3), dtype=np.uint8) for i in range(N_ROWS)]
    clips[5] = None
    table = pd.DataFrame({"clip": clips, "stats_0": rng.normal(size=N_ROWS)})
    model = make_mofa_pipeline(
        encoders={"clip": VideoEncoder(frame_colors, pooling="none", n_tokens=4)},
        tokens={"clip": 4},
        estimator=MoFARegressor(hidden_dim=8, max_epochs=2, random_state=0),
        ensemble=False,
    ).fit(table, y)
    frames = model[0].transform(table).filter(like="clip").to_numpy().reshape(N_ROWS, 4, -1)
    there = ~np.isnan(frames).any(axis=2)
    assert there.sum(axis=1).tolist() == [0 if i == 5 else 2 + i % 3 for i in range(N_ROWS)]
    assert np.isfinite(model.predict(table)).all()
