"""
How do I train an ensemble on a cluster?
========================================

The members of an ensemble are independent of each other. joblib sends them to the workers of a
Dask cluster, and the ensemble that comes back is the same as one that was trained here.
"""

# %%
# A cluster in this process
# -------------------------
# ``LocalCluster`` stands for a real one, whose address would be passed to ``Client`` instead. Its
# workers are threads here, which start quickly. The example ends here where Dask is not installed
# (``pip install "mofa-sklearn[dask]"``).

import importlib.util

HAS_DASK = importlib.util.find_spec("distributed") is not None
if HAS_DASK:
    from dask.distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    client = Client(cluster)
else:
    print("Dask is not installed: everything is trained in this process.")

# %%
# Train in both places
# --------------------

import contextlib

import joblib
from sklearn.base import clone
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
    videos.data, videos.target, test_size=0.3, random_state=0
)
model = make_mofa_pipeline(videos.modalities, cv=4, random_state=0)
model.set_params(
    regressor__estimator__hidden_dim=32,
    regressor__estimator__max_epochs=15,
    regressor__estimator__learning_rate=3e-3,
    regressor__engine="joblib",
    regressor__companions=None,
)

here = clone(model).fit(X_train, y_train)
with joblib.parallel_config(backend="dask") if HAS_DASK else contextlib.nullcontext():
    there = clone(model).fit(X_train, y_train)

# %%
# The same ensemble
# -----------------

import numpy as np
import pandas as pd

from mofa_sklearn.metrics import normalized_mean_squared_error

table = pd.DataFrame(
    {
        name: normalized_mean_squared_error(
            y_test, fitted.predict(X_test), multioutput="raw_values"
        )
        for name, fitted in {"trained here": here, "on the cluster": there}.items()
    },
    index=videos.target_names,
)
difference = np.abs(here.predict(X_test) - there.predict(X_test)).max()
print(f"Predictions differ by {difference:.1e} at most.")
table.round(4)

# %%
# Every member has its seed before any work starts, so it does not matter where it is trained, nor
# how many workers there are.

if HAS_DASK:
    client.close()
    cluster.close()
