"""The breaker in front of a search cluster."""

from __future__ import annotations

from index.errors import SearchUnavailable
from index.search.breaker import Breaker


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def is_open(breaker: Breaker) -> bool:
    try:
        breaker.admit()
    except SearchUnavailable:
        return True
    return False


def test_it_admits_everything_until_a_failure() -> None:
    breaker = Breaker(now=Seconds())
    for _ in range(3):
        breaker.admit()
        breaker.succeeded()
    assert not is_open(breaker)


def test_it_refuses_for_one_second_and_twice_as_long_after_each_further_failure_up_to_thirty() -> None:
    clock = Seconds()
    breaker = Breaker(now=clock)
    waits = []
    for _ in range(8):
        breaker.failed(breaker.admit())
        start = clock.now
        while is_open(breaker):
            clock.now += 0.5
        waits.append(clock.now - start)
        clock.now += 60  # the try that was admitted to find out has long ended
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_when_the_time_is_over_one_caller_tries_and_the_others_are_refused() -> None:
    clock = Seconds()
    breaker = Breaker(now=clock)
    breaker.failed(breaker.admit())
    clock.now += 1
    assert [is_open(breaker) for _ in range(3)] == [False, True, True]
    breaker.succeeded()
    assert [is_open(breaker) for _ in range(3)] == [False, False, False]


def test_calls_that_failed_together_count_as_one_failure() -> None:
    clock = Seconds()
    breaker = Breaker(now=clock)
    rounds = [breaker.admit() for _ in range(20)]
    for round_ in rounds:
        breaker.failed(round_)
    clock.now += 1
    assert not is_open(breaker)
