"""
How well can popularity be predicted from embeddings?
=====================================================

A first ensemble: three modalities in one matrix, three targets, and a picture of how near the
predictions come. The videos are generated, so that the lowest error which any model can reach is
known, too.
"""

# %%
# One matrix holds all modalities
# -------------------------------
# The columns of the cover image, the motion and the description stand side by side;
# ``modalities`` says how many columns each of them has. The targets are logarithms of counts.

from sklearn.model_selection import train_test_split

from mofa_sklearn.datasets import make_micro_videos

videos = make_micro_videos(
    2000,
    modalities={"image": 64, "video": 48, "text": 64},
    noise=0.3,
    return_bunch=True,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    videos.data, videos.target, test_size=0.25, random_state=0
)
print(X_train.shape, y_train.shape, videos.target_names)

# %%
# Preprocessing and ensemble in one pipeline
# ------------------------------------------
# Every column becomes normal and standardised, modality by modality. Then five networks are
# trained, each with another fifth of the rows held out, and three cheap regressors beside them.
# Small networks are enough here: ``hidden_dim=64`` instead of 512.

from mofa_sklearn import make_mofa_pipeline

model = make_mofa_pipeline(videos.modalities, cv=5, random_state=0)
model.set_params(regressor__estimator__hidden_dim=64)
model.fit(X_train, y_train)

# %%
# The error of every target
# -------------------------
# Normalised mean squared error: 1 is what predicting the mean reaches, 0 would be perfect. The
# ensemble scores itself on the rows that its members did not learn from (out of fold), without
# touching the test rows.

import pandas as pd

from mofa_sklearn.metrics import normalized_mean_squared_error

y_pred = model.predict(X_test)
pd.DataFrame(
    {
        "out of fold": model.oof_nmse_,
        "test rows": normalized_mean_squared_error(y_test, y_pred, multioutput="raw_values"),
        "lowest possible": videos.best_nmse,
    },
    index=videos.target_names,
).round(3)

# %%
# The out-of-fold error is near that of the test rows. What lies between them and the last column
# is what more rows could still bring.

# %%
# Predicted against true
# ----------------------

from mofa_sklearn.inspection import PredictedVsTrueDisplay

display = PredictedVsTrueDisplay.from_predictions(y_test, y_pred, target_names=videos.target_names)
_ = display.figure_.suptitle("Test rows; a perfect prediction would lie on the line")

# %%
# Predictions of very popular videos are too low and those of unpopular ones too high: that is what
# the mean given the features does where a part of the truth cannot be known.
