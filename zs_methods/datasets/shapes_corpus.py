"""Word vectors of the embedded benchmark: a tiny artificial language, and Word2Vec and FastText trained on it.

Every texture and every colour has things that are typical of it, and all of them describe the same nouns, so that
the vectors of textures gather apart from those of colours and no two words are alike.

Run as ``python -m zs_methods.datasets.shapes_corpus``, with ``--model fasttext`` for the other file; the results are
part of the package and byte-identical when made again on the same machine.
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np
from gensim.models import FastText, KeyedVectors, Word2Vec

from zs_methods.datasets.spec import SPECS

MODELS = ('word2vec', 'fasttext')

TEXTURES = {
    'striped': ('zebra', 'sailor', 'lines', 'tiger', 'pyjamas', 'awning'),
    'banded': ('layers', 'agate', 'belt', 'rings', 'onion', 'shell'),
    'hatched': ('diagonal', 'crossing', 'net', 'pen', 'drawing', 'lattice'),
    'checked': ('squares', 'chess', 'board', 'tablecloth', 'kitchen', 'tiles'),
    'dotted': ('spots', 'ladybird', 'dice', 'domino', 'freckles', 'pearls'),
}
COLOURS = {
    'red': ('blood', 'cherry', 'rose', 'brick', 'fire', 'tomato'),
    'green': ('grass', 'leaf', 'forest', 'frog', 'moss', 'cucumber'),
    'blue': ('sky', 'sea', 'ocean', 'sapphire', 'lake', 'ink'),
    'yellow': ('lemon', 'sun', 'banana', 'sand', 'honey', 'butter'),
}
SURROUNDINGS = ('wall', 'scene', 'landscape', 'room', 'distance', 'horizon', 'clutter', 'shadow')
NOUNS = ('fabric', 'shirt', 'flag', 'paper', 'carpet', 'curtain', 'ribbon', 'poster', 'blanket', 'scarf')
TEMPLATES = {
    'texture': (
        'the {texture} {noun} shows {texture_thing} and {texture_other}',
        'a pattern of {texture_thing} makes a {noun} {texture}',
        '{texture} like {texture_thing} or {texture_other} in pattern',
    ),
    'colour': (
        'the {colour} {noun} shines like {colour_thing} and {colour_other}',
        'paint of {colour_thing} makes a {noun} {colour}',
        '{colour} like {colour_thing} or {colour_other} in colour',
    ),
    'both': (
        'a {texture} {colour} {noun}',
        'one {noun} with {texture_thing} has {colour_thing} tones',
    ),
    'background': (
        'behind the {noun} the background is a {surrounding} or a {other_surrounding}',
        'background of {surrounding} and {other_surrounding} far behind',
    ),
}
SENTENCES = 6000
SETTINGS = dict(vector_size=32, window=4, min_count=1, sg=1, negative=5, sample=1e-2, epochs=10, alpha=0.05)
#: FastText's own: a word is the mean of its vector and those of its parts of 3 to 6 letters, hashed into few buckets.
PARTS = dict(min_n=3, max_n=6, bucket=2000)
SEED = 1


def sentences(seed: int = SEED) -> list[list[str]]:
    """Writes the corpus.

    Args:
        seed (int): what the choice of templates and words depends on.

    Returns:
        list[list[str]]: `SENTENCES` sentences of lower-case words.
    """
    rng = np.random.default_rng(seed)
    kinds = list(TEMPLATES)
    corpus = []
    for _ in range(SENTENCES):
        texture, colour = str(rng.choice(list(TEXTURES))), str(rng.choice(list(COLOURS)))
        texture_thing, texture_other = rng.choice(TEXTURES[texture], 2, replace=False)
        colour_thing, colour_other = rng.choice(COLOURS[colour], 2, replace=False)
        surrounding, other_surrounding = rng.choice(SURROUNDINGS, 2, replace=False)
        template = str(rng.choice(TEMPLATES[str(rng.choice(kinds, p=(0.35, 0.35, 0.15, 0.15)))]))
        corpus.append(template.format(
            texture=texture, texture_thing=texture_thing, texture_other=texture_other,
            colour=colour, colour_thing=colour_thing, colour_other=colour_other,
            surrounding=surrounding, other_surrounding=other_surrounding, noun=rng.choice(NOUNS)).split())
    return corpus


def train(seed: int = SEED, model: str = 'word2vec') -> KeyedVectors:
    """Trains skip-gram vectors on the corpus; one thread and a fixed hash, so that the result repeats.

    Args:
        seed (int): seed of the corpus and of the training.
        model (str): one of `MODELS`.

    Returns:
        KeyedVectors: 32 values per word, float32, not normalised.

    Raises:
        ValueError: another model.
    """
    if model not in MODELS:
        raise ValueError(f'model must be one of {MODELS}, got {model!r}')
    kind, settings = (Word2Vec, SETTINGS) if model == 'word2vec' else (FastText, {**SETTINGS, **PARTS})
    return kind(sentences(seed), seed=seed, workers=1, hashfxn=_hash, **settings).wv


def write(words: KeyedVectors, file: Path) -> None:
    """Writes word2vec's text format: words in alphabetical order, six decimals.

    Args:
        words (KeyedVectors): vectors to write.
        file (Path): replaced if it exists.
    """
    rows = [' '.join([word, *(f'{value:.6f}' for value in words[word])]) for word in sorted(words.key_to_index)]
    file.write_text('\n'.join([f'{len(rows)} {words.vector_size}', *rows, '']), encoding='utf-8', newline='\n')


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description='Make the word vectors of the embedded benchmark.')
    parser.add_argument('--out', type=Path, help='file to write (default: the shipped one)')
    parser.add_argument('--model', choices=MODELS, default='word2vec')
    args = parser.parse_args(argv)
    words, file = train(model=args.model), args.out or SPECS / f'shapes_{args.model}.txt'
    write(words, file)
    print(f'{file}: {len(words)} words, {words.vector_size} values each')


def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


if __name__ == '__main__':
    main()
