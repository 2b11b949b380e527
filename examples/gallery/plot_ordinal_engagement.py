"""
How engaging is a video: little, fair or much?
==============================================

Often classes of engagement are asked for rather than counts. They have an order: to take "much"
for "fair" is a smaller mistake than to take it for "little". Here a classifier that knows the
order is compared with one that does not.
"""

# %%
# Five classes of equal size
# --------------------------
# ``EngagementBinner`` puts their bounds at quantiles of the training targets.

import numpy as np
from sklearn.model_selection import train_test_split

from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.preprocessing import EngagementBinner

widths = {"image": 32, "video": 24, "text": 32}
X, views = make_micro_videos(2500, modalities=widths, n_targets=1, noise=0.3, random_state=0)
X_train, X_test, views_train, views_test = train_test_split(
    X, views, test_size=0.4, random_state=0
)
binner = EngagementBinner(5).fit(views_train)
y_train, y_test = binner.transform(views_train), binner.transform(views_test)
print("training rows:", np.bincount(y_train), "test rows:", np.bincount(y_test))

# %%
# Two classifiers, two ways to decide
# -----------------------------------
# With ``ordinal=True`` the network answers "is it above the k-th class?" for each k. ``predict``
# gives the most probable class. Where far misses cost more than near ones, the median is the
# better answer: the first class that half of the probability lies in or below.

import pandas as pd
from sklearn.metrics import accuracy_score, cohen_kappa_score

from mofa_sklearn import MoFAClassifier, make_mofa_pipeline

decisions, scores = {}, {}
for ordinal in (False, True):
    classifier = MoFAClassifier(hidden_dim=64, ordinal=ordinal, random_state=0)
    model = make_mofa_pipeline(widths, estimator=classifier, cv=3, random_state=0)
    probabilities = model.fit(X_train, y_train).predict_proba(X_test)
    for rule, y_pred in {
        "most probable": probabilities.argmax(axis=1),
        "median": (probabilities.cumsum(axis=1) < 0.5).sum(axis=1),
    }.items():
        distance = np.abs(y_pred - y_test)
        name = f"{'ordered' if ordinal else 'plain'} classes, {rule}"
        decisions[name] = y_pred
        scores[name] = {
            "accuracy": accuracy_score(y_test, y_pred),
            "quadratic kappa": cohen_kappa_score(y_test, y_pred, weights="quadratic"),
            "off by two or more": np.mean(distance >= 2),
        }
pd.DataFrame(scores).T.round(3)

# %%
# Near misses instead of far ones
# -------------------------------

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

chosen = ["plain classes, most probable", "ordered classes, median"]
fig, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
for ax, name in zip(axes, chosen, strict=True):
    ConfusionMatrixDisplay.from_predictions(
        y_test,
        decisions[name],
        normalize="true",
        values_format=".0%",
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0, "vmax": 1},
        ax=ax,
    )
    ax.set_title(f"{name}\nquadratic kappa {scores[name]['quadratic kappa']:.2f}")

# %%
# Rows are the true classes and sum to 100 %. The plain classifier crowds the ends and is often off
# by two classes or more. The median of ordered classes gives up hits at the ends for near misses:
# mistakes of two or more classes become a third fewer, and quadratic kappa, which weighs a mistake
# by the square of its distance, is higher. The table shows that it is the median which brings
# this: it helps the plain classifier as well, and without it the order brings nothing here.
