"""imaging.duplicates.forests: the edges that one forest after the other takes, the lightest first."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.duplicates.forests import lightest

GRAPHS = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.just(n), st.permutations(list(combinations(range(n), 2))), st.integers(0, 66)
    )
)


def kept(n: int, edges: list[tuple[int, int]], forests: int) -> set[tuple[int, int]]:
    """Of edges that come from the lightest to the heaviest."""
    a, b = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    mask = lightest(n, a, b, np.arange(len(edges)), forests)
    return {edge for edge, is_kept in zip(edges, mask, strict=True) if is_kept}


def greedy(n: int, edges: list[tuple[int, int]], forests: int) -> set[tuple[int, int]]:
    """Kruskal, one forest after the other: an edge goes into the first where it closes no ring."""
    homes = [list(range(n)) for _ in range(forests)]
    taken = set()
    for a, b in edges:
        for home in homes:
            if home[a] != home[b]:
                old, new = home[a], home[b]
                home[:] = [new if it == old else it for it in home]
                taken.add((a, b))
                break
    return taken


@settings(max_examples=100, deadline=None)
@given(GRAPHS, st.integers(1, 4))
def test_they_are_those_of_kruskal(graph: tuple, forests: int) -> None:
    n, edges, count = graph
    assert kept(n, edges[:count], forests) == greedy(n, edges[:count], forests)


@settings(max_examples=100, deadline=None)
@given(GRAPHS, st.integers(1, 4))
def test_each_node_keeps_its_lightest_edges(graph: tuple, forests: int) -> None:
    n, edges, count = graph
    found = kept(n, edges[:count], forests)
    assert len(found) <= forests * (n - 1)
    for node in range(n):
        own = [edge for edge in edges[:count] if node in edge]
        assert found >= set(own[:forests])


@settings(max_examples=100, deadline=None)
@given(GRAPHS, st.integers(1, 4))
def test_a_new_node_brings_back_no_edge_of_old_ones(graph: tuple, forests: int) -> None:
    n, edges, count = graph
    old = [edge for edge in edges[:count] if n - 1 not in edge]
    after = {edge for edge in kept(n, edges[:count], forests) if n - 1 not in edge}
    assert after <= kept(n - 1, old, forests)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_no_edges(n: int) -> None:
    assert kept(n, [], 3) == set()
