"""Chance for identifiers, drawn many at once."""

import threading

from mainstay.kit.random import DrawnAhead, SystemRandom


class Counted(SystemRandom):
    def __init__(self) -> None:
        self.draws: list[int] = []

    def token(self, size: int) -> bytes:
        self.draws.append(size)
        return super().token(size)


def test_many_are_drawn_at_once_and_each_is_given_once() -> None:
    source = Counted()
    ahead = DrawnAhead(source)
    given = [ahead.token(size) for _ in range(1000) for size in (8, 16)]
    assert {len(token) for token in given} == {8, 16}
    assert len(set(given)) == len(given)
    assert len(source.draws) == 8


def test_threads_are_not_given_the_same() -> None:
    ahead, given = DrawnAhead(SystemRandom()), []

    def draw() -> None:
        given.extend([ahead.token(16) for _ in range(5000)])

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(given) == 20_000
