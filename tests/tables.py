"""One small table in every container that a table may come in."""

import numpy as np
import pandas as pd

N_ROWS = 60
MODALITIES = {"title": ["vector"], "meta": "rest"}
CONTAINERS = ["pandas", "polars", "pyarrow"]


def make_table(n_rows=N_ROWS, seed=0):
    """Make a pandas table with columns of all kinds, and targets that depend on some of them."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_rows, 6)).astype(np.float32)
    rows = range(n_rows)
    frame = pd.DataFrame(
        {
            "vector": list(vectors),
            "words": [f"number {i} of {['cats', 'dogs', 'cars and trucks'][i % 3]}" for i in rows],
            "topic": pd.Categorical([["a", "b", "c", None][i % 4] for i in rows]),
            "language": [["en", "zh", "fr"][i % 3] for i in rows],
            "verified": [bool(i % 2) for i in rows],
            "posted": pd.date_range("2024-01-01", periods=n_rows, freq="7h"),
            "followers": np.where(rng.random(n_rows) < 0.2, np.nan, rng.lognormal(size=n_rows)),
            "likes": rng.integers(0, 100, n_rows),
        }
    )
    y = vectors[:, 0] + frame["likes"] / 50 + 0.1 * rng.normal(size=n_rows)
    return frame, y.to_numpy()


def in_container(frame, container):
    """Return a pandas table as one of another library, vectors as it keeps them."""
    if container == "pandas":
        return frame
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if container == "pyarrow":
        return table
    import polars as pl

    return pl.from_arrow(table)
