# SPDX-License-Identifier: MIT
"""A closed-loop load generator: N keep-alive connections, each with one request under way.

One process, raw sockets and a selector, so that it disturbs the server as little as Python can.
"""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Tag = TypeVar("Tag")

ANSWER_TIMEOUT_S = 30


class LoadError(RuntimeError):
    """A server closed a connection, gave no answer, or answered what was not asked for."""


@dataclass
class Result(Generic[Tag]):
    """What one run of `run` saw, from its first request to its last answer."""

    seconds: float = 0.0
    client_cpu_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    answered: list[Tag] = field(default_factory=list)  # the tags of all answers

    @property
    def per_s(self) -> float:
        return len(self.answered) / self.seconds

    @property
    def client_share(self) -> float:
        """The part of one core that the generator itself used: near 1 it is the limit."""
        return self.client_cpu_s / self.seconds


class _Connection(Generic[Tag]):
    __slots__ = ("asked_at", "buffer", "socket", "tag")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.asked_at = 0.0
        self.tag: Tag

    def ask(self, tag: Tag, request: bytes) -> None:
        """Requests are far smaller than a socket's buffer, so this does not block."""
        self.tag = tag
        self.asked_at = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """The status once the whole answer is there, else None."""
        piece = self.socket.recv(65536)
        if not piece:
            raise LoadError("the server closed a keep-alive connection")
        self.buffer = self.buffer + piece if self.buffer else piece
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _content_length(self.buffer[:end])
        if len(self.buffer) < end + 4 + length:
            return None
        return int(self.buffer[9:12])

    def body(self) -> bytes:
        return self.buffer[self.buffer.find(b"\r\n\r\n") + 4 :]


def _content_length(head: bytes) -> int:
    lower = head.lower()
    place = lower.find(b"\r\ncontent-length:")
    if place < 0:
        raise LoadError(f"an answer without Content-Length: {head[:200]!r}")
    end = lower.find(b"\r\n", place + 2)
    return int(lower[place + 17 : end if end >= 0 else None])


def run(
    port: int,
    requests: Iterator[tuple[Tag, bytes]],
    *,
    connections: int,
    seconds: float,
    expected: int,
    limit: int | None = None,
) -> Result[Tag]:
    """Asks as fast as *connections* closed loops can for *seconds*, or until *limit* requests.

    *requests* yields a tag and the bytes to send. Answers under way at the end are waited for and
    counted, so that the books are exact and no slow answer is left out of the latencies.
    Raises: LoadError for any other status than *expected*.
    """
    result: Result[Tag] = Result()
    selector = selectors.DefaultSelector()
    opened: list[_Connection[Tag]] = []
    asked = 0
    try:
        for _ in range(connections):
            connection: _Connection[Tag] = _Connection(port)
            opened.append(connection)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        cpu = time.process_time()
        start = time.perf_counter()
        end = start + seconds
        for connection in opened[:limit]:
            connection.ask(*next(requests))
            asked += 1
        open_requests = asked
        while open_requests:
            ready = selector.select(ANSWER_TIMEOUT_S)
            if not ready:
                raise LoadError(f"no answer for {ANSWER_TIMEOUT_S} s")
            for key, _ in ready:
                connection = key.data
                status = connection.answer()
                if status is None:
                    continue
                now = time.perf_counter()
                if status != expected:
                    raise LoadError(
                        f"status {status}, expected {expected}: {connection.body()[:400]!r}"
                    )
                connection.buffer = b""
                result.answered.append(connection.tag)
                result.latencies_ms.append((now - connection.asked_at) * 1e3)
                if now < end and (limit is None or asked < limit):
                    connection.ask(*next(requests))
                    asked += 1
                else:
                    open_requests -= 1
        result.seconds = time.perf_counter() - start
        result.client_cpu_s = time.process_time() - cpu
    finally:
        selector.close()
        for connection in opened:
            connection.socket.close()
    return result


def one(port: int, request: bytes, expected: int) -> bytes:
    """The body of one answer. Raises: LoadError for any other status."""
    connection: _Connection[None] = _Connection(port)
    try:
        connection.ask(None, request)
        status = None
        while status is None:
            status = connection.answer()
        if status != expected:
            raise LoadError(f"status {status}, expected {expected}: {connection.body()[:400]!r}")
        return connection.body()
    finally:
        connection.socket.close()
