"""The demo, run once for all tests of the command line."""

from collections.abc import Iterator

import pytest

from tests.cli.calls import Demo, done


@pytest.fixture(scope="session", autouse=True)
def _no_width_from_outside() -> Iterator[None]:
    """Tables are as wide as they are without a terminal: pytest-xdist sets ``COLUMNS`` in its workers."""
    with pytest.MonkeyPatch.context() as outside:
        outside.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run of `salesflow demo` into a folder whose name has a space and Chinese in it."""
    folder = tmp_path_factory.mktemp("demo") / "main job 演示"
    return Demo(folder, done("demo", "--out", folder))
