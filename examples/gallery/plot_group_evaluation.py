"""
Will it work for creators that the model has never seen?
========================================================

Many data sets have several videos of each creator. Shuffled folds then put videos of one creator
on both sides of a split, and a model that recognises creators looks better than it will be for
new ones. Here two ways of scoring are compared with what comes true.
"""

# %%
# Creators with a following
# -------------------------
# A creator's videos look alike, and a following of their own lifts or lowers the views of all of
# them. At most 20 videos of a creator are kept, so that none outweighs the others. Half of the
# creators are put aside: they stand for those who will join later.

import numpy as np
import pandas as pd

from mofa_sklearn.datasets import make_micro_videos

N_CREATORS = 100
videos = make_micro_videos(
    6000,
    modalities={"image": 32, "video": 24, "text": 32},
    n_targets=1,
    n_creators=N_CREATORS,
    noise=0.3,
    return_bunch=True,
    random_state=0,
)
rng = np.random.default_rng(0)
following = rng.normal(scale=2.0, size=N_CREATORS)
creators = pd.Series(videos.creator_ids)
kept = (creators.groupby(creators).cumcount() < 20).to_numpy()
X, creators = videos.data[kept], videos.creator_ids[kept]
y = videos.target[kept] + following[creators]

known = np.isin(creators, rng.permutation(N_CREATORS)[: N_CREATORS // 2])
print(f"{known.sum()} videos of known creators, {(~known).sum()} of new ones")

# %%
# The same model, scored in two ways
# ----------------------------------
# Every row is predicted by a model that did not learn from it. With ``GroupKFold`` that model has
# not learned from any other video of the same creator either. (Few epochs and members keep the
# example quick.)

from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.metrics import normalized_mean_squared_error

model = make_mofa_pipeline(videos.modalities, cv=3, random_state=0)
model.set_params(regressor__estimator__hidden_dim=32, regressor__estimator__max_epochs=15)

errors = {}
for name, cv in {
    "shuffled folds": KFold(3, shuffle=True, random_state=0),
    "folds of creators": GroupKFold(3, shuffle=True, random_state=0),
}.items():
    groups = creators[known] if isinstance(cv, GroupKFold) else None
    y_pred = cross_val_predict(model, X[known], y[known], groups=groups, cv=cv)
    errors[name] = normalized_mean_squared_error(y[known], y_pred)

# %%
# What comes true
# ---------------

y_pred = model.fit(X[known], y[known]).predict(X[~known])
errors["new creators"] = normalized_mean_squared_error(y[~known], y_pred)

# %%
# Shuffled folds promise too much
# -------------------------------

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
bars = ax.barh(list(errors)[::-1], list(errors.values())[::-1], color=["0.3", "C0", "C1"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set(xlabel="normalised mean squared error", xlim=(0, 1), title="Promised, and come true")
_ = ax.spines[["top", "right"]].set_visible(False)

# %%
# The error of shuffled folds is lower than what new creators bring; that of ``GroupKFold`` is
# about right. If new videos will be of known creators, it is the other way round: then shuffled
# folds ask the right question.
#
# The ensemble has folds of its own. ``model.fit(X, y, groups=creators)`` keeps creators
# together in them as well, so that its out-of-fold scores and its intervals are those of new
# creators, too.
