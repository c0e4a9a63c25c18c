"""The demo, run once for all tests of the command line."""

import pytest

from tests.cli.calls import Demo, done


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run of `salesflow demo` into a folder whose name has a space and Chinese in it."""
    folder = tmp_path_factory.mktemp("demo") / "main job 演示"
    return Demo(folder, done("demo", "--out", folder))
