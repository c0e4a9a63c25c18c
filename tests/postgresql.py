"""
A real PostgreSQL server for the tests: a cluster in a temporary folder, on a socket of its own, gone at the end.

The server refuses to be root, so under root it runs as the user that its package made. Where no server is
installed the tests that need one skip, saying so; under ``CI`` they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "deadlock_timeout": "200ms",
    "log_min_messages": "fatal",
}
"""What the tests' server is told; names are PostgreSQL's own."""

_PACKAGE_USER = "postgres"


def missing() -> str | None:
    """Return what this machine lacks to run a server, or None."""
    if _program("initdb") is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not _is_user(_PACKAGE_USER):
        return f"a PostgreSQL server cannot run as root, and there is no user {_PACKAGE_USER!r}"
    return None


@contextmanager
def server(settings: Mapping[str, str] = SETTINGS, kept: Path | None = None) -> Iterator[str]:
    """
    Give the URL of a server's database; the server, told *settings*, ends with the block.

    Args:
        kept: The folder where everything stays for the next time; None means a fresh cluster, gone at the end.
    """
    folder = kept or Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket has at most 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _PACKAGE_USER)
        data = folder / "data"
        if not data.exists():
            _run(["initdb", "-D", data, "-U", "salesflow", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        _start(folder, settings)
        try:
            yield f"postgresql+psycopg://salesflow@/postgres?host={folder}"
        finally:
            _run(["pg_ctl", "-D", data, "-w", "-m", "fast" if kept else "immediate", "stop"])
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def kill(url: str) -> None:
    """Kill every process of the server of *url* at once, with signal 9, as if the machine had stopped."""
    mark = _folder(url) / "data" / "postmaster.pid"
    postmaster = int(mark.read_text().splitlines()[0])
    processes = (postmaster, *_children(postmaster))
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    while any(map(_lives, processes)):
        time.sleep(0.005)
    # both would hold up the next start for as long as nobody has buried the dead
    mark.unlink()
    (_folder(url) / ".s.PGSQL.5432.lock").unlink()


def start_again(url: str, settings: Mapping[str, str] = SETTINGS) -> None:
    """Start the server of *url*, which was killed; it recovers first."""
    _start(_folder(url), settings)


def _start(folder: Path, settings: Mapping[str, str]) -> None:
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    _run(["pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", f"-k {folder} {options}", "start"])


def _folder(url: str) -> Path:
    return Path(url.partition("host=")[2])


def _children(process: int) -> list[int]:
    """Return the processes that *process* began and that still are."""
    everybody = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
    return [each for each in everybody if _status(each)[1:2] == [str(process)]]


def _lives(process: int) -> bool:
    return _status(process)[:1] not in ([], ["Z"], ["X"])


def _status(process: int) -> list[str]:
    """Return the state of *process*, its parent and more, as Linux tells them; nothing where it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _run(command: Sequence[str | Path]) -> None:
    name, *rest = map(str, command)
    program = _program(name)
    assert program is not None  # `missing` said so
    user = _PACKAGE_USER if os.geteuid() == 0 else None
    done = subprocess.run(
        [program, *rest], user=user, group=user, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.decode(errors='replace')}")


def _program(name: str) -> str | None:
    """Return where a program of the server is: Debian keeps them off the path, a folder for each version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    return shutil.which(name) or next(
        (found for each in reversed(versions) if (found := shutil.which(name, path=str(each)))), None
    )


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
