"""The test problems that every comparison uses, by name, from fixed seeds; kept as .npy files.

    python benches/compare/problems.py FOLDER [NAME ..]

er{p}_{n}     random graph with 4 neighbours a node on average, weights of either sign, n samples
band{p}_{n}   band of width 2
block{p}_{n}  p / 50 separate random graphs of 50 variables

FOLDER/NAME.S.npy is the correlation matrix of the samples, NAME.X.npy the standardised samples, NAME.json the rest.
The penalty leaves about as many edges as are true. Without a name, all that have a recorded penalty are made.
er10000_20000 and block20000_1000 take minutes and 8 to 12 GB.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

SEED = 20260101
BLOCK = 50
KINDS = {"er": 1, "band": 2, "block": 3}
LAMBDAS = {
    "er100_200": 0.1973, "er100_50": 0.3262, "er500_1000": 0.1266, "er500_250": 0.1994, "er1000_2000": 0.1024,
    "er1000_500": 0.1535, "er2000_4000": 0.1062, "er2000_1000": 0.1267, "band2000_1000": 0.136,
    "block5000_2500": 0.265, "block20000_1000": 0.3, "er250_500": 0.1503, "er5000_10000": 0.1032,
}  # fmt: skip
# Fitted graphs have about as many edges as are true at this share of the correlation that so many pairs exceed.
SHARE = 0.8
# Above this size the smallest eigenvalue comes from a sparse method.
DENSE_EIGENVALUES = 2000


@dataclass
class Problem:
    name: str
    p: int
    n: int
    true_edges: int
    lam: float
    s_file: str
    x_file: str

    def s(self):
        return np.load(self.s_file, mmap_mode="r")


def smallest_eigenvalue(a):
    if a.shape[0] <= DENSE_EIGENVALUES:
        return np.linalg.eigvalsh(a)[0]
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import eigsh

    # A start of its own: the same number every time.
    start = np.random.default_rng(0).standard_normal(a.shape[0])
    return eigsh(csr_array(a), k=1, which="SA", v0=start, return_eigenvectors=False)[0]


def random_precision(p, rng, shift):
    upper = np.triu_indices(p, 1)
    linked = rng.random(upper[0].size) < 4.0 / (p - 1)
    weights = rng.uniform(0.3, 0.8, upper[0].size)
    weights *= rng.choice([-1.0, 1.0], upper[0].size)
    a = np.zeros((p, p))
    a[upper[0][linked], upper[1][linked]] = weights[linked]
    a += a.T
    a[np.diag_indices(p)] = abs(smallest_eigenvalue(a)) + shift
    return a, int(linked.sum())


def band_precision(p):
    theta = np.eye(p)
    for width, weight in ((1, 0.45), (2, 0.2)):
        theta += weight * (np.eye(p, k=width) + np.eye(p, k=-width))
    return theta, 2 * p - 3


def samples(theta, n, rng):
    """Rows from the distribution whose precision is theta, scaled to unit variances."""
    sigma = np.linalg.inv(theta)
    scale = np.sqrt(np.diag(sigma))
    sigma /= scale[:, None]
    sigma /= scale
    return rng.standard_normal((n, theta.shape[0])) @ np.linalg.cholesky(sigma).T


def make(name):
    """The standardised samples, their correlations, and the number of true edges."""
    known = re.fullmatch(r"(er|band|block)(\d+)_(\d+)", name)
    if not known:
        sys.exit(f"there is no problem {name}: er, band or block with p_n behind it, as er100_200")
    kind, p, n = known[1], int(known[2]), int(known[3])
    if n < 2 or p < 3 or (kind == "block" and p % BLOCK):
        sys.exit(f"{name}: at least 3 variables and 2 samples; of block, {BLOCK} variables a block")
    rng = np.random.default_rng([SEED, p, n, KINDS[kind]])
    if kind == "block":
        x, edges = np.empty((n, p)), 0
        for start in range(0, p, BLOCK):
            theta, linked = random_precision(BLOCK, rng, 0.1)
            x[:, start : start + BLOCK] = samples(theta, n, rng)
            edges += linked
    else:
        theta, edges = random_precision(p, rng, 0.3) if kind == "er" else band_precision(p)
        x = samples(theta, n, rng)
        del theta
    x -= x.mean(0)
    # Column by column: no second copy of the samples.
    x /= np.sqrt([np.mean(x[:, j] ** 2) for j in range(p)])
    s = x.T @ x
    s /= n
    np.fill_diagonal(s, 1.0)
    return x, s, edges


def usual_penalty(s, edges):
    """A penalty for a problem without a recorded one."""
    above = np.concatenate([np.abs(s[i, i + 1 :]) for i in range(s.shape[0] - 1)])
    exceeded = np.partition(above, above.size - edges)[above.size - edges]
    return float(f"{SHARE * exceeded:.4g}")


def files(name, folder):
    """Where covariance, samples and facts of a problem are."""
    base = os.path.join(folder, name)
    return f"{base}.S.npy", f"{base}.X.npy", f"{base}.json"


def write(name, folder):
    """Makes a problem."""
    s_file, x_file, facts = files(name, folder)
    os.makedirs(folder, exist_ok=True)
    x, s, edges = make(name)
    np.save(s_file, s)
    np.save(x_file, x)
    lam = LAMBDAS.get(name) or usual_penalty(s, edges)
    with open(facts, "w") as file:
        json.dump(dict(n=x.shape[0], p=x.shape[1], true_edges=edges, lam=lam), file)


def load(name, folder):
    """The problem of this name, made first where the folder does not have it."""
    s_file, x_file, facts = files(name, folder)
    if not os.path.exists(facts):
        # Elsewhere: Linux counts the peak memory of a process as that of every program it starts.
        made = subprocess.run([sys.executable, os.path.abspath(__file__), folder, name], stdout=subprocess.DEVNULL)
        if made.returncode != 0:
            sys.exit(made.returncode)
    with open(facts) as file:
        return Problem(name=name, s_file=s_file, x_file=x_file, **json.load(file))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for wanted in sys.argv[2:] or LAMBDAS:
        write(wanted, sys.argv[1])
        print(load(wanted, sys.argv[1]), flush=True)
