from __future__ import annotations

import threading

import numpy as np

from lpr.formats.automaton import Automaton
from lpr.formats.pattern import compile_pattern
from lpr.formats.registry import load_automaton, load_region


def _automaton() -> Automaton:
    patterns = [compile_pattern(one) for one in ("LLDDD", "LLDDL", "L{2,3}D{3}")]
    return Automaton(patterns, (0.5, 0.2, 0.3))


def test_a_decoder_walks_it_character_by_character() -> None:
    automaton = _automaton()
    state = automaton.start
    for char in "AB12":
        after = automaton.step(state, char)
        assert after is not None
        assert not automaton.accepts(after)
        state = after
    assert automaton.allowed(state) == frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    last = automaton.step(state, "3")
    assert last is not None
    assert automaton.accepts(last)
    assert automaton.allowed(last) == frozenset()
    assert automaton.step(last, "4") is None


def test_the_merged_patterns_are_told_apart_at_the_end() -> None:
    automaton = _automaton()
    assert automaton.matching("AB123") == (0, 2)
    assert automaton.matching("AB12C") == (1,)
    assert automaton.matching("ABC123") == (2,)
    assert automaton.matching("AB12") == ()
    assert automaton.matching("ab123") == ()
    assert automaton.matching("") == ()


def test_weight_is_that_of_the_best_accepting_pattern() -> None:
    automaton = _automaton()
    weights = {}
    for text in ("AB123", "AB12C", "ABC123", "AB1"):
        state = automaton.walk(text)
        assert state is not None
        weights[text] = automaton.weight(state)
    assert weights == {"AB123": 0.5, "AB12C": 0.2, "ABC123": 0.3, "AB1": 0.0}


def test_a_pattern_of_optional_parts_accepts_the_empty_text() -> None:
    automaton = Automaton((compile_pattern("L?D?"),))
    assert automaton.accepts(automaton.start)
    assert not Automaton((compile_pattern("L"),)).accepts(0)


def test_no_pattern_accepts_nothing() -> None:
    automaton = load_automaton(())
    assert not automaton.accepts(automaton.start)
    assert automaton.step(automaton.start, "A") is None
    assert automaton.allowed(automaton.start) == frozenset()


def test_regions_are_merged_and_weighted_alike() -> None:
    automaton = load_automaton(("de", "fr"))
    assert automaton.matching("MAB1234")
    assert automaton.matching("AB123CD")
    assert not automaton.matching("1234BCD")
    state = automaton.walk("AB123CD")
    assert state is not None
    total = sum(one.weight for one in load_region("fr").formats)
    assert automaton.weight(state) == load_region("fr").formats[0].weight / total


def test_threads_share_one_automaton() -> None:
    region = load_region("in")
    rng = np.random.default_rng(7)
    texts = [region.formats[0].sample(rng) for _ in range(200)]
    texts += [text[:-1] + "?" for text in texts]
    expected = [bool(region.automaton.matching(text)) for text in texts]
    shared = Automaton([one.pattern for one in region.formats])
    found: list[list[bool]] = []

    def work() -> None:
        found.append([bool(shared.matching(text)) for text in texts])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
    assert sum(expected) == 200
