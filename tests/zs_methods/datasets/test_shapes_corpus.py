"""Tests of zs_methods.datasets.shapes_corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zs_methods.datasets import shapes_corpus
from zs_methods.datasets.shapes_corpus import COLOURS, DEFAULT_FILE, TEXTURES
from zs_methods.datasets.spec import load_spec
from zs_methods.word_vectors import load_class_vectors


def cosines(names: Sequence[str]) -> np.ndarray:
    """Cosine similarities of every two class names in the shipped file, shape (pairs,)."""
    vectors = load_class_vectors(names, DEFAULT_FILE, normalise='l2')
    return (vectors @ vectors.T)[np.triu_indices(len(names), k=1)]


def test_sentences_repeat_and_hold_the_class_words() -> None:
    corpus = shapes_corpus.sentences()
    assert corpus == shapes_corpus.sentences()
    assert {'background', *TEXTURES, *COLOURS} <= {word for sentence in corpus for word in sentence}


def test_training_repeats_and_agrees_with_the_shipped_file(tmp_path: Path) -> None:
    files = tmp_path / 'first.txt', tmp_path / 'second.txt'
    for file in files:
        shapes_corpus.main(['--out', str(file)])
    assert files[0].read_bytes() == files[1].read_bytes()
    words = [line.split()[0] for line in DEFAULT_FILE.read_text().splitlines()[1:]]
    assert words == sorted(words)
    assert words == [line.split()[0] for line in files[0].read_text().splitlines()[1:]]
    shipped, made = (load_class_vectors(words, file, normalise='l2') for file in (DEFAULT_FILE, files[0]))
    assert (shipped * made).sum(axis=1).min() > 1 - 1e-3


def test_textures_and_colours_are_distinct_and_apart() -> None:
    textures, colours = cosines(list(TEXTURES)), cosines(list(COLOURS))
    across = [cosines([texture, colour]).item() for texture in TEXTURES for colour in COLOURS]
    assert max(textures.max(), colours.max()) < 0.7
    assert max(across) < min(textures.min(), colours.min()) - 0.3
    assert cosines(load_spec('shapes').classes).max() < 0.9
