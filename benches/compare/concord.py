"""CONCORD beside gconcord (PyPI), one thread, at equal accuracy of the objective.

    /tmp/peers/bin/pip install gconcord
    /tmp/peers/bin/python benches/compare/concord.py --quick             # p = 200 alone
    /tmp/peers/bin/python benches/compare/concord.py --folder /tmp/problems

Both minimise -sum log omega_ii + 1/2 tr(Omega S Omega) + lambda sum_{i != j} |omega_ij|, judged by the same function here.
gconcord gets the algorithm and the loosest tolerance with which its objective is within 1e-6, relatively, of the best that
anybody found; so does sinew. Its "ista" is left out: at p = 250 it had not ended after 40 s with the loosest tolerance. Penalties
are shares of the one that empties the graph. Times are seconds inside the solver, median (smallest) of the rounds, which run
both sides in turn.
"""

import os
import tempfile
import time

import common  # sets the number of threads of numerical libraries
import numpy as np
from common import header, number, ratio, row, spread
from problems import load

try:
    import gconcord
except ImportError:
    gconcord = None

PROBLEMS = ("er100_200", "er250_500", "er500_250", "er500_1000", "er1000_500")
QUICK = ("er250_500",)
SHARES = (0.5, 0.3, 0.15)
CLOSE = 1e-6
ALGORITHMS = ("coordinate", "coordinate_blas")
TOLERANCES = tuple(10.0**-k for k in range(2, 11))
PATIENCE = 60


def objective(s, lam, omega):
    diagonal = np.diag(omega)
    off = np.abs(omega).sum() - np.abs(diagonal).sum()
    return -np.log(diagonal).sum() + 0.5 * np.sum((s @ omega) * omega) + lam * off


def own(given, problem, lam, tol, place=""):
    options = [f"covariance={problem.s_file}", f"lambda={lam}", f"tol={tol}"] + ([f"omega={place}"] if place else [])
    return common.sinew(given.sinew, "concord.rhai", *options).value


def theirs(s, lam, algorithm, tol):
    clock = time.perf_counter()
    found = gconcord.concord(s, lambda_param=lam, algorithm=algorithm, tolerance=tol, max_iterations=100_000)
    seconds = time.perf_counter() - clock
    omega = found["omega"]
    return seconds, omega.toarray() if hasattr(omega, "toarray") else np.asarray(omega)


def loosest(value, reach):
    """The first tolerance with which the objective is close to `value`, and its answer."""
    for tol in TOLERANCES:
        answer = reach(tol)
        if answer is None:
            return None
        if answer[1] - value <= CLOSE * max(1.0, abs(value)):
            return tol, *answer
    return None


def compare(given, problem, share, place):
    s = np.array(problem.s())
    lam = float(f"{share * np.abs(s - np.eye(problem.p)).max():.6g}")
    own(given, problem, lam, 1e-10, place)
    best = objective(s, lam, np.load(place))

    def ours(tol):
        said = own(given, problem, lam, tol, place)
        return said, objective(s, lam, np.load(place))

    tol, said, _ = loosest(best, ours)
    name = f"{problem.name}, {share:g}"
    peers = []
    for algorithm in ALGORITHMS if gconcord else ():

        def peer(tol, algorithm=algorithm):
            seconds, omega = theirs(s, lam, algorithm, tol)
            return (seconds, objective(s, lam, omega)) if seconds < PATIENCE else None

        if found := loosest(best, peer):
            peers.append((found[1], algorithm, found[0]))
    seconds, rivals = [], []
    for _ in range(given.rounds):
        seconds.append(own(given, problem, lam, tol)["seconds"])
        if peers:
            rivals.append(theirs(s, lam, *min(peers)[1:])[0])
    if not peers:
        row([name, said["edges"], spread(seconds), "-", "-", "-"])
        return
    _, algorithm, their_tol = min(peers)
    setting = f"{algorithm}, tol {their_tol:.0e}"
    row([name, said["edges"], spread(seconds), setting, spread(rivals), number(ratio(rivals, seconds))])


def main():
    given = common.parse(common.arguments(__doc__, rounds=5))
    print(f"{common.machine()}\n")
    if gconcord is None:
        print("MISSING: gconcord is left out: pip install gconcord\n")
    header(["problem, share of the largest lambda", "edges", "sinew", "gconcord", "seconds", "times sinew's"])
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "omega.npy")
        for name in QUICK if given.quick else PROBLEMS:
            for share in SHARES:
                compare(given, load(name, given.folder), share, place)


if __name__ == "__main__":
    main()
