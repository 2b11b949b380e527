import gc
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest

import mofa_sklearn.datasets._matrix as module
from mofa_sklearn.datasets import load_modalities

N_SAMPLES = 7
MMAP_MODES = [None, "r", "c"]


@pytest.fixture
def arrays():
    rng = np.random.RandomState(0)
    return {
        "text_features": rng.normal(size=(N_SAMPLES, 3)),
        "image_features": rng.normal(size=(N_SAMPLES, 4)).astype(np.float32),
        "duration_features": rng.randint(100, size=N_SAMPLES),
        "popularity_counts": rng.randint(1000, size=(N_SAMPLES, 2)),
        "creator_ids": np.arange(N_SAMPLES),
        "vocabulary": np.arange(50),
    }


@pytest.fixture
def folder(tmp_path, arrays):
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    return tmp_path


@pytest.fixture
def scratch(tmp_path_factory, monkeypatch):
    """The folder that temporary files go to."""
    path = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


# ------------------------------------------------------------------- what is loaded


@pytest.mark.parametrize("mmap_mode", MMAP_MODES)
def test_blocks_stand_side_by_side_in_the_order_of_their_names(folder, arrays, scratch, mmap_mode):
    videos = load_modalities(folder, mmap_mode=mmap_mode)
    assert list(videos.modalities.items()) == [("duration", 1), ("image", 4), ("text", 3)]
    blocks = [arrays[f"{name}_features"] for name in videos.modalities]
    expected = np.column_stack(blocks).astype(np.float32)
    assert videos.data.dtype == np.float32
    np.testing.assert_array_equal(videos.data, expected)
    assert videos.feature_names[:3] == ["duration_0", "image_0", "image_1"]
    assert len(videos.feature_names) == videos.data.shape[1]


def test_folder_may_be_a_string(folder):
    assert load_modalities(str(folder)).data.shape == (N_SAMPLES, 8)


def test_rows_are_copied_in_chunks_without_loss(folder, monkeypatch):
    expected = load_modalities(folder).data
    monkeypatch.setattr(module, "_CHUNK_BYTES", 8 * 4 * 3)  # three rows at a time
    np.testing.assert_array_equal(load_modalities(folder).data, expected)


@pytest.mark.parametrize("mmap_mode", MMAP_MODES)
def test_target_is_the_file_in_memory(folder, arrays, scratch, mmap_mode):
    target = load_modalities(folder, mmap_mode=mmap_mode).target
    assert type(target) is np.ndarray
    assert target.dtype == arrays["popularity_counts"].dtype
    np.testing.assert_array_equal(target, arrays["popularity_counts"])


def test_another_file_can_be_the_target(folder, arrays):
    videos = load_modalities(folder, target="creator_ids")
    np.testing.assert_array_equal(videos.target, arrays["creator_ids"])
    np.testing.assert_array_equal(videos.popularity_counts, arrays["popularity_counts"])


def test_a_target_is_not_a_modality_whatever_its_name(folder):
    assert "text" not in load_modalities(folder, target="text_features").modalities


@pytest.mark.parametrize(
    ("stored", "expected"),
    [("int8", "float32"), ("float16", "float32"), ("float32", "float32"), ("int64", "float64")],
)
def test_log1p_target(folder, stored, expected):
    counts = np.arange(N_SAMPLES, dtype=stored)
    np.save(folder / "popularity_counts.npy", counts)
    target = load_modalities(folder, log1p_target=True).target
    assert target.dtype == expected
    np.testing.assert_allclose(target, np.log1p(np.arange(N_SAMPLES)), rtol=1e-6)


def test_arrays_of_the_same_length_come_along_and_others_do_not(folder, arrays):
    videos = load_modalities(folder)
    np.testing.assert_array_equal(videos.creator_ids, arrays["creator_ids"])
    assert set(videos) == {
        "data",
        "target",
        "modalities",
        "tokens",
        "feature_names",
        "creator_ids",
    }


def test_hidden_files_and_subfolders_are_left_alone(folder):
    (folder / "._image_features.npy").write_bytes(b"resource fork")
    (folder / "sound_features.npy").mkdir()
    assert "sound" not in load_modalities(folder).modalities


# ------------------------------------------------------------------ mapped from disk


