"""Tests of zs_methods.datasets.acquisition.archives."""

import multiprocessing
import os
import signal
import stat
import tarfile
import time
import zipfile

import pytest
from published_archives import pack

from zs_methods.datasets.acquisition import AcquisitionError, Listener, archives, disk
from zs_methods.datasets.acquisition.archives import MARKER, Archive, Placement, missing_bytes, unpack

MEMBERS = {f'set/sub/{index}.bin': os.urandom(3000) for index in range(30)}


def fill(file, place, listener=None, identity='x'):
    with Archive(file) as archive:
        unpack(archive, [place], {'sha256': identity}, listener or Listener())


@pytest.mark.parametrize('name', ['a.tar', 'a.tgz', 'a.tar.gz', 'a.zip'])
def test_folder_appears_with_the_wanted_members(tmp_path, name, listener):
    file = pack(tmp_path / name, {**MEMBERS, 'set/x.txt': b'x', 'other/y.bin': b'y', 'labels.txt': b'l'})
    place = Placement('set', tmp_path / 'out/set', wanted=('sub/*.bin',), beside=('labels.txt',))
    with Archive(file) as archive:
        assert missing_bytes(archive, [place]) == 30 * 3000 + 1
        unpack(archive, [place], {}, listener)
    found = {str(path.relative_to(place.folder)): path.read_bytes()
             for path in place.folder.rglob('*') if path.is_file()}
    assert found == {name.removeprefix('set/'): content for name, content in MEMBERS.items()} | {'labels.txt': b'l'}
    assert listener.steps[-1] == (f'unpacking {name}', 90001, 90001, 'bytes')
    assert [path.name for path in place.folder.parent.iterdir()] == ['set']


def link(name, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def special(name, kind, target=''):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize('suffix', ['.tar', '.zip'])
@pytest.mark.parametrize('name', ['../x', '/tmp/x', 'set/../../x', 'set\\..\\x', 'C:/x'])
def test_members_that_leave_the_folder_are_refused(tmp_path, suffix, name):
    file = pack(tmp_path / f'a{suffix}', {**MEMBERS, name: b'x'})
    with pytest.raises(AcquisitionError) as error:
        fill(file, Placement('set', tmp_path / 'out/set'))
    assert str(error.value) == (f"{file}: member {name!r} is a path that leaves the archive's folder; "
                                'nothing was unpacked')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('info', [
    link('set/l', '/etc/passwd'), special('set/h', tarfile.LNKTYPE, '/etc/passwd'), special('set/d', tarfile.CHRTYPE),
    special('set/b', tarfile.BLKTYPE), special('set/f', tarfile.FIFOTYPE)],
    ids=['link', 'hard link', 'device', 'block device', 'pipe'])
def test_links_and_devices_are_refused(tmp_path, info):
    file = pack(tmp_path / 'a.tar', {**MEMBERS, info.name: info})
    with pytest.raises(AcquisitionError, match=f"member '{info.name}' is a link or device; nothing was unpacked"):
        fill(file, Placement('set', tmp_path / 'out/set'))
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('suffix', ['.tar', '.zip'])
def test_owners_and_modes_of_an_archive_do_not_reach_the_disk(tmp_path, suffix):
    """A file that would run as root for anybody becomes a plain one."""
    file = tmp_path / f'a{suffix}'
    if suffix == '.tar':
        with tarfile.open(file, 'w') as archive:
            info = tarfile.TarInfo('set/x')
            info.mode, info.uid, info.size = 0o6777, 12345, 0
            archive.addfile(info)
    else:
        with zipfile.ZipFile(file, 'w') as archive:
            info = zipfile.ZipInfo('set/x')
            info.external_attr = (stat.S_IFREG | 0o6777) << 16
            archive.writestr(info, 'x')
    fill(file, Placement('set', tmp_path / 'out/set'))
    status = (tmp_path / 'out/set/x').stat()
    assert stat.S_IMODE(status.st_mode) & 0o7111 == 0 and status.st_uid == os.getuid()


@pytest.mark.parametrize('suffix', ['.tar', '.zip'])
def test_a_link_that_waits_on_the_disk_is_not_followed(tmp_path, suffix):
    """What an earlier call left behind may have been exchanged meanwhile."""
    outside = tmp_path / 'outside'
    outside.mkdir()
    place = Placement('set', tmp_path / 'out/set')
    place.partial.mkdir(parents=True)
    (place.partial / 'sub').symlink_to(outside)
    fill(pack(tmp_path / f'a{suffix}', MEMBERS), place)
    assert not list(outside.iterdir())


def test_links_in_a_zip_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        info = zipfile.ZipInfo('set/l')
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, '/etc/passwd')
    with pytest.raises(AcquisitionError, match='is a link or device'):
        fill(tmp_path / 'a.zip', Placement('set', tmp_path / 'out/set'))


