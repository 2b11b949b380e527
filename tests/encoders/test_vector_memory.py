"""Vectors remembered on disk."""

import multiprocessing
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from mofa_sklearn.encoders import TextEncoder, VectorMemoryError
from mofa_sklearn.encoders._vector_memory import FILE_NAME, VectorMemory

TEXTS = [f"text {i % 30} of {'many ' * (i % 5)}" for i in range(60)]
TARGETS = np.arange(60.0)


@pytest.fixture
def counting():
    """An encoder's function, and the list of the cells that it was given."""
    seen = []

    def encode(cells):
        seen.extend(cells)
        return np.array([[len(cell), cell.count("m"), ord(cell[5])] for cell in cells], float)

    return encode, seen


def counted(seen):
    """How often each cell was encoded, at most."""
    return max(map(seen.count, seen), default=0)


def test_cross_validation_encodes_each_distinct_cell_once(counting, tmp_path):
    encode, seen = counting
    model = make_pipeline(TextEncoder(encode, memory=tmp_path), Ridge())
    cross_val_score(model, TEXTS, TARGETS, cv=5)
    assert sorted(seen) == sorted(set(TEXTS))


def test_a_run_again_other_folds_and_a_grid_encode_nothing(counting, tmp_path):
    encode, seen = counting
    model = make_pipeline(TextEncoder(encode, memory=tmp_path), Ridge())
    first = cross_val_score(model, TEXTS, TARGETS, cv=5)
    seen.clear()
    np.testing.assert_array_equal(first, cross_val_score(model, TEXTS, TARGETS, cv=5))
    cross_val_score(model, TEXTS, TARGETS, cv=KFold(4, shuffle=True, random_state=0))
    grid = {
        "textencoder__n_components": [None, 2],
        "textencoder__normalize": [True, False],
        "ridge__alpha": [1, 10],
    }
    GridSearchCV(model, grid, cv=3, error_score="raise").fit(TEXTS, TARGETS)
    assert not seen


def test_without_a_memory_a_call_encodes_each_distinct_cell_once(counting):
    encode, seen = counting
    TextEncoder(encode).fit_transform(TEXTS)
    assert sorted(seen) == sorted(set(TEXTS))


def test_new_cells_alone_are_encoded(counting, tmp_path):
    encode, seen = counting
    encoder = TextEncoder(encode, memory=tmp_path).fit(TEXTS)
    seen.clear()
    encoder.transform([*TEXTS, "text new"])
    assert seen == ["text new"]


def test_memory_changes_no_value(counting, tmp_path):
    encode, _ = counting
    without = TextEncoder(encode).fit_transform(TEXTS)
    for _ in range(2):
        np.testing.assert_array_equal(
            without, TextEncoder(encode, memory=tmp_path).fit_transform(TEXTS)
        )


@pytest.mark.parametrize(
    "other", [{"dtype": "bfloat16"}, {"pooling": "max"}, {"model_name": "deberta"}]
)
def test_what_changes_vectors_does_not_find_others(other, models, tmp_path):
    settings = {"model_name": "bert", "memory": tmp_path}
    encoders = [
        TextEncoder(**{**each, "model_name": models(each["model_name"])})
        for each in (settings, {**settings, **other})
    ]
    one, another = (encoder.fit_transform(["abc", "de"]) for encoder in encoders)
    assert not np.allclose(one, another, atol=1e-6)


def test_functions_do_not_find_each_others_vectors(tmp_path):
    def make(factor):
        return lambda cells: np.full((len(cells), 2), factor)

    one, other = (
        TextEncoder(make(factor), memory=tmp_path).fit_transform(["a"]) for factor in (1.0, 2.0)
    )
    assert (one[0, 0], other[0, 0]) == (1, 2)


