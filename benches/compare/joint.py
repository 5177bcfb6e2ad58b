"""The joint graphical lasso beside GGLasso's ADMM on the same covariances, one thread, at equal objective.

    /tmp/peers/bin/python benches/compare/joint.py --quick              # p = 100 and 200
    /tmp/peers/bin/python benches/compare/joint.py

How to install the peers: common.py. K data sets of n = 2p samples from precision matrices that share most edges,
standardised; "group" is GGLasso's GGL, "chain" its FGL (total variation along the list); K = 1 is its single graphical
lasso. One rule for both: the loosest tolerance counts whose objective is within 1e-6 (relative) of the minimum, which
sinew finds to a certified gap of 1e-11; sinew's are bounds on its relative gap, 1e-2 .. 1e-6, and its time includes the
certificate; GGLasso's are tol = rtol, 1e-3 .. 1e-7. Its first call is left out (numba compiles).
The objective of both is computed here, of the matrices as they are; where Theta is not positive definite the run does not
count. Times are seconds, median (smallest) of the rounds, taken in turn.
"""

import contextlib
import io
import os
import time

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread

try:
    import gglasso
    from gglasso.solver.admm_solver import ADMM_MGL
    from gglasso.solver.single_admm_solver import ADMM_SGL
except ImportError:
    gglasso = None

SIZES, QUICK = (200, 500), (100, 200)
SETS = (1, 3, 10)
KINDS = {"group": "GGL", "chain": "FGL"}
PENALTIES = (0.15, 0.08)
TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
OURS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
CLOSE = 1e-6
SEED = 20140


def covariances(p, count):
    """Correlations of `count` data sets whose graphs share nine of ten edges."""
    rng = np.random.default_rng([SEED, p, count])
    pairs = np.triu(rng.random((p, p)) < 3.0 / p, 1)
    found = []
    for _ in range(count):
        own = pairs & (rng.random((p, p)) < 0.9)
        theta = np.where(own, rng.uniform(0.3, 0.6, (p, p)) * rng.choice([-1, 1], (p, p)), 0.0)
        theta = theta + theta.T
        theta += np.diag(np.abs(theta).sum(0) + 0.3)
        x = rng.multivariate_normal(np.zeros(p), np.linalg.inv(theta), 2 * p)
        found.append(np.corrcoef(x.T))
    return np.stack([(s + s.T) / 2 for s in found])


def objective(s, theta, kind, lam, lam2):
    """The objective, or infinity."""
    off = ~np.eye(s.shape[1], dtype=bool)
    value = 0.0
    for own, matrix in zip(s, theta):
        sign, logdet = np.linalg.slogdet(matrix)
        if sign <= 0 or np.linalg.eigvalsh(matrix)[0] <= 0:
            return np.inf
        value += np.sum(own * matrix) - logdet
    entries = theta[:, off]
    value += lam * np.abs(entries).sum()
    if kind == "group":
        return value + lam2 * np.sqrt((entries**2).sum(0)).sum()
    return value + lam2 * np.abs(np.diff(entries, axis=0)).sum()


def peer(s, kind, lam, lam2, tol):
    with contextlib.redirect_stdout(io.StringIO()):
        return timed(s, kind, lam, lam2, tol)


def timed(s, kind, lam, lam2, tol):
    start = time.perf_counter()
    if len(s) == 1:
        # The norm of one number is its size.
        own = lam + lam2 if kind == "group" else lam
        found, _ = ADMM_SGL(s[0], own, np.eye(s.shape[1]), tol=tol, rtol=tol, max_iter=5000)
        theta = found["Theta"][None]
    else:
        begin = np.stack([np.eye(s.shape[1])] * len(s))
        found, _ = ADMM_MGL(s, lam, lam2, KINDS[kind], begin, tol=tol, rtol=tol, max_iter=5000)
        theta = found["Theta"]
    return time.perf_counter() - start, theta


def compare(given, p, count, kind):
    s = covariances(p, count)
    files = []
    for k, own in enumerate(s):
        files.append(os.path.join(given.folder, f"joint_{p}_{count}_{k}.npy"))
        np.save(files[-1], own)
    lam, lam2 = PENALTIES
    options = [f"covariances={','.join(files)}", f"penalty={kind}", f"lambda={lam}", f"lambda2={lam2}"]
    best = common.sinew(given.sinew, "joint.rhai", *options, "tol=1e-11").value["objective"]
    own, other, used, last = [], [], None, np.inf
    if gglasso:
        peer(s[:, :20, :20], kind, lam, lam2, 1e-3)
        for used in TOLERANCES:
            seconds, theta = peer(s, kind, lam, lam2, used)
            last = objective(s, theta, kind, lam, lam2)
            if last - best <= CLOSE * max(1.0, abs(best)):
                break
    for ours in OURS:
        run = common.sinew(given.sinew, "joint.rhai", *options, f"tol={ours}").value
        if run["objective"] - best <= CLOSE * max(1.0, abs(best)):
            break
    for turn in range(given.rounds):
        run = common.sinew(given.sinew, "joint.rhai", *options, f"tol={ours}").value
        own.append(run["seconds"])
        if gglasso:
            other.append(seconds if turn == 0 else peer(s, kind, lam, lam2, used)[0])
    off = abs(run["objective"] - best) / max(1.0, abs(best))
    cells = [p, count, kind, run["edges"], spread(own), number(off)]
    if gglasso:
        cells += [spread(other), number((last - best) / max(1.0, abs(best))), f"{ratio(other, own):.1f}"]
    row(cells)


def main():
    given = common.parse(common.arguments(__doc__, 3))
    print(f"{common.machine()}; {'gglasso ' + gglasso.__version__ if gglasso else 'MISSING: gglasso'}\n")
    head = ["p", "K", "penalty", "edges", "sinew s", "off the minimum"]
    header(head + (["gglasso s", "off the minimum", "ratio"] if gglasso else []))
    for p in QUICK if given.quick else SIZES:
        for count in SETS:
            for kind in KINDS:
                compare(given, p, count, kind)


if __name__ == "__main__":
    main()
