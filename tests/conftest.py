"""Settings of the whole test run."""

import os

# Small networks: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib

matplotlib.use("Agg")
