"""What a recipe's last stage hands over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zs_methods.evaluation import EvaluationResult

EXAMPLE = {'name': 'a', 'image': 'eA==', 'truth': 'eQ==', 'prediction': 'eg=='}


def test_a_result_survives_being_written_and_read(tmp_path: Path) -> None:
    result = EvaluationResult(images=2, confusion=[[1, 2], [3, 4]], confusion_per_image='eA==',
                              secondary_confusion=[[0, 0], [0, 1]], examples=[EXAMPLE])
    result.write(tmp_path)
    assert EvaluationResult.read(tmp_path) == result


def test_the_file_has_the_keys_in_their_order(tmp_path: Path) -> None:
    """Artifacts are compared byte by byte, also with those of earlier versions."""
    EvaluationResult(images=1, confusion=[[5]], examples=[EXAMPLE]).write(tmp_path)
    assert (tmp_path / 'result.json').read_text() == json.dumps({
        'images': 1, 'confusion': [[5]], 'confusion_per_image': '', 'secondary_confusion': None, 'examples': [EXAMPLE]})


def test_a_plugin_may_leave_out_what_it_does_not_keep(tmp_path: Path) -> None:
    (tmp_path / 'result.json').write_text('{"images": 1, "confusion": [[5]]}')
    assert EvaluationResult.read(tmp_path) == EvaluationResult(images=1, confusion=[[5]])


@pytest.mark.parametrize(('content', 'message'), [
    ('{"images": 1}', 'confusion: Field required'), ('{"images": 1, "confusion": [["x"]]}', 'confusion.0.0: Input'),
    ('{"images": 1, "confusion": [[1]], "hiou": 3}', 'hiou: Extra inputs'), ('{', 'Invalid JSON'),
    ('{"images": 1, "confusion": [[1]], "examples": [{"name": "x"}]}', 'examples.0.image: Field required')])
def test_a_result_of_another_shape_is_told_in_one_line(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'result.json').write_text(content)
    with pytest.raises(ValueError, match=rf'^result\.json: [^\n]*{message}[^\n]*$'):
        EvaluationResult.read(tmp_path)


def test_without_a_file_the_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r'result\.json'):
        EvaluationResult.read(tmp_path)
