"""``docs/notebook.ipynb``: committed without outputs, and what it does is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from micro_settings import MICRO

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / 'docs' / 'notebook.ipynb'


def test_it_is_committed_without_outputs():
    cells = json.loads(FILE.read_text(encoding='utf-8'))['cells']
    code = [cell for cell in cells if cell['cell_type'] == 'code']
    assert len(code) >= 7 and all(cell['outputs'] == [] and cell['execution_count'] is None for cell in code)
    assert [cell['metadata'].get('tags') for cell in cells].count(['parameters']) == 1


@pytest.mark.slow
def test_it_runs(micro_root, tmp_path, monkeypatch):
    """On the micro data set, with settings of seconds, which take the place of the notebook's own."""
    nbclient = pytest.importorskip('nbclient', reason="nbclient is not installed: pip install -e '.[test]'")
    pytest.importorskip('ipykernel', reason="ipykernel is not installed: pip install -e '.[test]'")
    import nbformat

    notebook = nbformat.read(FILE, as_version=4)
    place = next(n for n, cell in enumerate(notebook.cells) if 'parameters' in cell.metadata.get('tags', ()))
    sections = ('train_cfg', 'train_dataloader', 'classifier', 'features')
    settings = dict(data_root=str(micro_root), work_dir=str(tmp_path / 'work'), reports=str(tmp_path / 'reports'),
                    device='cpu', cfg_options={key: value for key, value in MICRO.items()
                                               if key.split('.')[0] in sections})
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(f'SETTINGS = {settings!r}'))
    monkeypatch.delenv('MPLBACKEND', raising=False)  # of this process; a kernel chooses its own
    monkeypatch.setenv('JUPYTER_RUNTIME_DIR', str(tmp_path / 'jupyter'))
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    done = nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3',
                                   resources={'metadata': {'path': str(FILE.parent)}}).execute()
    outputs = [output for cell in done.cells if cell.cell_type == 'code' for output in cell.outputs]
    texts = [output['data'].get('text/plain', '') for output in outputs if 'data' in output]
    assert not any(output.output_type == 'error' for output in outputs)
    assert any('image/png' in output.get('data', {}) for output in outputs), 'no picture'
    assert 'same_address' in ''.join(texts) and 'mixed' in texts[-1] and 'ridge' in texts[-1]
    printed = ''.join(output.text for output in outputs if output.output_type == 'stream')
    assert 'distinct stages: 0 reused' in printed and 'hIoU' in printed
    assert (tmp_path / 'reports' / 'shapes.md').is_file()