@pytest.mark.parametrize('name', ['a.tar', 'a.tgz', 'a.zip'])
def test_archive_that_is_cut_off(tmp_path, name):
    file = pack(tmp_path / name, MEMBERS)
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    with pytest.raises(AcquisitionError, match=r'archive is damaged or cut off \(.*\); get it again'):
        fill(file, Placement('set', tmp_path / 'out/set'))
    assert not (tmp_path / 'out/set').exists()


def test_flipped_byte_in_a_zip(tmp_path):
    file = pack(tmp_path / 'a.zip', MEMBERS)
    content = bytearray(file.read_bytes())
    content[content.index(MEMBERS['set/sub/7.bin']) + 5] ^= 1
    file.write_bytes(content)
    place = Placement('set', tmp_path / 'out/set')
    with pytest.raises(AcquisitionError, match=r"damaged.*Bad CRC-32 for file 'set/sub/7.bin'"):
        fill(file, place)
    assert not place.folder.exists()
    assert not (place.partial / 'sub/7.bin').exists()
    assert not list(place.partial.rglob('*.part'))


def test_archive_without_the_folder(tmp_path):
    with pytest.raises(AcquisitionError, match=r'holds no files in other/; is it the right archive\?'):
        fill(pack(tmp_path / 'a.tar', MEMBERS), Placement('other', tmp_path / 'out'))
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', ['a.tgz', 'a.zip'])
def test_killed_call_is_continued(tmp_path, monkeypatch, name):
    file, place = pack(tmp_path / name, MEMBERS), Placement('set', tmp_path / 'out/set')
    copy, copied = archives._copy, []

    def slow(*args):
        copy(*args)
        time.sleep(0.05)

    monkeypatch.setattr(archives, '_copy', slow)
    child = multiprocessing.get_context('fork').Process(target=fill, args=(file, place))
    child.start()
    while len(list(place.partial.rglob('*.bin'))) < 5:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not place.folder.exists()

    monkeypatch.setattr(archives, '_copy', lambda archive, member, target: (
        copied.append(member.name), copy(archive, member, target)))
    fill(file, place)
    assert 0 < len(copied) <= 25
    assert {f'set/sub/{path.name}': path.read_bytes() for path in (place.folder / 'sub').iterdir()} == MEMBERS
    assert not (place.folder / MARKER).exists()
    assert not place.partial.exists()


def test_leftovers_of_another_archive_are_thrown_away(tmp_path):
    place = Placement('set', tmp_path / 'out/set')
    disk.write_text(place.partial / MARKER, '{"sha256": "old"}')
    disk.write_text(place.partial / 'sub/0.bin', 'o' * 3000)
    fill(pack(tmp_path / 'a.tar', MEMBERS), place, identity='new')
    assert (place.folder / 'sub/0.bin').read_bytes() == MEMBERS['set/sub/0.bin']


def test_full_disk(tmp_path, tiny_disk):
    folder, enlarge = tiny_disk
    members = {f'set/{index}.bin': os.urandom(300_000) for index in range(5)}
    file, place = pack(tmp_path / 'a.zip', members), Placement('set', folder / 'set')
    with pytest.raises(AcquisitionError, match=r'set needs 68\.6 MB, the disk has 1\.0 MB free') as error, \
            Archive(file) as archive:
        disk.check_free(place.folder, missing_bytes(archive, [place]), 'set')
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(AcquisitionError, match='No space left on device; make room, then the same command continues'):
        fill(file, place)
    assert not place.folder.exists()
    assert not list(folder.rglob('*.part'))
    enlarge()
    fill(file, place)
    assert len(list(place.folder.iterdir())) == 5
