"""Archives and tables: `load_modalities` of one file."""

import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.datasets import load_modalities

N_SAMPLES = 6


@pytest.fixture
def frame():
    rng = np.random.RandomState(0)
    return pd.DataFrame(
        {
            "title": ["a", "b", None, "d", "e", "f"],
            "clip": list(rng.normal(size=(N_SAMPLES, 3))),
            "posted": pd.date_range("2026-01-01", periods=N_SAMPLES),
            "stats_0": np.arange(N_SAMPLES),
            "creator": np.arange(N_SAMPLES) // 2,
            "views": np.arange(N_SAMPLES) * 10,
            "likes": np.arange(N_SAMPLES),
        }
    )


@pytest.fixture
def arrays():
    rng = np.random.RandomState(0)
    return {
        "image_features": rng.normal(size=(N_SAMPLES, 2)),
        "video_features": rng.normal(size=(N_SAMPLES, 2, 2)),
        "popularity_counts": np.arange(N_SAMPLES),
        "creator_ids": np.arange(N_SAMPLES),
    }


def test_an_archive_is_loaded_as_a_folder_of_its_arrays_is(tmp_path, arrays):
    np.savez(tmp_path / "videos.npz", **arrays)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    of_archive = load_modalities(tmp_path / "videos.npz", log1p_target=True)
    of_folder = load_modalities(folder, log1p_target=True)
    assert of_archive.keys() == of_folder.keys()
    for name in of_folder:
        np.testing.assert_equal(of_archive[name], of_folder[name])


def test_of_an_archive_without_the_usual_names_every_matrix_is_a_modality(tmp_path):
    path = tmp_path / "videos.npz"
    np.savez(path, image=np.ones((4, 2)), text=np.ones((4, 3)), y=np.ones((4, 2)), ids=np.ones(4))
    videos = load_modalities(path, target="y")
    assert videos.modalities == {"image": 2, "text": 3}
    assert len(videos.ids) == 4


def test_columns_of_a_table_stay_as_they_are(tmp_path, frame):
    path = tmp_path / "videos.parquet"
    frame.to_parquet(path)
    videos = load_modalities(path, target=["views", "likes"], metadata=["creator"])
    assert list(videos.data) == ["title", "clip", "posted", "stats_0"] == videos.feature_names
    assert videos.modalities == {"clip": ["clip"], "stats": ["stats_0"], "table": "rest"}
    assert videos.target_names == ["views", "likes"]
    np.testing.assert_array_equal(videos.target, frame[["views", "likes"]])
    np.testing.assert_array_equal(videos.creator, frame["creator"])


@pytest.mark.parametrize("write", [str, lambda vector: str(list(map(float, vector)))])
def test_vectors_written_as_text_are_read_as_vectors(tmp_path, frame, write):
    path = tmp_path / "videos.csv"
    frame.assign(clip=frame["clip"].map(write)).to_csv(path, index=False)
    videos = load_modalities(path, target="views")
    np.testing.assert_allclose(np.stack(videos.data["clip"]), np.stack(frame["clip"]), rtol=1e-5)
    assert videos.modalities["clip"] == ["clip"]
    np.testing.assert_array_equal(videos.target, frame["views"])


def test_text_in_brackets_stays_text(tmp_path):
    path = tmp_path / "videos.csv"
    pd.DataFrame({"title": ["[live]", "[a]"], "views": [1, 2]}).to_csv(path, index=False)
    assert load_modalities(path, target="views").data["title"].tolist() == ["[live]", "[a]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "likess"}, "no column 'likess'"),
        ({"target": "views", "metadata": ["creatr"]}, "no column 'creatr'"),
        ({"target": "views", "pattern": "*"}, "pattern is for arrays"),
        ({"target": "views", "mmap_mode": "r"}, "mmap_mode='r' is for folders"),
        ({"target": "title", "log1p_target": True}, "'title' .* dtype"),
        ({"target": "delta", "log1p_target": True}, "'delta' .* has 1 negative"),
    ],
)
def test_what_cannot_be_done_with_a_table_is_said(tmp_path, frame, arguments, message):
    path = tmp_path / "videos.parquet"
    frame.assign(delta=[-1, 2, 3, 4, 5, 6]).to_parquet(path)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_modalities(path, **arguments)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv", ".feather"])
def test_a_file_that_is_not_what_it_is_called_is_named(tmp_path, suffix):
    path = tmp_path / f"videos{suffix}"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=f"videos{suffix}"):
        load_modalities(path)


def test_an_archive_of_objects_is_not_unpickled(tmp_path):
    path = tmp_path / "videos.npz"
    np.savez(path, image_features=np.array([{}, {}], dtype=object), popularity_counts=np.ones(2))
    with pytest.raises(ValueError, match=r"videos\.npz' cannot be read"):
        load_modalities(path)