def test_one_float32_file_is_mapped_itself(folder, arrays, scratch):
    for name in ("text", "duration"):
        (folder / f"{name}_features.npy").unlink()
    data = load_modalities(folder, mmap_mode="r").data
    assert isinstance(data, np.memmap)
    assert Path(data.filename) == folder / "image_features.npy"
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("mmap_mode", ["r", "c"])
def test_joined_blocks_are_mapped_from_a_file_outside_the_folder(folder, scratch, mmap_mode):
    before = sorted(folder.iterdir())
    data = load_modalities(folder, mmap_mode=mmap_mode).data
    assert isinstance(data, np.memmap)
    assert data.flags.writeable == (mmap_mode == "c")
    assert Path(data.filename).parent == scratch
    assert sorted(folder.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be deleted there")
def test_the_temporary_file_lives_as_long_as_the_last_view(folder, scratch):
    videos = load_modalities(folder, mmap_mode="r")
    view = np.asarray(videos.data)[2:, ::2]
    del videos
    gc.collect()
    assert len(list(scratch.iterdir())) == 1
    assert np.isfinite(view).all()
    del view
    gc.collect()
    assert not list(scratch.iterdir())


def test_no_temporary_file_stays_behind_an_error(folder, scratch, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_fill", fail)
    with pytest.raises(KeyboardInterrupt):
        load_modalities(folder, mmap_mode="r")
    assert not list(scratch.iterdir())


def test_writing_to_a_copy_on_write_array_leaves_the_file_alone(folder, arrays):
    for name in ("text", "duration"):
        (folder / f"{name}_features.npy").unlink()
    load_modalities(folder, mmap_mode="c").data[:] = 0
    np.testing.assert_array_equal(np.load(folder / "image_features.npy"), arrays["image_features"])


def test_other_arrays_are_mapped_too(folder, scratch):
    assert isinstance(load_modalities(folder, mmap_mode="r").creator_ids, np.memmap)
    assert type(load_modalities(folder).creator_ids) is np.ndarray


# ------------------------------------------------------------------------- bad input


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_modalities(tmp_path / "nowhere")


def test_folder_is_a_file(folder):
    with pytest.raises(ValueError, match=r"creator_ids\.npy' is of no kind"):
        load_modalities(folder / "creator_ids.npy")


def test_no_features(tmp_path):
    np.save(tmp_path / "popularity_counts.npy", np.arange(3))
    np.save(tmp_path / "_features.npy", np.ones((3, 2)))
    with pytest.raises(FileNotFoundError, match="<modality>_features"):
        load_modalities(tmp_path)


def test_missing_target(folder):
    with pytest.raises(FileNotFoundError, match=r"likes\.npy"):
        load_modalities(folder, target="likes")


@pytest.mark.parametrize("name", ["text_features", "popularity_counts"])
def test_differing_lengths_are_named_with_both_files_and_numbers(folder, name):
    np.save(folder / f"{name}.npy", np.ones((5, 2)))
    with pytest.raises(ValueError, match=rf"{name}\.npy' has 5 rows, but .*_features\.npy' has 7"):
        load_modalities(folder)


@pytest.mark.parametrize("name", ["text_features", "popularity_counts", "creator_ids"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign", "objects"])
def test_damaged_files_are_named(folder, name, damage):
    path = folder / f"{name}.npy"
    content = path.read_bytes()
    if damage == "objects":
        np.save(path, np.array([{}] * N_SAMPLES, dtype=object), allow_pickle=True)
    else:
        new = {"truncated": content[:-4], "empty": b"", "foreign": b"PK\x03\x04" + content}
        path.write_bytes(new[damage])
    with pytest.raises(ValueError, match=rf"{name}\.npy' cannot be read"):
        load_modalities(folder)


@pytest.mark.parametrize("name", ["text_features", "popularity_counts"])
@pytest.mark.parametrize("dtype", ["U1", "datetime64[s]", "complex64"])
def test_arrays_that_are_not_real_numbers_are_named(folder, name, dtype):
    np.save(folder / f"{name}.npy", np.ones(N_SAMPLES, dtype="int8").astype(dtype))
    with pytest.raises(ValueError, match=rf"{name}\.npy' has dtype"):
        load_modalities(folder)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("text_features", (N_SAMPLES, 2, 2, 2)), ("popularity_counts", (N_SAMPLES, 2, 2))],
)
def test_arrays_of_too_many_dimensions_are_named(folder, name, shape):
    np.save(folder / f"{name}.npy", np.ones(shape))
    with pytest.raises(ValueError, match=rf"{name}\.npy' has shape {re.escape(str(shape))}"):
        load_modalities(folder)


def test_a_block_without_columns_is_named(folder):
    np.save(folder / "text_features.npy", np.ones((N_SAMPLES, 0)))
    with pytest.raises(ValueError, match=r"text_features\.npy"):
        load_modalities(folder)


def test_an_array_of_no_rows_among_the_others_is_left_out(folder):
    np.save(folder / "notes.npy", np.ones(0))
    assert "notes" not in load_modalities(folder)


def test_log1p_of_negative_counts_is_refused(folder):
    np.save(folder / "popularity_counts.npy", np.arange(N_SAMPLES) - 2)
    with pytest.raises(ValueError, match=r"popularity_counts\.npy' has 2 negative"):
        load_modalities(folder, log1p_target=True)


def test_an_array_named_like_a_field_is_refused(folder):
    np.save(folder / "data.npy", np.ones(N_SAMPLES))
    with pytest.raises(ValueError, match=r"data\.npy"):
        load_modalities(folder)


def test_modes_that_would_write_to_the_files_are_refused(folder):
    with pytest.raises(ValueError, match="mmap_mode"):
        load_modalities(folder, mmap_mode="r+")


# ------------------------------------------------------------- other names and sequences


@pytest.mark.parametrize(
    ("pattern", "modality"), [("emb_*.npy", "image"), ("emb_*", "image"), ("*mage", "emb_i")]
)
def test_a_pattern_tells_the_modalities(tmp_path, pattern, modality):
    np.save(tmp_path / "emb_image.npy", np.ones((N_SAMPLES, 2)))
    np.save(tmp_path / "y.npy", np.arange(N_SAMPLES))
    assert load_modalities(tmp_path, target="y", pattern=pattern).modalities == {modality: 2}


def test_metadata_is_no_modality_even_where_the_pattern_names_it(folder):
    videos = load_modalities(folder, pattern="*", metadata=["creator_ids", "vocabulary"])
    assert set(videos.modalities) == {"text_features", "image_features", "duration_features"}
    assert "creator_ids" in videos


@pytest.mark.parametrize("pattern", ["features", "*_*", ""])
def test_a_pattern_has_one_star(folder, pattern):
    with pytest.raises(ValueError, match="one star"):
        load_modalities(folder, pattern=pattern or "none")


@pytest.mark.parametrize("mmap_mode", MMAP_MODES)
def test_sequences_become_a_block_and_their_number_of_tokens(folder, scratch, mmap_mode):
    frames = np.random.RandomState(0).normal(size=(N_SAMPLES, 3, 2))
    np.save(folder / "video_features.npy", frames)
    videos = load_modalities(folder, mmap_mode=mmap_mode)
    assert videos.tokens == {"video": 3}
    assert videos.modalities["video"] == 6
    np.testing.assert_allclose(videos.data[:, -6:].reshape(frames.shape), frames, rtol=1e-6)


def test_several_targets_stand_side_by_side(folder):
    videos = load_modalities(folder, target=["creator_ids", "popularity_counts"])
    assert videos.target.shape == (N_SAMPLES, 3)
    assert videos.target_names == ["creator_ids", "popularity_counts"]


@pytest.mark.parametrize("name", ["self", "keys", "cls"])
def test_any_name_of_a_further_array_will_do(folder, name):
    np.save(folder / f"{name}.npy", np.arange(N_SAMPLES))
    np.testing.assert_array_equal(load_modalities(folder)[name], np.arange(N_SAMPLES))


@pytest.mark.parametrize("header", ["-" * 9000 + "1", "{'descr': (((", "(" * 300, "{" * 90, "[]"])
def test_a_header_that_is_no_literal_is_named(folder, header):
    text = header.encode()
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    (folder / "text_features.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"text_features\.npy' cannot be read"):
        load_modalities(folder)
