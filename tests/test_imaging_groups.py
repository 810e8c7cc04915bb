"""imaging.duplicates.groups, pairs.follow and decisions: groups are what is confirmed, people have the last word."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.duplicates.decisions import KEEP_BOTH, KEEP_THIS, NOT_DUPLICATE, Decision, add, read
from imaging.duplicates.decisions import latest as counting
from imaging.duplicates.groups import find_groups
from imaging.duplicates.pairs import follow
from storage.schemas import GROUPS, PAIRS, table
from tests._paintings import painting
from tests._pictures import images, row

IDS = st.sets(st.text("abcdef", min_size=1, max_size=2), min_size=1, max_size=12).map(sorted)
Edge = tuple[str, str, float | None]  # ends and likeness; None is a refused proposal


def pair_rows(edges: list[Edge]) -> pa.Table:
    rows = {
        (min(a, b), max(a, b)): {
            "image_a": min(a, b),
            "image_b": max(a, b),
            "kind": "different_work" if like is None else "same_image",
            "confirmed": like is not None,
            "proposed_by": "hash",
            "likeness": like,
            "evidence": "given",
        }
        for a, b, like in edges
        if a != b
    }
    return table(PAIRS, list(rows.values()))


def components(ids: list[str], pairs: pa.Table) -> dict[str, frozenset[str]]:
    """By flooding: what connected components are."""
    edges = [(it["image_a"], it["image_b"]) for it in pairs.to_pylist() if it["confirmed"]]
    found = {}
    for image in ids:
        reached = {image}
        while True:
            more = {y for a, b in edges for x, y in ((a, b), (b, a)) if x in reached}
            if more <= reached:
                break
            reached |= more
        found[image] = frozenset(reached)
    return found


def with_edges(ids: list[str]) -> st.SearchStrategy:
    one = st.sampled_from(ids)
    like = st.none() | st.floats(0, 1, width=32)
    return st.tuples(st.just(ids), st.lists(st.tuples(one, one, like), max_size=15))


@given(IDS.flatmap(with_edges))
def test_groups_are_the_connected_components(case: tuple[list[str], list[Edge]]) -> None:
    ids, edges = case
    pairs = pair_rows(edges)
    groups = find_groups(ids, pairs)
    assert groups.schema.equals(GROUPS)
    group = components(ids, pairs)
    assert groups.to_pylist() == [
        {"image_id": image, "group_id": min(group[image]), "group_size": len(group[image])}
        for image in ids
    ]
    backwards = pairs.take(pa.array(range(pairs.num_rows), pa.int64())[::-1])
    assert find_groups(reversed(ids), backwards).equals(groups)


def test_no_pictures_make_no_groups_and_strangers_are_named() -> None:
    assert find_groups([], pair_rows([])).num_rows == 0
    with pytest.raises(ValueError, match="image_b y is not among"):
        find_groups(["x"], pair_rows([("x", "y", 0.9)]))


def facts(ids: list[str]) -> pa.Table:
    one = row("", painting(1))
    return images([{**one, "image_id": image, "sha256": image * 8} for image in ids])


def decided(*rows: tuple[str, str, str]) -> dict[tuple[str, str], Decision]:
    names = ("image_a", "image_b", "verdict")
    return counting(pa.Table.from_pylist([dict(zip(names, it, strict=True)) for it in rows]))


@st.composite
def decided_cases(draw: st.DrawFn) -> tuple[list[str], list[Edge], list[tuple[str, str, str]]]:
    ids = draw(IDS)
    _, edges = draw(with_edges(ids))
    one = st.sampled_from(ids)
    verdict = st.sampled_from([NOT_DUPLICATE, KEEP_BOTH, KEEP_THIS])
    said = draw(st.lists(st.tuples(one, one, verdict), max_size=6))
    return ids, edges, [it for it in said if it[0] != it[1]]


@given(decided_cases())
def test_what_people_keep_apart_stays_apart_and_what_they_join_is_joined(
    case: tuple[list[str], list[Edge], list[tuple[str, str, str]]],
) -> None:
    ids, edges, said = case
    apart = {tuple(sorted(it[:2])) for it in said if it[2] == NOT_DUPLICATE}
    # People may contradict themselves over a chain; then keeping apart wins, and that is all one can ask.
    made = follow(pair_rows(edges), decided(*said) if said else {}, facts(ids))
    assert made.schema.equals(PAIRS)
    group = components(ids, made)
    last = {tuple(sorted(it[:2])): it[2] for it in said}
    for (a, b), verdict in last.items():
        if verdict == NOT_DUPLICATE:
            assert b not in group[a]
        elif not any(value == NOT_DUPLICATE for value in last.values()):
            assert b in group[a]
    if not apart:
        before = components(ids, pair_rows(edges))
        assert all(before[image] <= group[image] for image in ids if not said)


def test_the_weakest_pair_of_a_chain_is_the_one_refused() -> None:
    pairs = pair_rows([("a", "b", 0.9), ("b", "c", 0.7), ("c", "d", 0.8)])
    made = follow(pairs, decided(("a", "d", NOT_DUPLICATE)), facts(list("abcd"))).to_pylist()
    refused = [it for it in made if not it["confirmed"]]
    assert [(it["image_a"], it["image_b"]) for it in refused] == [("b", "c"), ("a", "d")]
    assert refused[0]["evidence"] == "given; but a person keeps a and d apart"
    assert refused[0]["kind"] == "different_work"


def test_a_decision_keeps_what_was_measured_and_adds_what_nobody_proposed() -> None:
    pairs = pair_rows([("a", "b", None)])
    said = decided(("b", "a", KEEP_BOTH), ("c", "a", KEEP_THIS), ("a", "gone", KEEP_BOTH))
    made = {it["image_b"]: it for it in follow(pairs, said, facts(list("abc"))).to_pylist()}
    assert made.keys() == {"b", "c"}  # a picture that is gone waits
    assert [made[it]["proposed_by"] for it in "bc"] == ["hash", "person"]
    assert [made[it]["kind"] for it in "bc"] == ["same_image", "same_image"]
    assert made["c"]["phash_distance"] == 0
    assert made["b"]["evidence"] == "a person decided: keep both"


def test_decisions_are_kept_line_by_line_and_the_last_counts(tmp_path) -> None:
    file = tmp_path / "decisions.jsonl"
    assert read(file).num_rows == 0
    add(file, Decision("b", "a", NOT_DUPLICATE))
    add(file, Decision("a", "b", KEEP_THIS))
    assert read(file)["number"].to_pylist() == [1, 2]
    assert counting(read(file)) == {("a", "b"): Decision("a", "b", KEEP_THIS)}
    with pytest.raises(ValueError, match="maybe"):
        add(file, Decision("a", "b", "maybe"))
    with pytest.raises(ValueError, match="paired with itself"):
        add(file, Decision("a", "a", KEEP_BOTH))
    with file.open("a") as lines:
        lines.write("{}\n")
    with pytest.raises(ValueError, match="line 3"):
        read(file)
