"""Names for people, in any number of languages."""

import copy
import pickle

import pytest
from attrs import evolve

from salesflow.model import Label, SalesProcess, Stage
from salesflow.model.label import as_label

TWO = Label({"zh": "鉴定资质", "en": "Qualification"})


def test_the_order_of_languages_does_not_matter():
    """PROC-9: two names with the same texts are equal and hash alike, however they were written down."""
    other = Label([("en", "Qualification"), ("zh", "鉴定资质")])

    assert other == TWO
    assert hash(other) == hash(TWO)
    assert Label("Qualification") == Label({"en": "Qualification"}) != TWO
    assert copy.copy(TWO) == pickle.loads(pickle.dumps(TWO)) == evolve(TWO) == TWO


@pytest.mark.parametrize(
    ("label", "language", "text"),
    [
        (TWO, "zh", "鉴定资质"),
        (TWO, "de", "Qualification"),
        (Label({"zh": "一", "de": "eins"}), "fr", "eins"),
        (Label({"en": "one", "zh": ""}), "zh", "one"),
        (Label({}), "en", ""),
    ],
)
def test_a_missing_language_falls_back(label, language, text):
    """PROC-9: a name is shown in the language asked for, else in English, else in the first there is."""
    assert text == label.text(language)


def test_a_name_prints_in_english():
    """PROC-9: printed without a language, a name is English."""
    assert str(TWO) == "Qualification"


def test_plain_text_becomes_a_name():
    """PROC-1: wherever a template wants a name, plain text, a mapping and a name will do."""
    assert as_label(TWO) is TWO
    assert Stage("a", "A").name == as_label("A") == Label("A")
    assert SalesProcess("p", 1, [Stage("a")], name={"zh": "甲"}).name == Label({"zh": "甲"})
