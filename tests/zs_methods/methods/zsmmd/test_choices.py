"""Settings that mean nothing are refused while planning, in one line."""

import pytest

from zs_methods.configs import load_config
from zs_methods.methods.zsmmd.choices import check_recursion


@pytest.mark.parametrize(('options', 'message'), [
    ({'source': 'thin-air'}, "recursion.source must be one of .*'unlabelled'.* got 'thin-air'"),
    ({'images': 'some'}, r"recursion.images must be one of \('all', 'dropped'\) with source 'unlabelled', got 'some'"),
    ({'source': 'synthetic', 'images': 'dropped'}, "with source 'synthetic'"),
    ({'gate.type': 'top'}, "recursion.gate.type must be one of .*'rank'"),
    ({'gate.share': 25}, 'recursion.gate.share must be from 0 to 1, got 25'),
    ({'online.gate.type': 'top'}, 'recursion.online.gate.type must be one of'),
    ({'agreement': -1.0}, 'recursion.agreement must be from 0 to 1'),
    ({'weight': -1.0}, 'recursion.weight and recursion.rounds must be at least 0, got -1.0 and 5')])
def test_wrong_settings_are_one_line(options, message):
    config = load_config('zsmmd', 'shapes', 'tiny')
    check_recursion(config.recursion)
    config.merge_from_dict({f'recursion.{key}': value for key, value in options.items()})
    with pytest.raises(ValueError, match=message) as error:
        check_recursion(config.recursion)
    assert len(str(error.value).splitlines()) == 1
