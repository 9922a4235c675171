"""The watch over all deadlines: it comes back after a start that failed, and a forked process has its own."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from multiprocessing.queues import SimpleQueue

import pytest

from index.outbound import deadline
from index.outbound.deadline import Deadline


def ends_a_silent_exchange() -> bool:
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.05) as limit:
        limit.watch(ours)
        ours.settimeout(10)
        return ours.recv(1) == b"" and limit.fired


def test_a_watch_that_could_not_start_is_started_by_the_next_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_watch", deadline._Watch())
    with monkeypatch.context() as short_of_threads:

        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        short_of_threads.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError), Deadline(0.05):
            pass
    assert ends_a_silent_exchange()


def test_a_forked_process_has_a_watch_of_its_own() -> None:
    assert ends_a_silent_exchange()
    fork = multiprocessing.get_context("fork")
    told: SimpleQueue[bool] = fork.SimpleQueue()
    child = fork.Process(target=lambda: told.put(ends_a_silent_exchange()))
    child.start()
    child.join(30)
    assert child.exitcode == 0 and told.get()
