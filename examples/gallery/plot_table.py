"""
What if my data is a table of words, categories, dates and vectors?
===================================================================

An export of a database has a row for each video: its title, its channel, when it was posted, how
long it is, and, in one cell, the embedding of its cover. Such a table goes to the model as it is.
"""

# %%
# A table as people have it
# -------------------------
# Views follow the topic that the title names, the channel, the hour, and what the cover shows.
# Some durations are not known, and some videos have no cover.

import numpy as np
import pandas as pd

N_VIDEOS = 600
rng = np.random.default_rng(0)
topics = {"cat": 1.0, "dog": 0.6, "news": -0.8, "cooking": 0.2, "chess": -0.4}
topic = rng.choice(list(topics), N_VIDEOS)
channel = rng.choice(["north", "south", "east"], N_VIDEOS)
posted = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 24 * 90, N_VIDEOS), unit="h")
duration = rng.integers(10, 600, N_VIDEOS).astype(float)
cover = rng.normal(size=(N_VIDEOS, 16)).astype("float32")

log_views = (
    5
    + pd.Series(topic).map(topics)
    + pd.Series(channel).map({"north": 0.5, "south": 0.0, "east": -0.5})
    + 0.6 * np.isin(posted.hour, range(17, 23))
    + 0.5 * cover[:, 0]
    + 0.4 * rng.normal(size=N_VIDEOS)
)
openings = ["My", "A funny", "The best", "Watch this", "Another"]
videos = pd.DataFrame(
    {
        "title": [f"{rng.choice(openings)} {name} video no. {i}" for i, name in enumerate(topic)],
        "channel": pd.Categorical(channel),
        "posted": posted,
        "duration": np.where(rng.random(N_VIDEOS) < 0.1, np.nan, duration),
        "cover": [vector if rng.random() < 0.95 else None for vector in cover],
        "views": np.expm1(log_views).round(),
    }
)
X, y = videos.drop(columns="views"), videos["views"]
print(X.head(3).to_string(max_colwidth=28))

# %%
# One line makes the model
# ------------------------
# ``"rest"`` stands for all columns that no other modality names. Vectors become columns, gaps are
# filled, and skrub's ``TableVectorizer`` makes numbers of words, categories and dates: all of it
# inside each split. ``target_transform="log1p"`` learns logarithms and predicts views. (Few
# epochs and members keep the example quick.)

from mofa_sklearn import make_mofa_pipeline

model = make_mofa_pipeline(
    {"cover": ["cover"], "table": "rest"}, target_transform="log1p", cv=3, random_state=0
)
model.set_params(regressor__estimator__hidden_dim=32, regressor__estimator__max_epochs=20)
model.fit(X[:500], y[:500])

low, high = model.predict_interval(X[500:503], confidence_level=0.8)[:, 0].T.round()
new = X[500:503].assign(low=low, predicted=model.predict(X[500:503]).round(), high=high)
print(new[["title", "low", "predicted", "high"]].to_string(index=False))

# %%
# What is each kind of column worth?
# ----------------------------------
# ``score`` is R² of the logarithms; one minus it is the normalised error. The model is fitted
# again without some of the columns.

errors = {}
for left_out in ["title", "posted", "cover"]:
    part = X.drop(columns=left_out)
    modalities = (
        {"table": "rest"} if left_out == "cover" else {"cover": ["cover"], "table": "rest"}
    )
    model.set_params(preprocess__modalities=modalities).fit(part[:500], y[:500])
    errors[f"without {left_out}"] = 1 - model.score(part[500:], y[500:])
model.set_params(preprocess__modalities={"cover": ["cover"], "table": "rest"}).fit(
    X[:500], y[:500]
)
errors["all columns"] = 1 - model.score(X[500:], y[500:])

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
bars = ax.barh(list(errors), list(errors.values()), color=["C0", "C0", "C0", "C1"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set(xlabel="normalised mean squared error", xlim=(0, 1), title="Every column tells something")
_ = ax.spines[["top", "right"]].set_visible(False)

# %%
# Rows to predict may have gaps, unknown channels and no cover: they are predicted all the same.

incomplete = X[500:502].copy()
incomplete["channel"] = ["west", None]
incomplete["cover"] = [None, cover[0]]
print(model.predict(incomplete).round())
