from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import FormatError
from lpr.formats.automaton import Automaton
from lpr.formats.pattern import (
    Pattern,
    compile_pattern,
    parse_charset,
    parse_words,
    same_text,
    without_marks,
)

# Small alphabets, so that drawn texts hit the patterns often: A and B, 0 and 1.
CLASSES = {"L": "AB", "D": "01"}
LISTS = {"town": parse_words("A AB 00-01 B")}
WRITTEN = {"L": "[AB]", "D": "[01]", "'A'": "A", "[B0]": "[B0]", "<town>": "(?:A|AB|00|01|B)"}


def _quantified(pair: tuple[str, str], quantifier: str) -> tuple[str, str]:
    return f"({pair[0]}){quantifier}", f"(?:{pair[1]}){quantifier}"


def _chained(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    return "-".join(one for one, _ in pairs), "".join(other for _, other in pairs)


def _chosen(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    return (
        f"({'|'.join(one for one, _ in pairs)})",
        f"(?:{'|'.join(other for _, other in pairs)})",
    )


PATTERNS = st.recursive(
    st.sampled_from(sorted(WRITTEN.items())),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(_chained),
        st.lists(inner, min_size=2, max_size=3).map(_chosen),
        st.tuples(inner, st.sampled_from(["?", "{2}", "{1,2}", "{0,2}"])).map(
            lambda pair: _quantified(*pair)
        ),
    ),
    max_leaves=5,
)


def _compile(source: str) -> Pattern | None:
    """The pattern, or None where its texts would be too long (or always empty)."""
    try:
        return compile_pattern(source, CLASSES, LISTS)
    except FormatError as error:
        assert "keep 1 to 16" in str(error)
        return None


@settings(deadline=None)
@given(PATTERNS, st.text(alphabet="AB01", max_size=8))
def test_automaton_and_variants_agree_with_a_regular_expression(
    pair: tuple[str, str], text: str
) -> None:
    pattern = _compile(pair[0])
    if pattern is None:
        return
    expected = re.fullmatch(pair[1], text) is not None
    automaton = Automaton((pattern,))
    state = automaton.walk(text)
    assert (state is not None and automaton.accepts(state)) == expected
    if sum(pattern.sizes.values()) > 2000:
        return
    assert expected == any(
        len(variant) == len(text)
        and all(char in slot for char, slot in zip(text, variant, strict=True))
        for variant in pattern.variants
    )


@settings(deadline=None, max_examples=60)
@given(PATTERNS, st.integers(0, 2**32 - 1))
def test_every_sample_matches_and_its_length_is_counted(pair: tuple[str, str], seed: int) -> None:
    pattern = _compile(pair[0])
    if pattern is None:
        return
    text = pattern.sample(np.random.default_rng(seed))
    assert re.fullmatch(pair[1], text)
    assert pattern.sizes[len(text)] > 0


@settings(deadline=None, max_examples=60)
@given(PATTERNS, st.text(alphabet="AB01", max_size=6))
def test_allowed_is_what_step_accepts(pair: tuple[str, str], text: str) -> None:
    pattern = _compile(pair[0])
    if pattern is None:
        return
    automaton = Automaton((pattern,))
    state = automaton.walk(text)
    if state is not None:
        stepped = {char for char in "AB01X" if automaton.step(state, char) is not None}
        assert automaton.allowed(state) == stepped


def test_sizes_count_texts() -> None:
    pattern = compile_pattern("LL-D{1,2}('E')?")
    letters = 26 * 26
    assert dict(pattern.sizes) == {3: letters * 10, 4: letters * 110, 5: letters * 100}


def test_variants_are_fixed_length_slots() -> None:
    pattern = compile_pattern("('KA'|'KL')D?")
    assert pattern.variants == (
        (frozenset("K"), frozenset("A")),
        (frozenset("K"), frozenset("A"), frozenset("0123456789")),
        (frozenset("K"), frozenset("L")),
        (frozenset("K"), frozenset("L"), frozenset("0123456789")),
    )


def test_too_many_variants_are_refused() -> None:
    pattern = compile_pattern("(L|D){13}")
    with pytest.raises(FormatError, match="more than 8000 variants"):
        _ = pattern.variants


def test_display_keeps_the_marks_and_the_text_does_not() -> None:
    pattern = compile_pattern("'B'*'AB' '1'·'2'.'3'/'4'-'5'")
    assert pattern.display(np.random.default_rng(0)) == "B*AB 1·2.3/4-5"
    assert without_marks("B*AB 1·2.3/4-5") == "BAB12345"


def test_sampling_is_reproducible_and_reaches_every_alternative() -> None:
    pattern = compile_pattern("('A'|'B')D?", CLASSES)
    first = [pattern.sample(np.random.default_rng(seed)) for seed in range(60)]
    assert first == [pattern.sample(np.random.default_rng(seed)) for seed in range(60)]
    assert set(first) == {"A", "B", "A0", "A1", "B0", "B1"}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("Q", "no class 'Q'"),
        ("<nowhere>", "no list 'nowhere'"),
        ("L(D", "a group is not closed"),
        ("LD)", r"unexpected '\)'"),
        ("L'A", 'unexpected "\'"'),
        ("5", "unexpected '5'"),
        ("?L", r"unexpected '\?'"),
        ("L{3,2}", "repeats nothing"),
        ("L{0}", "repeats nothing"),
        ("L\nD", "unexpected"),
        ("[Z-A]", "runs backwards"),
        ("L{17}", "17 characters"),
        ("- /", "0 characters"),
        ("", "0 characters"),
    ],
)
def test_bad_patterns_are_named(source: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        compile_pattern(source)


def test_character_sets() -> None:
    assert parse_charset("C-EA0-2") == "012ACDE"
    assert parse_charset("A-") == "-A"
    with pytest.raises(FormatError, match="empty"):
        parse_charset("")


def test_word_lists() -> None:
    assert parse_words("B 08-11 2A\nB").words == ("B", "08", "09", "10", "11", "2A")
    for bad in ("8-11", "11-08", "A-C"):
        with pytest.raises(FormatError, match="is no range"):
            parse_words(bad)
    with pytest.raises(FormatError, match="empty"):
        parse_words(" ")


def test_same_text_looks_at_marks_alone() -> None:
    assert same_text("LL-DDD-LL", "LL*DDD/LL")
    assert not same_text("LL-DDD-LL", "LL-DDD-L")
    assert not same_text("[A-C]D", "[AC]D")
