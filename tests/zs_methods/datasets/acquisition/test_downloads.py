"""Tests of zs_methods.datasets.acquisition.downloads."""

import hashlib
import multiprocessing
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from zs_methods.datasets.acquisition import AcquisitionError, Listener, downloads
from zs_methods.datasets.acquisition.sources import Source

CONTENT = os.urandom(400_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get('Range'))
        server.conditions.append(self.headers.get('If-Range'))
        if server.status != 200:
            return self.send_error(server.status)
        start = 0
        fits = self.headers.get('If-Range') in (None, server.etag)
        if self.headers.get('Range') and server.knows_ranges and fits:
            start = int(self.headers['Range'].removeprefix('bytes=').removesuffix('-'))
            if start >= len(server.content):
                self.send_response(416)
                self.send_header('Content-Range', f'bytes */{len(server.content)}')
                return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(server.content) - start))
        self.send_header('ETag', server.etag)
        self.end_headers()
        end = server.cuts.pop(0) if server.cuts else len(server.content)
        for at in range(start, end, 20_000):
            self.wfile.write(server.content[at:min(at + 20_000, end)])
            time.sleep(server.pause_s)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    served = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    served.content, served.etag, served.ranges, served.conditions = CONTENT, '"v1"', [], []
    served.cuts, served.pause_s, served.status, served.knows_ranges = [], 0, 200, True
    thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()


def source(server, md5=MD5):
    return Source('a.zip', f'http://127.0.0.1:{server.server_port}/a.zip', md5)


def test_file_gets_its_name_when_it_is_whole(server, tmp_path, listener):
    file, checksum = downloads.fetch(source(server), tmp_path / 'new', listener)
    assert file.read_bytes() == CONTENT
    assert checksum == {'md5': MD5}
    assert [path.name for path in file.parent.iterdir()] == ['a.zip']
    assert ('download of a.zip', len(CONTENT), len(CONTENT), 'bytes') in listener.steps
    assert listener.steps[-1] == ('checksum of a.zip', len(CONTENT), len(CONTENT), 'bytes')


def test_without_published_checksum_one_is_recorded(server, tmp_path, listener):
    _, checksum = downloads.fetch(source(server, None), tmp_path, listener)
    assert checksum == {'sha256': hashlib.sha256(CONTENT).hexdigest(), 'note': 'no published checksum'}


@pytest.mark.parametrize('knows_ranges', [True, False])
def test_killed_download_is_continued(server, tmp_path, listener, knows_ranges):
    server.pause_s, server.knows_ranges = 0.05, knows_ranges
    child = multiprocessing.get_context('fork').Process(
        target=downloads.fetch, args=(source(server), tmp_path, Listener()))
    downloads_block, downloads.BLOCK = downloads.BLOCK, 10_000
    try:
        child.start()
        part = tmp_path / 'a.zip.part'
        while not part.exists() or part.stat().st_size < 60_000:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    finally:
        downloads.BLOCK = downloads_block
    assert child.exitcode == -signal.SIGKILL
    assert not (tmp_path / 'a.zip').exists()
    have, server.pause_s = part.stat().st_size, 0
    file, _ = downloads.fetch(source(server), tmp_path, listener)
    assert file.read_bytes() == CONTENT
    assert server.ranges == [None, f'bytes={have}-']
    assert server.conditions == [None, '"v1"']
    assert not list(tmp_path.glob('*.part*'))


def test_whole_but_unnamed_download_is_named(server, tmp_path, listener):
    (tmp_path / 'a.zip.part').write_bytes(CONTENT)
    assert downloads.fetch(source(server), tmp_path, listener)[0].read_bytes() == CONTENT


def test_part_longer_than_the_file_is_begun_anew(server, tmp_path, listener):
    (tmp_path / 'a.zip.part').write_bytes(CONTENT + b'x')
    assert downloads.fetch(source(server), tmp_path, listener)[0].read_bytes() == CONTENT


def test_file_that_changed_on_the_server_is_begun_anew(server, tmp_path, listener):
    server.cuts = [100_000] * downloads.ATTEMPTS
    with pytest.raises(AcquisitionError, match=r'ended after 0\.1 MB of 0\.4 MB; the same command continues'):
        downloads.fetch(source(server, None), tmp_path, listener)
    server.content, server.etag = CONTENT[::-1], '"v2"'
    assert downloads.fetch(source(server, None), tmp_path, listener)[0].read_bytes() == CONTENT[::-1]


def test_broken_connection_is_taken_up_again(server, tmp_path, listener):
    server.cuts = [150_000]
    assert downloads.fetch(source(server), tmp_path, listener)[0].read_bytes() == CONTENT
    assert server.ranges == [None, 'bytes=150000-']


def test_flipped_byte(server, tmp_path, listener):
    server.content = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    with pytest.raises(AcquisitionError, match=r'MD5 is .{32}, published is .{32}: damaged or another file'):
        downloads.fetch(source(server), tmp_path, listener)
    assert list(tmp_path.iterdir()) == []


def test_refusal_and_silence_are_one_line(server, tmp_path, listener):
    server.status = 404
    with pytest.raises(AcquisitionError, match=r'a\.zip: 404 Not Found; download a\.zip in another way .* --from'):
        downloads.fetch(source(server), tmp_path, listener)
    assert len(server.ranges) == 1
    closed = Source('a.zip', 'http://127.0.0.1:9/a.zip')
    with pytest.raises(AcquisitionError, match='Connection refused; the same command continues the download'):
        downloads.fetch(closed, tmp_path, listener)


def test_full_disk(server, tiny_disk, listener):
    folder, enlarge = tiny_disk
    server.content = os.urandom(1_500_000)
    with pytest.raises(AcquisitionError, match=r'a\.zip\.part: No space left on device; make room, then the same'):
        downloads.fetch(source(server, None), folder, listener)
    assert not (folder / 'a.zip').exists()
    enlarge()
    file, _ = downloads.fetch(source(server, None), folder, listener)
    assert file.read_bytes() == server.content
    assert server.ranges[-1] is not None
