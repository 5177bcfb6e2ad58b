"""The partial correlation lasso beside pcglasso (PyPI), at equal objective, one thread.

    /tmp/peers/bin/pip install pcglasso
    /tmp/peers/bin/python benches/compare/partial_correlation.py --quick      # p = 50 and 200
    /tmp/peers/bin/python benches/compare/partial_correlation.py

Samples of graphs with hubs and of random graphs, more and fewer than variables, at a sparse and a dense penalty. Both get the
same correlations and the same weight of the diagonal, that of pcglasso. pcglasso runs with the loosest tolerance, and the faster of its
two methods, with which its objective is within 1e-6, relative, of the smallest that anybody reached; sinew is asked for a
relative gap of 1e-9, 1e-6 and so on and is held to the same. Times are seconds: median (smallest) of the rounds.
"""

import os
import sys
import time

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread

try:
    from pcglasso import pcglasso
except ImportError:
    sys.exit("pcglasso is not installed: see the head of this file")

CLOSE = 1e-6
TOLERANCES = [10.0**-k for k in range(2, 11)]
# Variables, samples, kind, penalties.
PROBLEMS = [
    (p, n, kind, lam)
    for p, n in ((50, 100), (200, 400), (200, 100), (500, 1000), (500, 250))
    for kind in ("hub", "random")
    for lam in (0.25, 0.1)
]


def correlations(p, n, kind):
    rng = np.random.default_rng([p, n, kind == "hub"])
    theta = np.eye(p)
    if kind == "hub":
        for hub in range(0, p, 10):
            theta[hub, hub + 1 : hub + 10] = theta[hub + 1 : hub + 10, hub] = 0.25
    else:
        upper = np.triu(rng.random((p, p)) < 4 / p, 1) * rng.uniform(-0.5, 0.5, (p, p))
        theta = upper + upper.T
        theta += np.eye(p) * (0.2 - np.linalg.eigvalsh(theta)[0])
    x = np.linalg.solve(np.linalg.cholesky(theta).T, rng.normal(size=(p, n)))
    return np.corrcoef(x)


def default_weight(r):
    rank = np.linalg.matrix_rank(r, hermitian=True)
    return 1.0 if rank == len(r) else 0.9 * rank / len(r)


def theirs(r, lam, weight, method, tol):
    start = time.perf_counter()
    fit = pcglasso(r, lam, c=weight, method=method, tol=tol, max_iter=100000)
    return time.perf_counter() - start, fit.objective_


def own(given, place, lam, weight, tol):
    options = [f"data={place}", f"lambda={lam}", f"weight={weight}", f"tol={tol}"]
    return common.sinew(given.sinew, "partial_correlation.rhai", *options).value


def within(value, best):
    return value - best <= CLOSE * max(1.0, abs(best))


def tuned(r, lam, weight, best):
    """The fastest method and the loosest tolerance of pcglasso that are close, with seconds."""
    found = []
    for method in ("primal", "dual"):
        for tol in TOLERANCES:
            seconds, value = theirs(r, lam, weight, method, tol)
            if within(value, best):
                found.append((seconds, method, tol))
                break
    return min(found, default=None)


def compare(given, p, n, kind, lam):
    r = correlations(p, n, kind)
    weight = default_weight(r)
    place = os.path.join(given.folder, f"{kind}{p}_{n}.R.npy")
    np.save(place, r)
    best = min(own(given, place, lam, weight, 1e-9)["objective"], theirs(r, lam, weight, "primal", 1e-8)[1])
    tol = next((tol for tol in (1e-6, 1e-7, 1e-8, 1e-9) if within(own(given, place, lam, weight, tol)["objective"], best)), None)
    name = f"{kind}, p = {p}, n = {n}, lambda {lam:g}"
    if tol is None:
        row([name, "another minimum", "", "", "", "", ""])
        return
    setting, ours, peers = tuned(r, lam, weight, best), [], []
    for _ in range(given.rounds):
        fit = own(given, place, lam, weight, tol)
        ours.append(fit["seconds"])
        if setting:
            peers.append(theirs(r, lam, weight, *setting[1:])[0])
    other = [f"{setting[1]}, {setting[2]:.0e}", spread(peers), number(ratio(peers, ours))] if setting else ["misses it", "", ""]
    row([name, fit["edges"], f"{fit['gap']:.0e}", spread(ours), *other])


def main():
    given = common.parse(common.arguments(__doc__, rounds=3))
    print(f"objectives within {CLOSE:g}, {given.rounds} rounds; {common.machine()}\n", flush=True)
    header(["problem", "edges", "gap", "sinew s", "pcglasso", "pcglasso s", "times sinew's"])
    for problem in PROBLEMS:
        if not given.quick or problem[0] <= 200:
            compare(given, *problem)


if __name__ == "__main__":
    main()
