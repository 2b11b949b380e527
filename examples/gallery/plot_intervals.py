"""
How sure is a prediction?
=========================

``predict_interval`` gives bounds that hold the truth with a given confidence, learned from the
errors on rows that the members did not learn from (CV+). Do they hold what they promise, for each
target and for all targets of a video at once?
"""

# %%
# An ensemble with honest residuals
# ---------------------------------
# With ``validation="inner"`` members stop early on rows of their own, not on those that are held
# out.

from sklearn.model_selection import train_test_split

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos

videos = make_micro_videos(
    2400,
    modalities={"image": 32, "video": 24, "text": 32},
    noise=0.5,
    return_bunch=True,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    videos.data, videos.target, test_size=0.5, random_state=0
)
model = make_mofa_pipeline(videos.modalities, cv=5, validation="inner", random_state=0)
model.set_params(regressor__estimator__hidden_dim=32, regressor__estimator__max_epochs=15)
model.fit(X_train, y_train)

# %%
# Coverage
# --------
# The part of the test rows whose truth lies within the bounds, at several levels of confidence.

import numpy as np
import pandas as pd

levels = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
coverage = []
for level in levels:
    lower, upper = np.moveaxis(model.predict_interval(X_test, level), -1, 0)
    inside = (lower <= y_test) & (y_test <= upper)
    lower, upper = np.moveaxis(model.predict_interval(X_test, level, joint=True), -1, 0)
    inside_together = (lower <= y_test) & (y_test <= upper)
    coverage.append(
        {
            **dict(zip(videos.target_names, inside.mean(axis=0), strict=True)),
            "all three": inside.all(axis=1).mean(),
            "all three, joint=True": inside_together.all(axis=1).mean(),
        }
    )
coverage = pd.DataFrame(coverage, index=pd.Index(levels, name="confidence"))
coverage.round(3)

# %%
# As promised
# -----------

import matplotlib.pyplot as plt

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.plot(levels, levels, color="0.7", linewidth=4, label="as promised")
coverage[videos.target_names].plot(ax=left, marker="o", linewidth=1)
coverage["all three, joint=True"].plot(ax=left, color="black", marker="s", linewidth=1)
coverage["all three"].plot(ax=left, color="black", linestyle=":", marker="s", linewidth=1)
left.set(ylabel="part of the test rows within the bounds", title="Coverage")
left.legend(frameon=False, fontsize="small")

bounds = model.predict_interval(X_test, 0.8)[:60, 0]
order = np.argsort(bounds.mean(axis=1))
outside = (y_test[order, 0] < bounds[order, 0]) | (y_test[order, 0] > bounds[order, 1])
right.vlines(np.arange(60), *bounds[order].T, color="0.75", linewidth=3)
right.scatter(np.arange(60), y_test[order, 0], c=np.where(outside, "C3", "C0"), s=14, zorder=2)
right.set(xlabel="60 test rows", ylabel="log(1 + views)", xticks=[], title="Confidence of 80 %")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

# %%
# On the left, the coverage of every target lies near the promise. The dotted line shows why
# ``joint=True`` is there: intervals that each hold their target with 80 % confidence hold all
# three far less often. On the right, each bar is one video's interval for its views; red dots lie
# outside.
