"""Downloads that continue where they stopped and get their name only when they are whole.

torchvision's own ``download_url`` cannot do either: it writes under the final name and starts from zero. Its tables
of addresses and checksums are used, see ``sources.py``.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener
from zs_methods.datasets.acquisition.sources import Source

#: How often a broken connection is taken up again before the user is told.
ATTEMPTS = 3
TIMEOUT_S = 60
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
BLOCK = 1 << 20


def fetch(source: Source, folder: Path, listener: Listener) -> tuple[Path, dict[str, str]]:
    """Downloads a file, or what is missing of it.

    Args:
        source (Source): what and from where.
        folder (Path): where it goes, created if need be.
        listener (Listener): hears of the progress.

    Returns:
        tuple[Path, dict[str, str]]: the complete file, called ``<name>.part`` until then, and its checksum.

    Raises:
        AcquisitionError: not reachable, cut off, wrong checksum, or the disk is full.
    """
    target = folder / source.file
    part = part_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    with disk.full_disk_in_one_line(part):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _continue(source, part, listener)
                break
            except urllib.error.HTTPError as error:
                raise AcquisitionError(f'{source.url}: {error.code} {error.reason}; download {source.file} in '
                                       'another way and pass its folder with --from') from None
            except BROKEN as error:
                if attempt == ATTEMPTS:
                    what = disk.reason(getattr(error, 'reason', error))
                    raise AcquisitionError(
                        f'{source.url}: {what}; the same command continues the download, or download '
                        f'{source.file} in another way and pass its folder with --from') from None
    try:
        checksum = check(source, part, listener)
    except AcquisitionError:
        part.unlink()
        raise
    finally:
        _validator(part).unlink(missing_ok=True)
    os.replace(part, target)
    return target, checksum


def part_of(target: Path) -> Path:
    """The name of a download that is not complete."""
    return target.with_name(f'{target.name}.part')


def check(source: Source, file: Path, listener: Listener) -> dict[str, str]:
    """Computes a file's checksum and compares it with the published one.

    Returns:
        dict[str, str]: ``md5``, or ``sha256`` and a note where no checksum is published.

    Raises:
        AcquisitionError: the published checksum is another one.
    """
    digest = hashlib.md5(usedforsecurity=False) if source.md5 else hashlib.sha256()
    total, done = file.stat().st_size, 0
    with open(file, 'rb') as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            done += len(block)
            listener.step(f'checksum of {source.file}', done, total, 'bytes')
    found = digest.hexdigest()
    if source.md5 and found != source.md5:
        raise AcquisitionError(f'{file}: MD5 is {found}, published is {source.md5}: damaged or another file; '
                               'remove it and get it again')
    return {'md5': found} if source.md5 else {'sha256': found, 'note': 'no published checksum'}


def _continue(source: Source, part: Path, listener: Listener) -> None:
    """One request for the bytes that are missing.

    Raises:
        OSError: of the network or of the disk; what has arrived stays.
        ConnectionError: the server closed before the end.
    """
    have = part.stat().st_size if part.exists() else 0
    headers = {'User-Agent': 'zs-methods', 'Accept-Encoding': 'identity'}
    if have:
        headers['Range'] = f'bytes={have}-'
        note = _validator(part)
        validator = json.loads(note.read_text(encoding='utf-8'))['validator'] if note.exists() else None
        if validator:
            headers['If-Range'] = validator  # the server starts from zero if the file is another one now
    try:
        response = urllib.request.urlopen(urllib.request.Request(source.url, headers=headers), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and error.headers.get('Content-Range') == f'bytes */{have}':
            return  # it was whole already
        if error.code == 416:
            part.unlink()
            raise ConnectionError('the server has another file than the one begun') from None
        raise
    with response:
        if response.status != 206:
            have = 0
        length = response.headers.get('Content-Length')
        total = have + int(length) if length else 0
        etag = response.headers.get('ETag') or ''
        strong = etag if etag.startswith('"') else response.headers.get('Last-Modified')
        _validator(part).write_text(json.dumps({'validator': strong}), encoding='utf-8')
        with open(part, 'ab' if have else 'wb') as stream:
            while block := response.read(BLOCK):
                stream.write(block)
                stream.flush()  # what has arrived survives a kill
                have += len(block)
                listener.step(f'download of {source.file}', have, max(total, have), 'bytes')
    if total and have != total:
        raise ConnectionError(f'the connection ended after {disk.size(have)} of {disk.size(total)}')


def _validator(part: Path) -> Path:
    return part.with_name(f'{part.name}.json')
