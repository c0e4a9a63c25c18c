"""A line between a client and a PostgreSQL server, to be cut: before a commit, after it, at any byte (REL-7)."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import make_url

_SOCKET = ".s.PGSQL.5432"
_WRITING = b"READ COMMITTED"  # how a transaction of the store's begins that may write
_COMMIT = b"COMMIT\0"  # the client's statement, and the server's answer to it


class Line:
    """
    Listens on a socket of its own and passes bytes on, until it is told to cut.

    Args:
        folder: Where its socket lies.
        server: The server's socket.

    Attributes:
        cut_at: ``"before"`` or ``"after"`` the commit of a transaction that may write, or how many more bytes of the
            client's pass; None passes everything.
        cuts: How often it has cut.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = str(server)
        self.cut_at: str | int | None = None
        self.cuts = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen(64)
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                is_writing = Event()
                Thread(target=self._back, args=(server, client, is_writing), daemon=True).start()
                Thread(target=self._forth, args=(client, server, is_writing), daemon=True).start()

    def _back(self, server: socket.socket, client: socket.socket, is_writing: Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                is_committed = is_writing.is_set() and _COMMIT in data
                if is_committed and self.cut_at == "after":
                    self._cut(client, server)
                    break
                client.sendall(data)
                if is_committed:
                    is_writing.clear()
        _close(client)

    def _forth(self, client: socket.socket, server: socket.socket, is_writing: Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if _WRITING in data:
                    is_writing.set()
                if isinstance(self.cut_at, int):
                    passing, self.cut_at = data[: self.cut_at], max(self.cut_at - len(data), 0)
                    server.sendall(passing)
                    if len(passing) < len(data):
                        self._cut(client, server)
                        break
                    continue
                if is_writing.is_set() and _COMMIT in data and self.cut_at == "before":
                    self._cut(client, server)
                    break
                server.sendall(data)
        _close(server)

    def _cut(self, client: socket.socket, server: socket.socket) -> None:
        self.cut_at = None
        self.cuts += 1
        _close(client)
        _close(server)


def _close(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


@contextmanager
def line_to(url: str) -> Iterator[tuple[str, Line]]:
    """Give a URL that reaches the server of *url* through a line, and the line."""
    parsed = make_url(url)
    with tempfile.TemporaryDirectory(prefix="line") as folder:  # short: the path of a socket has at most 107 bytes
        line = Line(Path(folder), Path(str(parsed.query["host"])) / _SOCKET)
        try:
            yield parsed.update_query_dict({"host": folder}).render_as_string(hide_password=False), line
        finally:
            line.close()
