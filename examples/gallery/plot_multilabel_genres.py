"""
Which genres does a video have?
===============================

A video may be of several genres at once, and some genres are rare. ``MoFAClassifier`` predicts
them all with one network. Does it matter which loss it has, and where the threshold lies?
"""

# %%
# Six genres, some of them rare
# -----------------------------
# The genres depend on the embeddings, each in its own way.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from mofa_sklearn.datasets import make_micro_videos

widths = {"image": 32, "video": 24, "text": 32}
genres = ["comedy", "music", "sports", "news", "cooking", "chess"]
share = [0.5, 0.3, 0.2, 0.12, 0.07, 0.04]

X, scores = make_micro_videos(
    2500, modalities=widths, n_targets=len(genres), noise=0.15, random_state=0
)
y = (scores > np.quantile(scores, 1 - np.array(share), axis=0).diagonal()).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)

# %%
# Two losses, two kinds of thresholds
# -----------------------------------
# The focal loss lets labels that are easy count little. ``tune_thresholds=True``, the default,
# takes for every label the threshold of the highest F1 on rows that were held out, ``False`` takes
# 0.5.

from sklearn.metrics import f1_score

from mofa_sklearn import MoFAClassifier, make_mofa_pipeline

f1, thresholds = {}, {}
for loss in ("cross_entropy", "focal"):
    for tuned in (False, True):
        classifier = MoFAClassifier(
            hidden_dim=64, loss=loss, tune_thresholds=tuned, random_state=0
        )
        model = make_mofa_pipeline(widths, estimator=classifier, cv=3, random_state=0)
        y_pred = model.fit(X_train, y_train).predict(X_test)
        name = f"{loss}, {'tuned' if tuned else '0.5'}"
        f1[name] = f1_score(y_test, y_pred, average=None, zero_division=0)
        thresholds[name] = model.thresholds_

f1 = pd.DataFrame(f1, index=genres)
pd.concat([f1, f1.mean().to_frame("mean (macro F1)").T]).round(2)

# %%
# Thresholds matter more than the loss
# ------------------------------------

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
f1.plot.bar(ax=ax, rot=0, width=0.8, color=["#9ecae1", "#3182bd", "#fdae6b", "#e6550d"])
ax.set_xticks(range(len(genres)), [f"{g}\n{s:.0%}" for g, s in zip(genres, share, strict=True)])
ax.set(ylabel="F1 on test rows", title="Genres, and how many videos have them")
ax.legend(ncols=2, frameon=False)
_ = ax.spines[["top", "right"]].set_visible(False)

# %%
# With a threshold of 0.5 the rare genres are hardly ever predicted, since their probability seldom
# gets that high, and with the focal loss, whose probabilities are lower, hardly any genre is. With
# tuned thresholds all of them are found, and then both losses do about equally well.

pd.DataFrame(thresholds, index=genres).round(2)
