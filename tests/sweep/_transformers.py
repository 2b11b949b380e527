"""The arguments of transformers, encoders among them."""

import numpy as np
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from mofa_sklearn import ModalityPreprocessor, RankGaussTransformer
from mofa_sklearn.encoders import AudioEncoder, ImageEncoder, TextEncoder, VideoEncoder
from mofa_sklearn.preprocessing import (
    BlockPCA,
    EngagementBinner,
    FloatColumns,
    GapFiller,
    RetrievalAugmenter,
    TokenPooling,
    VectorColumns,
)

from . import _data
from ._rows import Case, Changes, Elsewhere, Refused, Same

RANKS = Case(RankGaussTransformer, {"n_quantiles": 20, "random_state": 0}, targets=None)
BLOCKS = Case(ModalityPreprocessor, {"modalities": _data.WIDTHS})
PCA = Case(BlockPCA, {"n_components": 2, "random_state": 0}, targets=None)
GAPS = Case(GapFiller, targets=None, rows="gaps")
FLOATS = Case(FloatColumns, {"mixed": OrdinalEncoder()}, targets=None, rows="words")
RETRIEVED = Case(
    RetrievalAugmenter, {"modalities": _data.WIDTHS, "n_neighbors": 5, "random_state": 0}
)


def function_of_texts(cells):
    return np.array([[len(cell), cell.count("e"), ord(cell[0])] for cell in cells], dtype=float)


def other_function(cells):
    return function_of_texts(cells)[:, ::-1]


ENCODED = {
    kind: Case(kind, {"model_name": function_of_texts}, targets=None, rows="texts")
    for kind in (TextEncoder, ImageEncoder, VideoEncoder, AudioEncoder)
}
UNSEEN = "would be ignored: model_name is a function"
OF_ENCODERS = {
    "model_name": Changes(other_function),
    "normalize": Changes(True),
    "n_components": Changes(2),
    "batch_size": Same(2, "rows are independent of each other"),
    "device": Refused("cuda", UNSEEN),
    "dtype": Refused("bfloat16", UNSEEN),
    "cache_folder": Refused("folder", UNSEEN),
    "local_files_only": Refused(True, UNSEEN),
    "n_tokens": Refused(2, "n_tokens=2 would be ignored"),
    "memory": Elsewhere("encoders/test_vector_memory.py", "test_memory_changes_no_value"),
    "revision": Elsewhere(
        "encoders/test_vector_memory.py", "test_a_functions_revision_replaces_looking_into_it"
    ),
    "on_error": Elsewhere("encoders/test_image.py", "test_unreadable_files_can_count_as_missing"),
    "verbose": Elsewhere("encoders/test_common.py", "test_a_bar_is_drawn_where_it_is_asked_for"),
    "random_state": Same(1, "few components are found exactly", base={"n_components": 2}),
    "pooling": Refused("max", "pooling='max' would be ignored"),
}
TOKENS = Case(TokenPooling, {"n_tokens": 5}, targets=None)
BINS = Case(EngagementBinner, targets="vector", rows="none")
SCALED = {"default": StandardScaler()}

PARAMETERS = {
    "RankGaussTransformer": (
        RANKS,
        {
            "n_quantiles": Changes(5),
            "subsample": Changes(20),
            "max_absolute_value": Changes(1.0),
            "random_state": Changes(1, base={"subsample": 20}),
            "copy": Same(False, "where the result is written is not what it is"),
            "n_jobs": Same(2, "columns are independent of each other"),
        },
    ),
    "ModalityPreprocessor": (
        BLOCKS,
        {
            "default": Changes(StandardScaler()),
            "transformers": Changes([("a", StandardScaler())]),
            "modalities": Changes(None, base={"transformers": [("a", StandardScaler())]}),
            "tokens": Changes({"a": 3}, base=SCALED),
        },
    ),
    "BlockPCA": (
        PCA,
        {
            "n_components": Changes(3),
            "log_narrow": Changes(True, base={"n_components": 9}),
            "impute": Refused(False, "NaN", rows="gaps"),
            "standardize": Changes(False),
            "random_state": Same(1, "small blocks are decomposed exactly"),
        },
    ),
    "GapFiller": (GAPS, {"indicator_share": Changes(0.9)}),
    "FloatColumns": (
        FLOATS,
        {
            "mixed": Changes(None),
            "n_components": Changes(2, rows="sparse"),
            "random_state": Changes(1, rows="sparse", base={"n_components": 2}),
        },
    ),
    "RetrievalAugmenter": (
        RETRIEVED,
        {
            "modalities": Changes(None),
            "n_neighbors": Changes(3),
            "metric": Changes("cosine"),
            "temperature": Changes(9.0),
            "joint": Changes(False),
            "include_distances": Changes(False),
            "passthrough": Changes(False),
            "cv": Changes(3),
            "algorithm": Elsewhere(
                "preprocessing/test_neighbors.py", "test_the_approximate_search_finds_nearly_all"
            ),
            "n_jobs": Same(2, "rows are independent of each other"),
            "random_state": Changes(1),
        },
    ),
    "TokenPooling": (TOKENS, {"pooling": Changes("max"), "n_tokens": Changes(1)}),
    "VectorColumns": (Case(VectorColumns, targets=None), {}),
    "EngagementBinner": (BINS, {"n_bins": Changes(3)}),
    "TextEncoder": (ENCODED[TextEncoder], OF_ENCODERS),
    "ImageEncoder": (ENCODED[ImageEncoder], OF_ENCODERS),
    "VideoEncoder": (
        ENCODED[VideoEncoder],
        OF_ENCODERS | {"n_frames": Refused(3, UNSEEN)},
    ),
    "AudioEncoder": (
        ENCODED[AudioEncoder],
        OF_ENCODERS | {"sampling_rate": Refused(8000, UNSEEN), "window": Refused(2.0, UNSEEN)},
    ),
}
FIT_ARGUMENTS = {
    "RetrievalAugmenter": (RETRIEVED, {"groups": Changes(_data.GROUPS)}),
    "ModalityPreprocessor": (
        BLOCKS,
        {
            "groups": Changes(
                _data.GROUPS,
                base={"default": RetrievalAugmenter(n_neighbors=3, joint=False, random_state=0)},
            )
        },
    ),
}
IGNORED = {
    "ModalityPreprocessor": (BLOCKS, {"groups": Refused(_data.GROUPS, "groups were passed")}),
}
