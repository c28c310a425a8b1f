"""Signals to end: wherever they strike, and whoever swallows what they raise."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from benchmark.running import interrupts


def send(kind=signal.SIGTERM):
    os.kill(os.getpid(), kind)


@pytest.mark.parametrize('kind', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_was_swallowed_is_remembered_and_forgotten_with_the_block(kind):
    before = signal.getsignal(kind)
    with pytest.raises(KeyboardInterrupt), interrupts.listening():
        interrupts.check()
        with pytest.raises(SyntaxError):
            try:
                send(kind)
            except BaseException as error:
                raise SyntaxError from error
        interrupts.check()
    assert signal.getsignal(kind) is before
    interrupts.check()
    with interrupts.listening():
        interrupts.check()


def test_it_waits_for_the_end_of_a_piece_of_work_also_where_there_are_other_threads():
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait, daemon=True)  # which the kernel may give the signal to
    thread.start()
    done = []
    with interrupts.listening():
        with pytest.raises(KeyboardInterrupt), interrupts.deferred():
            send()
            interrupts.check()
            done.append('whole')
        assert done == ['whole'] and interrupts.received() == 1
    ended.set()


def test_an_inner_block_leaves_the_outer_one_what_came():
    with pytest.raises(KeyboardInterrupt), interrupts.listening():
        with interrupts.listening(), pytest.raises(KeyboardInterrupt):
            send()
        interrupts.check()


def test_another_thread_may_not_listen_and_goes_on():
    found = []

    def work():
        with interrupts.listening():
            found.append('worked')

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ['worked']