def test_a_functions_revision_replaces_looking_into_it(tmp_path):
    encoders = [
        TextEncoder(lambda cells: np.ones((len(cells), 2)), memory=tmp_path, revision="1"),
        TextEncoder(lambda cells: np.zeros((len(cells), 2)), memory=tmp_path, revision="1"),
        TextEncoder(lambda cells: np.zeros((len(cells), 2)), memory=tmp_path, revision="2"),
    ]
    assert [encoder.fit_transform(["a"])[0, 0] for encoder in encoders] == [1, 1, 0]


def test_a_model_is_not_loaded_where_all_is_remembered(models, tmp_path):
    first = TextEncoder(models("bert"), memory=tmp_path).fit(["abc", "de"])
    second = TextEncoder(models("bert"), memory=tmp_path).fit(["de"])
    assert first._model is not None
    assert second._model is None


def test_tokens_are_remembered(models, tmp_path):
    encoder = TextEncoder(models("bert"), pooling="none", memory=tmp_path)
    np.testing.assert_array_equal(
        encoder.fit_transform(["abc", "de", None]), encoder.fit_transform(["abc", "de", None])
    )


FORK = multiprocessing.get_context("fork")
N_CELLS = 40


def encode_in_process(folder, pause):
    """Encode cells, and write each that was encoded into a file."""

    def encode(cells):
        with open(folder / "log", "a") as log:
            log.writelines(f"{cell}\n" for cell in cells)
        time.sleep(pause)
        return np.array([[len(cell), 1.0] for cell in cells])

    encoder = TextEncoder(encode, memory=folder, revision="1", batch_size=5)
    vectors = encoder.fit_transform([f"cell {i}" for i in range(N_CELLS)])
    assert vectors[:, 0].tolist() == [len(f"cell {i}") for i in range(N_CELLS)]


def start(folder, pause):
    process = FORK.Process(target=encode_in_process, args=(folder, pause))
    process.start()
    return process


