"""Softmax regression on few rows, trained in a fraction of a second with numpy alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ports import Vectors

RIDGE = 0.05
STEPS = 40
_RIDGE_OF_CONSTANT = 1e-3


class SoftmaxRegression:
    """Multinomial logistic regression with a ridge penalty.

    The Hessian of its loss has a bound that does not depend on the weights (Böhning, "Multinomial logistic regression
    algorithm", 1992). Its inverse is taken once and is the step of an accelerated descent with adaptive restart
    (O'Donoghue and Candès, 2015). `rows` has shape (rows, dimensions); `targets`, shape (rows, classes), sum to one.
    """

    def __init__(self, rows: Vectors, targets: NDArray[np.float32]) -> None:
        rows = _with_constant(rows)
        ridge = np.full((rows.shape[1], 1), RIDGE, np.float32)
        ridge[-1] = _RIDGE_OF_CONSTANT
        step = np.linalg.inv((rows.T @ rows / 2 + np.diag(ridge[:, 0])).astype(np.float64)).astype(np.float32)
        weights = ahead = np.zeros((rows.shape[1], targets.shape[1]), np.float32)
        momentum = 1.0
        for _ in range(STEPS):
            slope = rows.T @ (softmax(rows @ ahead) - targets) + ridge * ahead
            moved = ahead - step @ slope
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            if float(((ahead - moved) * (moved - weights)).sum()) > 0:
                ahead, momentum = moved, 1.0
            else:
                ahead = moved + np.float32((momentum - 1) / following) * (moved - weights)
                momentum = following
            weights = moved
        self._weights = weights

    def probabilities(self, rows: Vectors) -> NDArray[np.float32]:
        """How likely each class is, shape (rows, classes)."""
        return softmax(_with_constant(rows) @ self._weights)


def softmax(scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Each row as shares that sum to one."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def _with_constant(rows: Vectors) -> Vectors:
    return np.hstack([rows, np.ones((len(rows), 1), np.float32)])
