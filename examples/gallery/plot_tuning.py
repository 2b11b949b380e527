"""
Which parameters are worth tuning?
==================================

A pipeline is one estimator: ``GridSearchCV`` searches the parameters of its network, and scores
every candidate by the mean error and by that of each target.
"""

# %%
# One network for the search
# --------------------------
# With ``ensemble=False`` the pipeline ends with a single network, which makes the search as many
# times faster as the ensemble has members. What is best for one is seldom bad for all of them.

from sklearn.model_selection import train_test_split

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos

videos = make_micro_videos(
    1000,
    modalities={"image": 32, "video": 24, "text": 32},
    noise=0.3,
    return_bunch=True,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    videos.data, videos.target, test_size=0.4, random_state=0
)
network = make_mofa_pipeline(videos.modalities, ensemble=False, random_state=0)
network.set_params(regressor__max_epochs=15)  # to be quick

# %%
# Search
# ------
# ``make_target_scorers`` gives one scorer for the mean over targets, called ``"nmse"``, and one
# for every target.

from sklearn.model_selection import GridSearchCV

from mofa_sklearn.metrics import make_target_scorers

search = GridSearchCV(
    network,
    {
        "regressor__hidden_dim": [8, 32, 128],
        "regressor__learning_rate": [3e-4, 3e-3],
    },
    scoring=make_target_scorers(videos.target_names),
    refit="nmse",
    cv=2,
)
search.fit(X_train, y_train)
print(search.best_params_)

# %%
# The error of every candidate
# ----------------------------

import matplotlib.pyplot as plt
import pandas as pd

results = pd.DataFrame(search.cv_results_)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharex=True, sharey=True, layout="constrained")
for ax, target in zip(axes, videos.target_names, strict=True):
    for rate, rows in results.groupby("param_regressor__learning_rate"):
        errors = -rows[f"mean_test_nmse_{target}"]
        ax.plot(rows["param_regressor__hidden_dim"], errors, "o-", label=f"learning_rate={rate:g}")
    ax.set(title=target, xlabel="hidden_dim", xscale="log")
    ax.set_xticks([8, 32, 128], labels=["8", "32", "128"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("normalised mean squared error")
_ = axes[0].legend()

# %%
# Within 15 epochs the higher rate is better for every width. Eight hidden values are too few;
# beyond 32, likes and comments gain nothing more, but views do.

# %%
# Put the best parameters into the ensemble
# -----------------------------------------

from mofa_sklearn.metrics import normalized_mean_squared_error

best = search.best_estimator_
ensemble = make_mofa_pipeline(videos.modalities, estimator=best[-1], cv=3, random_state=0).fit(
    X_train, y_train
)
predictions = {"best network": best.predict(X_test), "ensemble": ensemble.predict(X_test)}
pd.DataFrame(
    {
        name: normalized_mean_squared_error(y_test, y_pred, multioutput="raw_values")
        for name, y_pred in predictions.items()
    },
    index=videos.target_names,
).round(3)
