"""One certificate for every program, from (S, lambda, Theta) alone.

The duality gap by projection, and the largest violation of the optimality conditions, of
min -logdet Theta + tr(S Theta) + lambda sum_{i != j} |Theta_ij|; the diagonal is not penalised.
"""

import numpy as np
from scipy.linalg import lapack

MISSED = dict(gap=np.inf, kkt=np.inf, edges=0)
ROWS = 512


def cholesky(a):
    """The lower factor, or None where the matrix is not positive definite; uses up a matrix in Fortran order."""
    factor, info = lapack.dpotrf(a, lower=1, clean=0, overwrite_a=1)
    return factor if info == 0 and np.isfinite(np.diag(factor)).all() else None


def mirror(lower):
    """Copies the lower triangle over the upper one, in tiles: no second matrix."""
    p = lower.shape[0]
    for i in range(0, p, ROWS):
        end = min(i + ROWS, p)
        lower[i:end, end:] = lower[end:, i:end].T
        tile = lower[i:end, i:end]
        tile[:] = np.tril(tile) + np.tril(tile, -1).T


def certificate(s, lam, theta):
    """Relative gap, largest violation and number of edges. Holds two matrices of this size beside those given."""
    p = s.shape[0]
    theta = theta + theta.T
    theta /= 2
    # Symmetric: the transpose is the same matrix in Fortran order.
    theta = theta.T
    factor = cholesky(theta.copy(order="F"))
    if factor is None:
        return MISSED
    primal = -2 * np.log(np.diag(factor)).sum()
    w, info = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        return MISSED
    mirror(w)
    kkt, edges = 0.0, 0
    # Both matrices are symmetric: columns of them, which lie together, stand for rows.
    for start in range(0, p, ROWS):
        part = slice(start, min(start + ROWS, p))
        t, limit = theta[:, part], np.full((p, part.stop - start), lam)
        limit[np.arange(start, part.stop), np.arange(part.stop - start)] = 0.0
        rows = s[part].T
        difference = w[:, part] - rows
        primal += np.sum(rows * t) + np.sum(limit * np.abs(t))
        edges += int(((np.abs(t) > 1e-10) & (limit > 0)).sum())
        wrong = np.where(t != 0, np.abs(limit * np.sign(t) - difference), np.maximum(np.abs(difference) - limit, 0))
        kkt = max(kkt, float(wrong.max()))
        w[:, part] = rows + np.clip(difference, -limit, limit)
    factor = cholesky(w)
    gap = np.inf if factor is None else primal - p - 2 * np.log(np.diag(factor)).sum()
    return dict(gap=gap / max(1.0, abs(primal)), kkt=kkt, edges=edges // 2)