def encoded(folder):
    log = folder / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_processes_at_once_and_a_later_one_encode_nothing_twice(tmp_path):
    processes = [start(tmp_path, 0.05) for _ in range(3)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    encode_in_process(tmp_path, 0)
    assert sorted(encoded(tmp_path)) == sorted(f"cell {i}" for i in range(N_CELLS))


def test_a_killed_process_loses_its_batch_at_most(tmp_path):
    process = start(tmp_path, 0.2)
    while len(encoded(tmp_path)) < 15:  # within the third batch
        time.sleep(0.01)
    process.kill()
    process.join()
    before = encoded(tmp_path)
    encode_in_process(tmp_path, 0)
    again = set(before) & set(encoded(tmp_path)[len(before) :])
    assert len(set(encoded(tmp_path))) == N_CELLS
    assert again == set(before[-5:])


def keep_in_process(folder, start_at):
    with VectorMemory(folder, "settings") as memory:
        for i in range(start_at, start_at + 20):
            memory.keep({bytes([i]): np.full(3, i, dtype=np.float32)}, claimed=[])


def test_several_processes_write_at_once(tmp_path):
    workers = [
        FORK.Process(target=keep_in_process, args=(tmp_path, start_at))
        for start_at in (0, 20, 40, 60)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with VectorMemory(tmp_path, "settings") as memory:
        found = memory.find([bytes([i]) for i in range(80)])
    assert {cell[0]: vector[0] for cell, vector in found.items()} == {i: i for i in range(80)}


def test_what_one_claims_others_wait_for_and_get_on_an_error(tmp_path):
    cells = [b"a", b"b"]
    with VectorMemory(tmp_path, "s") as one, VectorMemory(tmp_path, "s") as other:
        other._owner = f"{other._owner}0"  # as that of another thread
        assert one.claim(cells) == cells
        assert other.claim(cells) == []
        with pytest.raises(KeyboardInterrupt), one.giving_back(cells):
            raise KeyboardInterrupt
        assert other.claim(cells) == cells


def test_a_claim_of_a_dead_process_is_taken_over(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with VectorMemory(tmp_path, "s") as one, VectorMemory(tmp_path, "s") as other:
        host, _, thread = one._owner.rsplit(":", 2)
        one._owner = f"{host}:{process.pid}:{thread}"
        assert one.claim([b"a"]) == [b"a"]
        assert other.claim([b"a"]) == [b"a"]


@pytest.mark.parametrize(
    "damage",
    [
        "data = zeroblob(length(data))",
        "data = substr(data, 1, 4)",
        "checksum = checksum + 1",
        "width = width + 1",
        "data = 'text'",
    ],
)
def test_a_damaged_entry_is_encoded_again(damage, counting, tmp_path):
    encode, seen = counting
    encoder = TextEncoder(encode, memory=tmp_path)
    vectors = encoder.fit_transform(TEXTS)
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute(f"UPDATE vectors SET {damage} WHERE rowid = 3")
    seen.clear()
    for _ in range(2):
        np.testing.assert_array_equal(encoder.transform(TEXTS), vectors)
    assert len(seen) == 1


@pytest.mark.parametrize("content", [b"no database at all " * 500, None])
def test_a_damaged_file_is_an_error_that_names_it(content, counting, tmp_path):
    encode, _ = counting
    path = tmp_path / FILE_NAME
    TextEncoder(encode, memory=tmp_path).fit(TEXTS)
    if content is None:  # the tree of the table
        content = bytearray(path.read_bytes())
        content[100:4096] = os.urandom(3996)
    for file in tmp_path.iterdir():
        file.unlink()
    path.write_bytes(content)
    with pytest.raises(VectorMemoryError, match=rf"{FILE_NAME} is damaged.*delete it"):
        TextEncoder(encode, memory=tmp_path).fit(TEXTS)


@pytest.mark.parametrize("seed", range(3))
def test_damage_anywhere_gives_the_same_vectors_or_an_error(seed, counting, tmp_path):
    encode, _ = counting
    encoder = TextEncoder(encode, memory=tmp_path / "memory")
    vectors = encoder.fit_transform(TEXTS)
    whole = (tmp_path / "memory" / FILE_NAME).read_bytes()
    rng = np.random.default_rng(seed)
    for i in range(15):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 5):
            damaged[place] ^= 1 << rng.integers(8)
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(damaged)
        try:
            given = TextEncoder(encode, memory=folder).fit_transform(TEXTS)
        except VectorMemoryError:
            continue
        np.testing.assert_array_equal(given, vectors)


def encode_within(folder, n_bytes, texts):
    """Encode texts where no file may grow beyond some bytes: the system refuses to write."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
    encoder = TextEncoder(
        lambda cells: np.ones((len(cells), 1000)), memory=folder, revision="1", batch_size=2
    )
    try:
        encoder.fit(texts)
    except VectorMemoryError as error:
        (folder / "error").write_text(str(error))


def test_a_full_disk_is_an_error_and_leaves_what_is_there(tmp_path):
    texts = [str(i) for i in range(200)]
    process = FORK.Process(target=encode_within, args=(tmp_path, 400_000, texts))
    process.start()
    process.join()
    assert "cannot be written: the disk is full" in (tmp_path / "error").read_text()
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert 4 < database.execute("SELECT COUNT(*) FROM vectors").fetchone()[0] < len(texts)


def test_a_memory_that_is_no_folder_is_an_error(counting, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VectorMemoryError, match="must be a folder"):
        TextEncoder(counting[0], memory=tmp_path / "file").fit(TEXTS)


def test_an_unchanged_file_is_not_read_again(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"one")
    os.utime(file, (1, 1))
    with VectorMemory(tmp_path, "s") as memory:
        before = memory.digest_file(str(file))
        memory.keep_digests()
        assert memory.digest_file(str(file)) == before
        file.write_bytes(b"two")
        os.utime(file, (1, 1))
        assert memory.digest_file(str(file)) != before
