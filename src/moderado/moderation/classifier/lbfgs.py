"""Minimizes a smooth convex function: L-BFGS (Liu and Nocedal 1989) in plain Python.

Sums are exact (`math.fsum`), so that equal input gives equal output whatever the machine.
"""

import math
from collections.abc import Callable
from operator import mul

Vector = list[float]
Objective = Callable[[Vector], tuple[float, Vector]]

MEMORY = 6  # steps whose curvature is remembered
_SUFFICIENT = 1e-4  # share of the expected decrease that a step must bring (Armijo)
_SHORTEST_STEP = 1e-8


def minimize(
    objective: Objective, start: Vector, *, iterations: int, tolerance: float = 1e-7
) -> Vector:
    """Return a point near the minimum.

    Args:
        objective: Returns the value and the gradient at a point.
        start: Where to begin.
        iterations: The most steps.
        tolerance: The relative decrease below which the search ends.
    """
    point = start
    value, gradient = objective(point)
    memory: list[tuple[Vector, Vector, float]] = []
    for _ in range(iterations):
        direction = _direction(gradient, memory)
        slope = dot(gradient, direction)
        if slope >= 0:
            break
        step = 1.0 if memory else 1.0 / math.sqrt(-slope)
        while True:
            new_point = [a + step * b for a, b in zip(point, direction, strict=True)]
            new_value, new_gradient = objective(new_point)
            if new_value <= value + _SUFFICIENT * step * slope or step < _SHORTEST_STEP:
                break
            step /= 2
        moved = [step * each for each in direction]
        change = [a - b for a, b in zip(new_gradient, gradient, strict=True)]
        curvature = dot(moved, change)
        if curvature > 0:
            memory = [*memory[-MEMORY + 1 :], (moved, change, curvature)]
        gained = value - new_value
        point, value, gradient = new_point, new_value, new_gradient
        if gained < tolerance * abs(value):
            break
    return point


def _direction(gradient: Vector, memory: list[tuple[Vector, Vector, float]]) -> Vector:
    """Return the descent direction: the two-loop recursion."""
    result = [-each for each in gradient]
    shares = []
    for moved, change, curvature in reversed(memory):
        share = dot(moved, result) / curvature
        shares.append(share)
        result = [a - share * b for a, b in zip(result, change, strict=True)]
    if memory:
        _, change, curvature = memory[-1]
        factor = curvature / dot(change, change)
        result = [factor * each for each in result]
    for (moved, change, curvature), share in zip(memory, reversed(shares), strict=True):
        rest = share - dot(change, result) / curvature
        result = [a + rest * b for a, b in zip(result, moved, strict=True)]
    return result


def dot(first: Vector, second: Vector) -> float:
    return math.fsum(map(mul, first, second))
