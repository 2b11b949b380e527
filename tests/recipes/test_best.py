"""The recipe for those who have time: more of everything, blended."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from mofa_sklearn import MoFAClassifier, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.persistence import dump, load
from mofa_sklearn.recipes import get_recipe

from ._systems import small_pipeline

QUICK = {"hidden_dim": 8, "max_epochs": 2}
WIDTHS = {"image": 6, "text": 5}


@pytest.fixture(scope="module")
def videos():
    return make_micro_videos(
        150, modalities=WIDTHS, n_creators=20, noise=0.3, return_bunch=True, random_state=0
    )


@pytest.fixture(scope="module")
def fitted(videos):
    """The recipe for numbers, fitted: tests only look at it."""
    model = small_pipeline("best", WIDTHS, QUICK)
    return model.fit(videos.data, videos.target, groups=videos.creator_ids)


def test_it_has_all_that_the_default_has():
    names = [[name for name, _ in get_recipe(recipe).companions] for recipe in ("default", "best")]
    assert set(names[0]) < set(names[1])


def test_out_of_fold_it_is_no_worse_than_any_of_its_parts(videos, fitted):
    ensemble, encoded = fitted[-1], fitted[:-1].transform(videos.data)
    scale = videos.target.var(axis=0)
    for parts in [ensemble.estimators_, *ensemble.companions_.values()]:
        errors = np.empty_like(videos.target)
        for part, rows in zip(parts, ensemble._held_out, strict=True):
            errors[rows] = part.predict(encoded.iloc[rows]) - videos.target[rows]
        assert (fitted.oof_nmse_ <= (errors**2).mean(axis=0) / scale + 1e-6).all()


def test_creators_stay_together_in_all_parts(videos, fitted):
    held_out = [set(videos.creator_ids[rows]) for rows in fitted[-1]._held_out]
    assert sum(map(len, held_out)) == len(set.union(*held_out))


def test_one_target_and_rows_to_stop_on_are_taken(videos):
    model = small_pipeline("best", WIDTHS, QUICK)
    model.fit(
        videos.data[:100],
        videos.target[:100, 0],
        X_val=videos.data[100:],
        y_val=videos.target[100:, 0],
    )
    assert model.predict(videos.data).shape == (150,)
    assert model.predict_interval(videos.data[:3]).shape == (3, 1, 2)


def test_it_comes_back_from_a_file(videos, fitted, tmp_path):
    dump(fitted, tmp_path / "best.mofa")
    back = load(tmp_path / "best.mofa")
    assert_allclose(back.predict(videos.data), fitted.predict(videos.data), rtol=1e-6)


def test_networks_beside_the_first_attend_over_tokens():
    tokens = {"video": 3}
    model = make_mofa_pipeline({"video": 12, "text": 5}, recipe="best", tokens=tokens)
    companions = dict(model[-1].companions)
    assert companions["concat"].tokens == tokens
    assert "pool" in companions["boosting"].named_steps


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"estimator": MoFARegressor()}, r"leave estimator out.*got MoFARegressor"),
        ({"estimator": LogisticRegression()}, r"pass a MoFAClassifier.*got LogisticRegression"),
        ({"ensemble": False}, "leave ensemble=True"),
        ({"estimator": MoFAClassifier(), "ensemble": False}, "leave ensemble=True"),
    ],
    ids=["network", "classifier", "no ensemble", "one classifier"],
)
def test_what_would_leave_most_of_it_out_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        make_mofa_pipeline(WIDTHS, recipe="best", **params)


def small_of_classes(estimator=None, **params):
    return small_pipeline("best", WIDTHS, QUICK, estimator=estimator or MoFAClassifier(), **params)


def classes_of(videos, kind):
    if kind == "labels":
        return (videos.target > np.median(videos.target, axis=0)).astype(int)
    levels = np.digitize(videos.target[:, 0], np.quantile(videos.target[:, 0], [0.3, 0.7]))
    return np.array(["few", "some", "viral"])[levels]


def test_of_classes_it_has_all_that_the_default_has():
    default, best = (
        dict(make_mofa_pipeline(WIDTHS, estimator=MoFAClassifier(), recipe=recipe)[-1].companions)
        for recipe in ("default", "best")
    )
    assert set(default) < set(best)
    networks = [each for each in best.values() if isinstance(each, MoFAClassifier)]
    assert len({str(each) for each in networks}) == len(networks) > 2


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_out_of_fold_its_log_loss_is_no_worse_than_any_of_its_parts(videos, kind):
    y = classes_of(videos, kind)
    held_out = np.array_split(np.random.default_rng(0).permutation(len(y)), 2)
    model = small_of_classes(cv=[held_out, held_out[::-1]])
    model.set_params(classifier__calibrate=None).fit(videos.data, y)
    ensemble, encoded = model[-1], model[:-1].transform(videos.data)
    classes = ensemble.classes_
    truth = y if kind == "labels" else y[:, None] == classes

    def loss(probabilities):
        right = np.where(truth, probabilities, 1 - probabilities if kind == "labels" else 1)
        return -np.log(np.maximum(right, 1e-12)).sum(axis=1).mean()

    for fitted in [ensemble.estimators_, *ensemble.companions_.values()]:
        own = np.empty(truth.shape)
        for part, rows in zip(fitted, held_out[::-1], strict=True):
            own[rows] = part.predict_proba(encoded.iloc[rows])
        assert loss(ensemble.oof_prediction_) <= loss(own) + 1e-6


def test_its_networks_are_as_the_classifier_says():
    own = MoFAClassifier(hidden_dim=64, ordinal=True, fusion="concat")
    model = make_mofa_pipeline(WIDTHS, estimator=own, recipe="best")
    networks = {
        name: each for name, each in model[-1].companions if isinstance(each, MoFAClassifier)
    }
    assert all(each.hidden_dim == 64 and each.ordinal for each in networks.values())
    assert "concat" not in networks  # it is one already
    assert own.get_params() == model[-1].estimator.get_params()


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_of_classes_it_is_calibrated_and_comes_back_from_a_file(videos, kind, tmp_path):
    y = classes_of(videos, kind)
    model = small_of_classes().fit(videos.data, y, groups=videos.creator_ids)
    assert model[-1].calibrator_ is not None
    dump(model, tmp_path / "best.mofa")
    back = load(tmp_path / "best.mofa")
    assert_allclose(back.predict_proba(videos.data), model.predict_proba(videos.data), rtol=1e-6)


def test_of_classes_networks_attend_over_tokens_and_others_see_their_mean():
    estimator, tokens = MoFAClassifier(), {"video": 3}
    model = make_mofa_pipeline(
        {"video": 12, "text": 5}, recipe="best", estimator=estimator, tokens=tokens
    )
    companions = dict(model[-1].companions)
    assert companions["concat"].tokens == tokens
    assert "pool" in companions["boosting"].named_steps
