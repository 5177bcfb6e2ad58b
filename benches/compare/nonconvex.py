"""SCAD and MCP beside skglm, one thread: precision matrices by reweighting, and regressions of every variable.

    /tmp/peers/bin/python benches/compare/nonconvex.py --quick              # p = 100 alone
    /tmp/peers/bin/python benches/compare/nonconvex.py --folder /tmp/problems

How to install the peers: common.py. Precision matrices: both solvers of sinew, until stationary, beside 10 weighted problems of
skglm's AdaptiveGraphicalLasso, given the slopes of the same penalty. It weighs an entry that was 0 once with 1 / eps, so that this
stays 0, and its answer need not be stationary: everybody is judged by the objective of SCAD or MCP and the violation of its
conditions at what it gives. Regressions: skglm's GeneralizedLinearEstimator with its SCAD and MCP for every
variable in turn, sinew's loss "nodewise"; the mean objective and the largest KKT violation by one formula for both. Local minima can
differ: a lower objective is a better one. Times are seconds, median (smallest) of the rounds, without skglm's compilation, which
a first run takes.
"""

import os
import time
import warnings

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread
from problems import load

try:
    import skglm
    from skglm import GeneralizedLinearEstimator
    from skglm.covariance import AdaptiveGraphicalLasso
    from skglm.datafits import Quadratic
    from skglm.penalties import MCPenalty, SCAD
    from skglm.solvers import AndersonCD
except ImportError:
    skglm = None

PROBLEMS, QUICK = ("er100_200", "er500_1000"), ("er100_200",)
CONCAVITY = {"scad": 3.7, "mcp": 3.0}
TOL = 1e-7


def value(kind, lam, x):
    u, a = np.abs(x) / lam, CONCAVITY[kind]
    if kind == "scad":
        middle = u - 0.5 * (u - 1) ** 2 / (a - 1)
        return lam**2 * np.where(u <= 1, u, np.where(u <= a, middle, 0.5 * (a + 1)))
    return lam**2 * np.where(u <= a, u - 0.5 * u * u / a, 0.5 * a)


def slope(kind, lam, x):
    u, a = np.abs(x) / lam, CONCAVITY[kind]
    return lam * (np.clip((a - u) / (a - 1), 0, 1) if kind == "scad" else np.maximum(1 - u / a, 0))


def objective(s, kind, lam, theta):
    off = ~np.eye(len(s), dtype=bool)
    return float(np.sum(s * theta) - np.linalg.slogdet(theta)[1] + value(kind, lam, theta[off]).sum())


def violation(kind, lam, gradient, x):
    return np.where(x == 0, np.maximum(np.abs(gradient) - lam, 0), np.abs(gradient + slope(kind, lam, x) * np.sign(x)))


def own(given, problem, place, **options):
    known = [f"{name}={value}" for name, value in options.items()]
    found = common.sinew(given.sinew, "nonconvex.rhai", f"data={problem.x_file}", *known).value
    return found["seconds"], np.load(place)


class Slopes:
    """The penalty as skglm's reweighting asks for it: its slopes over lambda."""

    def __init__(self, kind, lam):
        self.kind, self.lam = kind, lam

    def derivative(self, theta):
        return slope(self.kind, self.lam, theta) / self.lam


def peer_matrix(problem, kind, lam):
    """Seconds and precision matrix of skglm."""
    start = time.perf_counter()
    model = AdaptiveGraphicalLasso(alpha=lam, n_reweights=10, tol=TOL, penalty=Slopes(kind, lam))
    model.fit(problem.s(), mode="precomputed")
    return time.perf_counter() - start, np.asarray(model.precision_)


