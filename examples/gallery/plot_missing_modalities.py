"""
What if modalities are missing?
===============================

A video without a description, a cover that cannot be read: in practice blocks are missing. Should
such rows be left out of the training, be filled with the mean, or be used as they are?
"""

# %%
# Two blocks in five are missing
# ------------------------------
# A block that is NaN throughout says that the row lacks the modality. Few rows are complete.

import numpy as np
from sklearn.model_selection import train_test_split

from mofa_sklearn.datasets import make_micro_videos

videos = make_micro_videos(
    2500,
    modalities={"image": 32, "video": 24, "text": 32},
    noise=0.2,
    missing_rate=0.4,
    as_frame=True,
    return_bunch=True,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    videos.data, videos.target, test_size=0.4, random_state=0
)
complete = X_train.notna().all(axis=1)
print(f"{complete.sum()} of {len(X_train)} training rows are complete")

# %%
# Three ways
# ----------
# The ensemble masks what is missing: the attention leaves it out, and no imputer is needed. To
# fill it, an imputer goes before. The third way learns from complete rows alone.

from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from mofa_sklearn import make_mofa_pipeline

model = make_mofa_pipeline(cv=3, random_state=0)
model.set_params(regressor__estimator__hidden_dim=64, regressor__companions=None)
imputer = SimpleImputer().set_output(transform="pandas")

predictions = {
    "rows left out": clone(model).fit(X_train[complete], y_train[complete]).predict(X_test),
    "filled with the mean": make_pipeline(imputer, clone(model))
    .fit(X_train, y_train)
    .predict(X_test),
    "masked": model.fit(X_train, y_train).predict(X_test),
}

# %%
# The error by how much is missing
# --------------------------------

import matplotlib.pyplot as plt
import pandas as pd

from mofa_sklearn.metrics import normalized_mean_squared_error

n_missing = X_test.isna().T.groupby(lambda name: name.split("_")[0]).all().sum().to_numpy()
errors = pd.DataFrame(
    {
        name: [
            normalized_mean_squared_error(y_test[n_missing == n], y_pred[n_missing == n])
            for n in range(3)
        ]
        for name, y_pred in predictions.items()
    },
    index=[f"{n} of 3 missing\n{np.sum(n_missing == n)} test rows" for n in range(3)],
)
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
errors.plot.bar(ax=ax, rot=0, width=0.75, color=["0.7", "C1", "C0"])
for bars in ax.containers:
    ax.bar_label(bars, fmt="%.2f", padding=2)
ax.set(ylabel="normalised mean squared error", ylim=(0, 1.2 * errors.to_numpy().max()))
_ = ax.spines[["top", "right"]].set_visible(False)

# %%
# Leaving rows out costs most, the more so the less is there: most of the training rows are thrown
# away, and nothing is learned of incomplete ones. Between masking and filling there is little;
# masking needs no imputer, and cannot take an average block for a missing one.

# %%
# Where the attention goes
# ------------------------
# What is missing has no weight, and the others share it.

attention = model.modality_attention(X_test)
lacks_text = X_test["text_0"].isna()
pd.DataFrame(
    {
        "text is there": attention[~lacks_text].mean(),
        "text is missing": attention[lacks_text].mean(),
    }
).round(2)
