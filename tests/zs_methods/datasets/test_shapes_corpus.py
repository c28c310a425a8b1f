"""Tests of zs_methods.datasets.shapes_corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from zs_methods.datasets import shapes_corpus
from zs_methods.datasets.shapes_corpus import COLOURS, TEXTURES
from zs_methods.datasets.spec import SPECS, load_spec
from zs_methods.vectors.class_vectors import load_class_vectors

FILES = {model: SPECS / f'shapes_{model}.txt' for model in shapes_corpus.MODELS}


def cosines(names: Sequence[str], file: Path) -> np.ndarray:
    """Cosine similarities of every two class names in a shipped file, shape (pairs,)."""
    vectors = load_class_vectors(names, file, normalise='l2')
    return (vectors @ vectors.T)[np.triu_indices(len(names), k=1)]


def test_sentences_repeat_and_hold_the_class_words() -> None:
    corpus = shapes_corpus.sentences()
    assert corpus == shapes_corpus.sentences()
    assert {'background', *TEXTURES, *COLOURS} <= {word for sentence in corpus for word in sentence}


@pytest.mark.parametrize('model', FILES)
def test_training_repeats_and_agrees_with_the_shipped_file(tmp_path: Path, model: str) -> None:
    files = tmp_path / 'first.txt', tmp_path / 'second.txt'
    for file in files:
        shapes_corpus.main(['--out', str(file), '--model', model])
    assert files[0].read_bytes() == files[1].read_bytes()
    words = [line.split()[0] for line in FILES[model].read_text().splitlines()[1:]]
    assert words == sorted(words)
    assert words == [line.split()[0] for line in files[0].read_text().splitlines()[1:]]
    shipped, made = (load_class_vectors(words, file, normalise='l2') for file in (FILES[model], files[0]))
    assert (shipped * made).sum(axis=1).min() > 1 - 1e-3


@pytest.mark.parametrize('file', FILES.values(), ids=FILES)
def test_textures_and_colours_are_distinct_and_apart(file: Path) -> None:
    textures, colours = cosines(list(TEXTURES), file), cosines(list(COLOURS), file)
    across = [cosines([texture, colour], file).item() for texture in TEXTURES for colour in COLOURS]
    assert max(textures.max(), colours.max()) < 0.7
    assert max(across) < min(textures.min(), colours.min()) - 0.3
    assert cosines(load_spec('shapes').classes, file).max() < 0.9


def test_the_two_models_differ_and_are_small() -> None:
    first, second = (load_class_vectors(('striped red', 'background'), file) for file in FILES.values())
    assert first.shape == second.shape == (2, 32) and np.abs(first - second).max() > 0.1
    assert all(file.stat().st_size < 100_000 for file in FILES.values())
    with pytest.raises(ValueError, match="'word2vec', 'fasttext'"):
        shapes_corpus.train(model='glove')
