"""
How sure is a prediction?
=========================

``predict_interval`` gives bounds that hold the truth with a given confidence, learned from the
errors on rows that the members did not learn from (CV+), and wider where these are larger. Do
they hold what they promise, for each target, for popular videos, and for all targets of a video at
once?
"""

# %%
# An ensemble with honest residuals
# ---------------------------------
# The more popular a video is expected to be, the harder it is to predict. With
# ``validation="inner"`` members stop early on rows of their own, not on those that are held out.

import numpy as np
from sklearn.model_selection import train_test_split

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos

videos = make_micro_videos(
    2400,
    modalities={"image": 32, "video": 24, "text": 32},
    noise=0.4,
    return_bunch=True,
    random_state=0,
)
expected = videos.conditional_mean
noise = np.exp(0.35 * (expected - expected.mean(axis=0)))
y = expected + noise * (videos.target - expected)
X_train, X_test, y_train, y_test = train_test_split(videos.data, y, test_size=0.5, random_state=0)
model = make_mofa_pipeline(videos.modalities, cv=5, validation="inner", random_state=0)
model.set_params(regressor__estimator__hidden_dim=32, regressor__estimator__max_epochs=15)
model.fit(X_train, y_train)

# %%
# As promised
# -----------
# The part of the test rows whose truth lies within the bounds, at several levels of confidence.

from mofa_sklearn.inspection import CoverageDisplay

display = CoverageDisplay.from_estimator(
    model, X_test, y_test, target_names=list(videos.target_names)
)

# %%
# Each row its own width
# ----------------------
# Below, each bar is one video's interval for its views; red dots lie outside. With
# ``adaptive=False`` on the left, all are about as wide: popular videos, on the right of each
# panel, lie outside too often. On the right, they have wider intervals, and the others narrower
# ones.

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
for ax, adaptive in zip(axes, (False, True), strict=True):
    bounds = model.predict_interval(X_test, 0.8, adaptive=adaptive)[:80, 0]
    order = np.argsort(bounds.mean(axis=1))
    truth = y_test[order, 0]
    outside = (truth < bounds[order, 0]) | (truth > bounds[order, 1])
    ax.vlines(np.arange(len(order)), *bounds[order].T, color="0.75", linewidth=3)
    ax.scatter(np.arange(len(order)), truth, c=np.where(outside, "C3", "C0"), s=14, zorder=2)
    ax.set(xlabel="80 test rows, by their prediction", xticks=[], title=f"{adaptive=}")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("log(1 + views)")

# %%
# Narrow intervals should hold as often as wide ones:

from mofa_sklearn.inspection import CoverageByWidthDisplay

display = CoverageByWidthDisplay.from_estimator(
    model, X_test, y_test, confidence_level=0.8, target_names=list(videos.target_names)
)

# %%
# All targets at once
# -------------------
# Intervals that each hold their target with 80 % confidence hold all three far less often. With
# ``joint=True`` they hold all three with 80 %.

import pandas as pd

rows = []
for joint in (False, True):
    lower, upper = np.moveaxis(model.predict_interval(X_test, 0.8, joint=joint), -1, 0)
    inside = (lower <= y_test) & (y_test <= upper)
    parts = dict(zip(videos.target_names, inside.mean(axis=0), strict=True))
    rows.append({"joint": joint, **parts, "all three": inside.all(axis=1).mean()})
pd.DataFrame(rows).set_index("joint").round(3)
