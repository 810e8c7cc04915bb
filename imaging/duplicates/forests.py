"""Fewer edges that join as much: the lightest spanning forests of a graph.

What belongs here: thinning. What an edge is, and which one is light, is said by the caller.
"""

import numpy as np


def lightest(n: int, a: np.ndarray, b: np.ndarray, order: np.ndarray, forests: int) -> np.ndarray:
    """Which edges of a graph lie in one of so many edge-disjoint minimum spanning forests: bool.

    a, b: the ends of each edge, nodes 0 to n−1, no edge twice; order: the edges from the lightest to the heaviest.

    The first forest is that of the whole graph, each next one that of what is left. So each node keeps its `forests`
    lightest edges and more, and two nodes that so many other edges could be cut between still hang together (the
    sparse certificate of Nagamochi and Ibaraki 1992, here by weight), in at most `forests` × (n − 1) edges. A
    new node drops edges between old ones but brings none back: it enters a forest by pushing out at most one edge for
    each of its own, which then does the same to the next.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    kept = np.zeros(len(a), dtype=bool)
    left = np.arange(len(a))  # places in `order`
    for _ in range(forests):
        if not len(left):
            break
        edges = order[left]
        graph = coo_array((left + 1.0, (a[edges], b[edges])), shape=(n, n))
        taken = minimum_spanning_tree(graph.tocsr()).data.astype(np.int64) - 1
        kept[order[taken]] = True
        left = np.setdiff1d(left, taken, assume_unique=True)
    return kept
