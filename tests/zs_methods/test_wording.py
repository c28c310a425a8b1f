"""Tests of zs_methods.wording."""

import pytest

from zs_methods.wording import nearest, one_line, unknown


@pytest.mark.parametrize(('error', 'line'), [
    (ValueError('two\n lines'), 'two lines'), (KeyError('no quotes'), 'no quotes'), (KeyError(), ''),
    (OSError(2, 'No such file', 'a'), "[Errno 2] No such file: 'a'")])
def test_an_error_is_one_line(error, line):
    assert one_line(error) == line


def test_the_nearest_name_is_suggested():
    assert nearest('zsmdm', ['zs3', 'zsmmd']) == 'zsmmd'
    assert unknown('method', 'zs33', ['zs5', 'zs3']) == "unknown method 'zs33': did you mean 'zs3'? known: zs3, zs5"
