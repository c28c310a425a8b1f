"""Tests of files that register methods, stages and models."""

import sys

import pytest

from zs_methods.plugins import import_file, imported_files


def test_files_of_one_name_in_two_folders_are_two_modules_that_are_imported_once(tmp_path):
    files = [tmp_path / name / 'mine.py' for name in 'ab']
    for file in files:
        file.parent.mkdir()
        file.write_text(f'with open({str(file)!r} + ".log", "a") as log:\n    log.write("imported ")\n')
    for file in (*files, *files, files[0].parent / '..' / 'a' / 'mine.py'):
        import_file(file)
    assert [file for file, _ in imported_files() if file in files] == files
    assert [file.with_name('mine.py.log').read_text() for file in files] == ['imported '] * 2


def test_a_file_that_raises_is_not_taken_for_imported(tmp_path):
    file = tmp_path / 'broken.py'
    file.write_text('raise RuntimeError("boom")')
    for _ in range(2):
        with pytest.raises(RuntimeError, match='boom'):
            import_file(file)
    assert file not in dict(imported_files()) and not any(name.startswith('zs_plugin_broken') for name in sys.modules)


def test_a_file_that_has_changed_since_is_refused(tmp_path):
    def forget():
        [name] = [name for name, module in sys.modules.items() if getattr(module, '__file__', '') == str(file)]
        del sys.modules[name]

    file = tmp_path / 'mine.py'
    file.write_text('VALUE = 1')
    import_file(file)
    sha256 = dict(imported_files())[file]
    forget()
    import_file(file, sha256)
    forget()
    file.write_text('VALUE = 2')
    with pytest.raises(ImportError, match=r'plugin mine\.py has changed since the run began'):
        import_file(file, sha256)


def test_what_is_no_python_file(tmp_path):
    with pytest.raises(ImportError, match='not a Python file'):
        import_file(tmp_path)
