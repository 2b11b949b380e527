"""
Is a network worth it, and what does a blend bring?
===================================================

Simple regressors are often hard to beat. Compare them on the same folds first; then let a blend
decide how much each of them counts.
"""

# %%
# The same folds for all
# ----------------------
# ``make_baselines`` has regressors that a competitor would try first, each with the preprocessing
# it needs. The network stands among them as a pipeline of its own.

from mofa_sklearn import MoFARegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.evaluation import compare, leaderboard

videos = make_micro_videos(
    1200,
    modalities={"image": 32, "video": 24, "text": 32},
    noise=0.3,
    as_frame=True,
    return_bunch=True,
    random_state=0,
)
X, y = videos.data, videos.target
models = make_baselines(names=["dummy", "ridge", "pca-ridge", "knn"], random_state=0)
network = MoFARegressor(hidden_dim=64, random_state=0)  # small, to be quick
models["network"] = make_mofa_pipeline(estimator=network, ensemble=False)

scores = compare(models, X, y, cv=3, target_names=videos.target_names, verbose=0, random_state=0)
leaderboard(scores)[["nmse", "std", "fit_seconds"]].round(3)

# %%
# On a thousand rows a ridge regression is hard to beat. Would the others still add something to
# it?

# %%
# A blend of the best
# -------------------
# Every part is fitted on the same folds. The weights of a target are those with the least squared
# error out of fold: non-negative, and summing to one.

from sklearn.model_selection import train_test_split

from mofa_sklearn import BlendRegressor

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)
blend = BlendRegressor(
    [(name, models[name]) for name in ("pca-ridge", "knn", "network")], cv=4, random_state=0
)
blend.fit(X_train, y_train)
blend.oof_report_.round(3)

# %%
# Who counts for which target?
# ----------------------------

import matplotlib.pyplot as plt
import pandas as pd

weights = pd.DataFrame(
    blend.weights_.T, index=videos.target_names, columns=list(blend.named_estimators_)
)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
weights[::-1].plot.barh(stacked=True, ax=left, width=0.6, xlabel="weight", legend=False)
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False)
left.set_title("Weights of the parts")

from mofa_sklearn.metrics import normalized_mean_squared_error

errors = {
    name: normalized_mean_squared_error(y_test, part.predict(X_test))
    for name, part in [*blend.named_estimators_.items(), ("blend", blend)]
}
bars = right.barh(list(errors)[::-1], list(errors.values())[::-1], color="0.6")
bars[0].set_color("C3")
right.bar_label(bars, fmt="%.3f", padding=3)
right.set(xlabel="normalised mean squared error", xlim=(0, 0.8), title="On test rows")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

# %%
# On the left: the weights of each target. On the right: what they are good for. The blend is at
# least about as good as its best part, without anybody having had to choose.
