"""Tuned penalties beside scikit-learn's GraphicalLassoCV and beside sinew's own cross-validation along grids.

    /tmp/peers/bin/python benches/compare/tuning.py --quick              # p = 100 alone
    /tmp/peers/bin/python benches/compare/tuning.py --folder /tmp/problems

How to install the peers: common.py. The problems are standardised samples of random graphs (problems.py). The held-out
criterion is -log det Theta + tr(Sigma Theta) under the true covariance Sigma, of infinitely many new samples, of the final
fit of all samples. Grids have 20 penalties from the one that empties the graph, down to 0.1 and 0.01 of it; scikit-learn
refines 4 points 4 times, its defaults, in the variant "cd" with its own tolerances. Everybody has 5 folds; "holdout" has the last
fifth of a random order alone. Times are seconds, median (smallest) of the rounds.

One hypergradient by a whole matrix of penalties follows, on problems of make_sparse_spd_matrix at the best single lambda,
with the residual of the adjoint equations at 1e-9.
"""

import os
import time
import warnings

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread
from problems import KINDS, SEED, load, random_precision, samples

try:
    import sklearn
    from sklearn.covariance import GraphicalLassoCV
except ImportError:
    sklearn = None

PROBLEMS, QUICK = ("er100_200", "er500_1000"), ("er100_200",)
COUNT = 20
OWN = {
    "cross-validation, 20 penalties to 0.1": ("grid", 0.1),
    "cross-validation, 20 penalties to 0.01": ("grid", 0.01),
    'tuned, criterion "cv"': ("cv", None),
    'tuned, criterion "holdout"': ("holdout", None),
}
# Variables, zeros of make_sparse_spd_matrix, samples.
SPEEDS = ((100, 0.95, 2000), (300, 0.99, 1200), (500, 0.99, 2000))


def true_covariance(problem, folder):
    """A file with Sigma of the variables as they are scaled in the problem: its draws, made again."""
    p, n = problem.p, problem.n
    rng = np.random.default_rng([SEED, p, n, KINDS["er"]])
    theta, _ = random_precision(p, rng, 0.3)
    deviations = samples(theta, n, rng).std(0)
    sigma = np.linalg.inv(theta)
    scale = np.sqrt(np.diag(sigma)) * deviations
    sigma /= np.outer(scale, scale)
    path = os.path.join(folder, problem.name + ".Sigma.npy")
    np.save(path, sigma)
    return path, sigma


def own(given, problem, truth, way, least):
    s = np.abs(problem.s() - np.eye(problem.p)).max()
    lambdas = ",".join(f"{lam:.6g}" for lam in np.geomspace(s, least * s, COUNT)) if least else ""
    options = [f"data={problem.x_file}", f"truth={truth}", f"way={way}", f"lambdas={lambdas}"]
    return common.sinew(given.sinew, "tuning.rhai", *options).value


def scikit(x, sigma):
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GraphicalLassoCV(cv=5, n_jobs=1).fit(x)
    seconds = time.perf_counter() - start
    theta = model.precision_
    held = float(np.sum(sigma * theta) - np.linalg.slogdet(theta)[1])
    edges = int(np.count_nonzero(np.triu(theta, 1)))
    return {"seconds": seconds, "lambda": float(model.alpha_), "edges": edges, "held": held}


def compare(given, name):
    problem = load(name, given.folder)
    truth, sigma = true_covariance(problem, given.folder)
    of_truth = problem.p + float(np.linalg.slogdet(sigma)[1])
    runs = {label: [] for label in OWN}
    theirs = []
    for round_ in range(given.rounds):
        for label, (way, least) in OWN.items():
            runs[label].append(own(given, problem, truth, way, least))
        if sklearn and round_ < given.peer_rounds:
            theirs.append(scikit(np.load(problem.x_file), sigma))
    if sklearn:
        runs[f"scikit-learn {sklearn.__version__} GraphicalLassoCV"] = theirs
    else:
        print("MISSING: scikit-learn is left out", flush=True)
    base = [run["seconds"] for run in runs['tuned, criterion "cv"']]
    print(f"\n{name}, one thread; held-out criterion above that of the truth:\n")
    header(["way", "seconds", "times tuned cv", "lambda", "edges", "held-out criterion"])
    for label, found in runs.items():
        if not found:
            continue
        seconds = [run["seconds"] for run in found]
        last = found[-1]
        times = number(ratio(seconds, base[: len(seconds)]))
        row([label, spread(seconds), times, number(last["lambda"]), last["edges"], f"{last['held'] - of_truth:.4f}"])


def speeds(given):
    print("\nOne hypergradient by a matrix of penalties, one thread:\n")
    header(["p", "edges", "share of the pairs", "seconds"])
    for p, alpha, n in SPEEDS[: 1 if given.quick else None]:
        options = [f"p={p}", f"alpha={alpha}", f"n={n}", f"rounds={given.rounds}"]
        said = common.sinew(given.sinew, "tuning_speed.rhai", *options).value
        row([p, said["edges"], f"{said['edges'] / (p * (p - 1) / 2):.0%}", spread(said["seconds"])])


def main():
    parser = common.arguments(__doc__, rounds=3)
    parser.add_argument("--peer-rounds", type=int, default=1, help="runs of scikit-learn [1]")
    given = common.parse(parser)
    print(f"{given.rounds} rounds; {common.machine()}", flush=True)
    for name in QUICK if given.quick else PROBLEMS:
        compare(given, name)
    speeds(given)


if __name__ == "__main__":
    main()
