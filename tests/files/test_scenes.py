"""Scenes as TOML (VIS-14): written and read back equal; what is wrong is told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.files.scenes import examine_scenes
from salesflow.files.toml import toml_value
from salesflow.visibility import owner, record
from tests.files.test_rule_text import RULES
from tests.files.timing import best_time

SECONDS = 0.1
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=8).filter(
    lambda name: bool(name.strip())
)


@given(st.dictionaries(NAMES, RULES, max_size=4))
def test_scenes_written_read_back_equal(named):
    """VIS-14: rules are written to and read from files."""
    assert sf.scenes.loads(sf.scenes.dump(named)) == named


def test_the_domains_scenes_are_a_file_too(tmp_path):
    """VIS-1 … VIS-12: the default scenes, written to a file, are the default scenes."""
    path = tmp_path / "scenes.toml"
    path.write_text(sf.scenes.dump(sf.scenes.default()), encoding="utf-8")
    assert sf.scenes.load(path) == sf.scenes.default()
    assert sf.scenes.rule(sf.scenes.text(sf.scenes.default()["won"])) == sf.scenes.default()["won"]


def test_a_scene_names_those_above_it():
    """VIS-14: a scene may be made of the domain's and of the file's earlier ones."""
    big = record.amount >= sf.Money("1000000", "CNY")
    text = "[scenes]\nbig = \"record.amount >= Money('1000000', 'CNY')\"\nmy_big = 'mine & big'\n"
    assert sf.scenes.loads(text) == {"big": big, "my_big": owner.is_viewer & big}
    assert sf.scenes.loads("") == {}


def test_everything_that_is_wrong_is_told_with_its_place():
    """REL-8: every problem at once; nothing of an unsound file is taken."""
    text = """
        scene = 1
        [scenes]
        "a\\nb" = "everybody"
        count = 3
        later = "after"
        after = "everybody"
        code = "__import__('os')"
    """
    with pytest.raises(sf.FileError) as no:
        sf.scenes.loads(text, name="mine.toml")
    told = [problem.split(": ")[0] for problem in no.value.problems]
    assert told == ["scene", "scenes.'a\\nb'", "scenes.count", "scenes.later", "scenes.code"]
    assert "file 'mine.toml'" in str(no.value)
    for source in ("scenes = 1", "[scenes", b"\xff"):
        with pytest.raises(sf.FileError):
            sf.scenes.loads(source)
    with pytest.raises(sf.InvalidInput):
        sf.scenes.loads(3)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "text",
    ["everybody" + " " * 3_990, "everybody" + " " * 3_989 + "\x00", "'" + "\\'" * 1_990, "~" * 3_990 + "everybody"],
)
def test_the_longest_rules_are_read_in_time(text):
    """REL-8: blanks at the end, a quote never closed and signs without end are each looked at once."""
    lines = [f"s{n} = {toml_value(text)}" for n in range(4)]
    source = "\n".join(["[scenes]", *lines])
    took, _ = best_time(lambda: examine_scenes(source), SECONDS)
    assert took < SECONDS


def test_scenes_that_double_with_every_line_are_refused_in_time():
    """REL-8: a scene is counted with those that it names before it is made."""
    lines = [f"s{n + 1} = \"(s{n} & record.name == 'a{n}') | (s{n} & record.name == 'b{n}')\"" for n in range(40)]
    with pytest.raises(sf.FileError, match=r"scenes\.s7: .*500 parts"):
        sf.scenes.loads("[scenes]\ns0 = 'mine & ~joint'\n" + "\n".join(lines))
