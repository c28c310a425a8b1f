"""Maps of class ids are written as runs that a browser reads back."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from fakes import fake_examples, fake_record
from pages import one_section

from benchmark.reporting.html.gallery import PER_K, gallery, runs


def read(code: str) -> list[int]:
    pairs = base64.b64decode(code)
    return [value for value, length in zip(pairs[::2], pairs[1::2], strict=True) for _ in range(length)]


@pytest.mark.parametrize('ids', [
    np.zeros((1, 1), np.uint8), np.full((40, 40), 7, np.uint8), np.arange(256, dtype=np.uint8).reshape(16, 16),
    np.array([[0, 0, 255], [255, 255, 0]], np.uint8)])
def test_runs_are_read_back(ids: np.ndarray) -> None:
    assert read(runs(ids)) == ids.ravel().tolist()


def test_every_method_predicts_the_same_images() -> None:
    section = one_section([fake_record(name, k=k, examples=fake_examples(5))
                           for k in (2, 4) for name in ('zs3', 'oracle')])
    found = gallery(section, section.records[0].classes)
    assert [line['unit'] for line in found['lines']] == [0] * PER_K + [1] * PER_K
    for line in found['lines']:
        width, code = line['truth']
        assert width == 16 and len(read(code)) == 16 * 16 and set(read(code)) == {0, 1, 2, 3, 255}
        assert [label for label, _ in line['predictions']] == ['zs3', 'oracle']
    assert sum(map(bool, found['colours'])) == 4 == len(set(found['colours'])) - 1


def test_what_cannot_be_read_is_left_out() -> None:
    damaged = [one.model_copy(update={'prediction': 'no picture', 'truth': ''}) for one in fake_examples()]
    found = gallery(one_section([fake_record(examples=damaged)]), fake_record().classes)
    assert all(line['truth'] is None and line['predictions'] == [] for line in found['lines'])


def test_there_may_be_none() -> None:
    assert gallery(one_section([fake_record(examples=[])]), ['x'])['lines'] == []