def peer_regressions(x, kind, lam):
    """Seconds and coefficients of skglm; column a has those of variable a."""
    p = x.shape[1]
    penalty = SCAD(lam, CONCAVITY[kind]) if kind == "scad" else MCPenalty(lam, CONCAVITY[kind])
    coefficients = np.zeros((p, p))
    start = time.perf_counter()
    for a in range(p):
        others = np.delete(np.arange(p), a)
        model = GeneralizedLinearEstimator(Quadratic(), penalty, AndersonCD(tol=TOL, fit_intercept=False))
        coefficients[others, a] = model.fit(np.asfortranarray(x[:, others]), x[:, a]).coef_.ravel()
    return time.perf_counter() - start, coefficients


def judged(s, kind, lam, b):
    """Mean objective of the regressions, largest violation of their conditions."""
    off = ~np.eye(len(s), dtype=bool)
    losses = 0.5 * (np.diag(s) - 2 * np.sum(s * b, 0) + np.sum(b * (s @ b), 0)) + value(kind, lam, b).sum(0)
    return float(losses.mean()), float(violation(kind, lam, s @ b - s, b)[off].max())


def matrices(given, problem, s, lam):
    place = os.path.join(given.folder, "nonconvex.npy")
    print(f"\nPrecision matrices, {problem.name}, lambda {lam}\n")
    header(["penalty", "who", "seconds", "objective", "KKT violation", "edges", "times reweighting"])
    for kind in CONCAVITY:
        runs, shared = {}, {"lambda": lam, "tol": TOL}
        for _ in range(given.rounds):
            for solver in ("reweighting", "proximal_newton"):
                took = own(given, problem, place, penalty=kind, solver=solver, precision=place, **shared)
                runs.setdefault(f"sinew, {solver}", []).append(took)
            if skglm:
                runs.setdefault("skglm, 10 problems", []).append(peer_matrix(problem, kind, lam))
        base = [run[0] for run in runs["sinew, reweighting"]]
        for who, taken in runs.items():
            seconds, theta = [run[0] for run in taken], taken[-1][1]
            off = ~np.eye(len(s), dtype=bool)
            worst = violation(kind, lam, s - np.linalg.inv(theta), theta)[off].max()
            edges = int(np.count_nonzero(np.triu(theta, 1)))
            reached = f"{objective(s, kind, lam, theta):.8g}"
            row([kind, who, spread(seconds), reached, f"{worst:.1e}", edges, number(ratio(seconds, base))])


def regressions(given, problem, s, lam):
    place = os.path.join(given.folder, "nonconvex.npy")
    x = np.load(problem.x_file)
    print(f"\nRegressions of every variable, {problem.name}, lambda {lam}\n")
    header(["penalty", "who", "seconds", "mean objective", "KKT violation", "times sinew's"])
    for kind in CONCAVITY:
        runs = {"sinew": [], **({"skglm": []} if skglm else {})}
        if skglm:
            peer_regressions(x[:, :4], kind, lam)  # compiles
        for _ in range(given.rounds):
            options = {"loss": "nodewise", "penalty": kind, "lambda": lam, "tol": TOL, "coefficients": place}
            runs["sinew"].append(own(given, problem, place, **options))
            if skglm:
                runs["skglm"].append(peer_regressions(x, kind, lam))
        base = [run[0] for run in runs["sinew"]]
        for who, taken in runs.items():
            seconds = [run[0] for run in taken]
            mean, worst = judged(s, kind, lam, taken[-1][1])
            row([kind, who, spread(seconds), f"{mean:.8g}", f"{worst:.1e}", number(ratio(seconds, base))])


def main():
    parser = common.arguments(__doc__, 3)
    parser.add_argument("--lambda", dest="lam", type=float, default=0.15, help="penalty [%(default)s]")
    given = common.parse(parser)
    print(f"{common.machine()}, skglm {skglm.__version__ if skglm else 'MISSING: left out'}")
    warnings.simplefilter("ignore")
    for name in QUICK if given.quick else PROBLEMS:
        problem = load(name, given.folder)
        s = problem.s()
        matrices(given, problem, s, given.lam)
        regressions(given, problem, s, given.lam)


if __name__ == "__main__":
    main()
