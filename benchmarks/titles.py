"""A raw table of videos: words and numbers in, creators apart, beside LightGBM.

    python -m benchmarks.titles --data videos.parquet --folds 1
    python -m benchmarks.titles --data videos.parquet --folds 1 --models lightgbm-bag,default,best

The table has the columns title, duration_s, age_s, followers, creator_id, views and danmaku. All
models get it as it is, and make the same numbers of it inside each fold; the logarithms of both
counts are predicted for creators that are not among the training rows. A bag is as many boosters
as there are members, each fitted without one fold of creators, on which it stops early; `bags` are
all three, blended by their out-of-fold errors.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.datasets import load_modalities
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.preprocessing import FloatColumns, ModalityPreprocessor

N_FOLDS = 5
MODALITIES = {"title": ["title"], "numbers": "rest"}
BOOSTERS = "lightgbm", "xgboost", "catboost"
OURS = "default", "best"
#: model -> the argument of `fit` under which it takes the creators of rows
WITH_GROUPS = dict.fromkeys(OURS, "groups")
WITH_GROUPS |= {f"{name}-bag": "kfoldensembleregressor__groups" for name in BOOSTERS}
WITH_GROUPS["bags"] = "blendregressor__groups"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="FILE")
    parser.add_argument("--folds", type=int, default=N_FOLDS, help="how many of five to run")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--models", default="lightgbm,default")
    args = parser.parse_args()

    videos = load_modalities(
        args.data, target=["views", "danmaku"], metadata=["creator_id"], log1p_target=True
    )
    X, y, creators = videos.data, videos.target, videos.creator_id
    splits = list(GroupKFold(N_FOLDS, shuffle=True, random_state=0).split(X, y, creators))
    for name in args.models.split(","):
        errors, seconds, of_processors = [], [], []
        for train, test in splits[: args.folds]:
            model = make_model(name, args.members)
            params = {} if name not in WITH_GROUPS else {WITH_GROUPS[name]: creators[train]}
            start, cpu_start = time.perf_counter(), time.process_time()
            model.fit(X.iloc[train], y[train], **params)
            seconds.append(time.perf_counter() - start)
            of_processors.append(time.process_time() - cpu_start)
            errors.append(normalized_mean_squared_error(y[test], model.predict(X.iloc[test])))
        print(
            f"{name:13} NMSE {np.mean(errors):.4f}  {np.mean(seconds):7.1f} s a fold, "
            f"{np.mean(of_processors):7.1f} s of the processors",
            flush=True,
        )


def make_model(name: str, n_members: int):
    if name in OURS:
        return make_mofa_pipeline(MODALITIES, recipe=name, cv=n_members, random_state=0)
    boosters = make_baselines(names=[*BOOSTERS], random_state=0)
    if name == "bags":
        regressor = BlendRegressor([*boosters.items()], cv=n_members, random_state=0)
    else:
        regressor = boosters[name.removesuffix("-bag")]
    if name.endswith("-bag"):
        regressor = KFoldEnsembleRegressor(regressor, cv=n_members, random_state=0)
    to_numbers = ModalityPreprocessor(FloatColumns(random_state=0), modalities=MODALITIES)
    return make_pipeline(to_numbers.set_output(transform="pandas"), regressor)


if __name__ == "__main__":
    main()
