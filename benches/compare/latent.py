"""Sparse plus low rank beside GGLasso's ADMM, on one thread, at equal objective.

    /tmp/peers/bin/python benches/compare/latent.py --quick              # p = 200 alone

The problems are correlations of n = 2p samples of a sparse precision matrix less a low-rank part of five hidden variables;
K data sets are samples of the same. Both sides minimise the same objective, group penalty and equal weights where K > 1.
One rule for both: the loosest tolerance counts whose objective is within 1e-6 (relative) of the minimum, which a certified
run to 1e-9 gives; sinew's are bounds on its relative gap, and its time includes the certificate. Times are seconds of the
solvers alone, median (smallest) of the rounds.
"""

import contextlib
import io
import os
import time
import warnings

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread

try:
    from gglasso.solver.admm_solver import ADMM_MGL
    from gglasso.solver.single_admm_solver import ADMM_SGL
except ImportError:
    ADMM_MGL = None

SIZES, QUICK, COUNTS = (200, 500), (200,), (1, 3, 10)
HIDDEN = 5
CLOSE = 1e-6
OURS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)


def covariances(p, count):
    """Correlations, count x p x p."""
    rng = np.random.default_rng([20261122, p])
    theta = np.zeros((p, p))
    for i in range(p):
        j = int(rng.integers(p))
        if i != j:
            theta[i, j] = theta[j, i] = rng.uniform(0.2, 0.4) * rng.choice([-1, 1])
    theta += np.diag(np.abs(theta).sum(1) + 0.3)
    loadings = rng.normal(size=(p, HIDDEN)) * np.sqrt(0.5 / p)
    r = theta - loadings @ loadings.T
    r += np.eye(p) * max(0.0, 0.1 - np.linalg.eigvalsh(r)[0])
    sigma = np.linalg.inv(r)
    draws = (rng.multivariate_normal(np.zeros(p), sigma, size=2 * p) for _ in range(count))
    return np.stack([np.corrcoef(x.T) for x in draws])


def objective(s, theta, low_rank, penalties):
    lam, lam2, mu = penalties
    value = 0.0
    for k in range(len(s)):
        r = theta[k] - low_rank[k]
        sign, logdet = np.linalg.slogdet(r)
        if sign <= 0:
            return np.inf
        value += np.sum(s[k] * r) - logdet + mu * np.trace(low_rank[k])
    off = theta * (1 - np.eye(theta.shape[1]))
    return value + lam * np.abs(off).sum() + lam2 * np.sqrt((off**2).sum(0)).sum()


def admm(s, penalties, tol):
    lam, lam2, mu = penalties
    p, options = s.shape[1], {"latent": True, "tol": tol, "rtol": tol, "max_iter": 20000, "verbose": False}
    start = time.perf_counter()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if len(s) == 1:
            found, _ = ADMM_SGL(s[0], lam, np.eye(p), mu1=mu, **options)
        else:
            eye = np.stack([np.eye(p)] * len(s))
            found, _ = ADMM_MGL(s, lam, lam2, "GGL", eye, mu1=np.full(len(s), mu), **options)
    seconds = time.perf_counter() - start
    shape = (-1, p, p)
    return seconds, objective(s, found["Theta"].reshape(shape), found["L"].reshape(shape), penalties)


def compare(given, p, count):
    s = covariances(p, count)
    files = []
    for k in range(count):
        files.append(os.path.join(given.folder, f"latent_{p}_{k}.npy"))
        np.save(files[-1], s[k])
    for lam, mu in ((0.15, 1.0), (0.2, 1.5)):
        penalties = (lam, 0.5 * lam if count > 1 else 0.0, mu)
        options = [f"data={','.join(files)}", f"lambda={lam}", f"lambda2={penalties[1]}", f"mu={mu}", f"n={2 * p}"]
        best = common.sinew(given.sinew, "latent.rhai", *options, "tol=1e-9").value["objective"]
        ours, theirs, used = [], [], None
        if ADMM_MGL:
            for used in TOLERANCES:
                seconds, value = admm(s, penalties, used)
                if value - best <= CLOSE * abs(best):
                    break
        for tol in OURS:
            said = common.sinew(given.sinew, "latent.rhai", *options, f"tol={tol}").value
            if said["objective"] - best <= CLOSE * abs(best):
                break
        for turn in range(given.rounds):
            said = common.sinew(given.sinew, "latent.rhai", *options, f"tol={tol}").value
            ours.append(said["seconds"])
            if ADMM_MGL:
                theirs.append(seconds if turn == 0 else admm(s, penalties, used)[0])
        off = (said["objective"] - best) / abs(best)
        cells = [p, count, lam, mu, said["edges"], said["rank"], spread(ours), number(off)]
        if ADMM_MGL:
            cells += [spread(theirs), number((value - best) / abs(best)), f"{ratio(theirs, ours):.1f}"]
        row(cells)


def main():
    given = common.parse(common.arguments(__doc__, rounds=3))
    print(f"{given.rounds} rounds; {common.machine()}", flush=True)
    if ADMM_MGL is None:
        print("MISSING: gglasso is left out", flush=True)
    head = ["p", "K", "lambda", "mu", "edges", "rank", "sinew s", "off the minimum"]
    header(head + (["gglasso s", "off the minimum", "ratio"] if ADMM_MGL else []))
    for p in QUICK if given.quick else SIZES:
        for count in COUNTS:
            compare(given, p, count)


if __name__ == "__main__":
    main()
