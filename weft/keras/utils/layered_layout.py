"""Where the boxes of a directed graph go: in layers, each behind those that lead to it.

Source: Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, 1981.
"""

from __future__ import annotations

from typing import NamedTuple

#: between boxes of a layer, and between layers
_BESIDE, _BELOW = 18.0, 30.0
#: sweeps over the layers that put boxes near those they are joined to
_SWEEPS = 8


class Layout(NamedTuple):
    """The middle of each box, the points of each edge, and the size of all."""

    centres: list[tuple[float, float]]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def arrange(sizes: list[tuple[float, float]], edges: list[tuple[int, int]]) -> Layout:
    """Arranges boxes from top to bottom.

    Args:
        sizes: Width and height of each box.
        edges: From which box to which; there must be no cycle.
    """
    level = _levels(len(sizes), edges)
    boxes = list(sizes)
    chains, links = _with_bends(boxes, level, edges)
    rows = _ordered(level, links)
    x = _across(rows, boxes, links)
    tops, height = [], 0.0
    for row in rows:
        tall = max(boxes[item][1] for item in row)
        tops.append(height + tall / 2)
        height += tall + _BELOW
    centres = [(x[item], tops[level[item]]) for item in range(len(boxes))]
    routes = []
    for (source, target), chain in zip(edges, chains):
        begin = (centres[source][0], centres[source][1] + boxes[source][1] / 2)
        end = (centres[target][0], centres[target][1] - boxes[target][1] / 2)
        routes.append([begin, *(centres[bend] for bend in chain), end])
    right = max((x[item] + boxes[item][0] / 2 for item in range(len(boxes))), default=0.0)
    return Layout(centres[: len(sizes)], routes, right, max(height - _BELOW, 0.0))


def _levels(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """The longest way to each box from one that nothing leads to."""
    behind: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        behind[source].append(target)
        missing[target] += 1
    level = [0] * count
    ready = [item for item in range(count) if not missing[item]]
    for item in ready:  # grows while it is walked
        for target in behind[item]:
            level[target] = max(level[target], level[item] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return level


def _with_bends(
    boxes: list[tuple[float, float]], level: list[int], edges: list[tuple[int, int]]
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Puts an invisible box into each layer that an edge crosses, so that it goes round the boxes there."""
    chains, links = [], []
    for source, target in edges:
        chain, last = [], source
        for between in range(level[source] + 1, level[target]):
            boxes.append((2.0, 2.0))
            level.append(between)
            chain.append(len(boxes) - 1)
            links.append((last, len(boxes) - 1))
            last = len(boxes) - 1
        links.append((last, target))
        chains.append(chain)
    return chains, links


def _ordered(level: list[int], links: list[tuple[int, int]]) -> list[list[int]]:
    """The boxes of each layer, in an order with few crossings."""
    rows: list[list[int]] = [[] for _ in range(max(level, default=-1) + 1)]
    for item, where in enumerate(level):
        rows[where].append(item)
    place = {item: float(n) for row in rows for n, item in enumerate(row)}
    near = _neighbours(links)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            wanted = {}
            for item in row:
                joined = [place[other] for other in near[down].get(item, ())]
                wanted[item] = sum(joined) / len(joined) if joined else place[item]
            row.sort(key=lambda item: wanted[item])
            for n, item in enumerate(row):
                place[item] = float(n)
    return rows


def _neighbours(links: list[tuple[int, int]]) -> dict[bool, dict[int, list[int]]]:
    """Of each box the boxes above (True) and below (False)."""
    near: dict[bool, dict[int, list[int]]] = {True: {}, False: {}}
    for source, target in links:
        near[True].setdefault(target, []).append(source)
        near[False].setdefault(source, []).append(target)
    return near


def _across(rows: list[list[int]], boxes: list[tuple[float, float]], links: list[tuple[int, int]]) -> dict[int, float]:
    """Where across each box stands: near those it is joined to, without overlap, in the order of its layer."""
    x: dict[int, float] = {}
    for row in rows:
        edge = 0.0
        for item in row:
            x[item] = edge + boxes[item][0] / 2
            edge += boxes[item][0] + _BESIDE
    near = _neighbours(links)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            wanted = []
            for item in row:
                joined = [x[other] for other in near[down].get(item, ())]
                wanted.append(sum(joined) / len(joined) if joined else x[item])
            for item, value in zip(row, _apart(wanted, [boxes[item][0] for item in row])):
                x[item] = value
    left = min((x[item] - boxes[item][0] / 2 for item in x), default=0.0)
    return {item: value - left for item, value in x.items()}


def _apart(wanted: list[float], widths: list[float]) -> list[float]:
    """Places as near to the wanted ones as their widths allow: neighbours that would overlap are moved together."""
    groups: list[tuple[float, float, int]] = []  # sum of offsets from a common start, that start, how many
    ahead = 0.0
    offsets = []
    for n, width in enumerate(widths):
        ahead += width / 2 + (widths[n - 1] / 2 + _BESIDE if n else 0.0)
        offsets.append(ahead)
        total, start, count = wanted[n] - ahead, wanted[n] - ahead, 1
        while groups and groups[-1][1] > start:
            before = groups.pop()
            total, count = total + before[0], count + before[2]
            start = total / count
        groups.append((total, start, count))
    starts = [start for _, start, count in groups for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets)]
