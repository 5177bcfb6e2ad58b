"""Choosing the penalty: cross-validation beside scikit-learn, StARS beside R's huge, one thread beside two.

    /tmp/peers/bin/python benches/compare/selection.py --quick              # p = 100 throughout, under a minute
    /tmp/peers/bin/python benches/compare/selection.py --folder /tmp/problems
    /tmp/peers/bin/python benches/compare/selection.py --folder /tmp/problems --huge-subsamples 20

How to install the peers: common.py. Cross-validation: 5 folds, 20 penalties, p = 100. sinew draws its own folds, so
that only their number and size are the same as scikit-learn's; it also solves all penalties on all samples, which
scikit-learn does not. scikit-learn gets the loosest tolerance, and the fastest variant, with which all its solutions
along the grid on all samples reach a relative gap of 1e-6 by certificate.py; sinew is asked for 1e-6.

StARS: 20 subsamples, 30 penalties, p = 500. huge runs fewer subsamples unless told otherwise, and its time for 20 is
then extrapolated, which its line says. Its tolerance cannot be set; the largest gap along its path is printed. Its R
functions collect garbage, 0.3 s a subsample at any size, which is in its time because nobody can leave it out.
It penalises the diagonal and draws its own subsamples: its choice of a penalty is another problem's.
Times are seconds: median (smallest) of the rounds, around the path and the choice together.
"""

import os
import sys
import tempfile

import common
import numpy as np
from certificate import certificate
from common import GAP, SCIKIT, Peer, TooSlow, header, number, ratio, row, spread
from problems import load

FOLDS, CV_LAMBDAS = 5, 20
SUBSAMPLES, STARS_LAMBDAS = 20, 30


def grid(problem, count, smallest):
    """Evenly in logarithm, from the penalty that empties the graph to this share of it."""
    s = np.abs(problem.s() - np.eye(problem.p))
    return [float(f"{lam:.6g}") for lam in np.geomspace(s.max(), smallest * s.max(), count)]


def as_text(lambdas):
    return ",".join(str(lam) for lam in lambdas)


def largest_gap(s, lambdas, thetas):
    return max(certificate(s, lam, theta)["gap"] for lam, theta in zip(lambdas, thetas, strict=True))


def select(given, problem, rule, times, lambdas, threads, precisions=None):
    known = [f"data={problem.x_file}", f"lambdas={as_text(lambdas)}", f"rule={rule}", f"times={times}", f"tol={GAP}"]
    place = [f"precisions={precisions}"] if precisions else []
    return common.sinew(given.sinew, "select.rhai", *known, *place, threads=threads).value


def own_gap(given, problem, lambdas, folder):
    """The largest gap along sinew's path, by the certificate that judges everybody."""
    select(given, problem, "cv", FOLDS, lambdas, 1, precisions=folder)
    places = [os.path.join(folder, f"{i}.npy") for i in range(len(lambdas))]
    return largest_gap(problem.s(), lambdas, (np.load(place) for place in places))


def tuned(problem, lambdas, place, patience):
    """Seconds, variant, tolerance and gap of the fastest path of scikit-learn that reaches the gap, or None."""
    path, found = Peer("scikit-learn path", "Python", SCIKIT), []
    if why := path.find():
        print(f"MISSING: scikit-learn is left out: {why}\n", flush=True)
        return None
    for variant in path.variants:
        for tol in path.tolerances:
            try:
                seconds = path.answer(variant, tol, as_text(lambdas), problem.x_file, place, patience)
            except TooSlow:
                break
            if isinstance(seconds, str):
                continue
            gap = largest_gap(problem.s(), lambdas, np.fromfile(place).reshape(-1, problem.p, problem.p))
            if gap <= GAP:
                found.append((seconds, variant, tol, gap))
                break
    path.worker.end()
    if not found:
        print(f"scikit-learn misses the gap at every tolerance within {patience:.0f} s a path\n", flush=True)
    return min(found, default=None)


def cross_validation(given, folder):
    problem, place = load("er100_200", given.folder), os.path.join(folder, "answer.bin")
    lambdas = grid(problem, CV_LAMBDAS, 0.2)
    setting = tuned(problem, lambdas, place, given.patience)
    peer, ours, theirs = Peer("scikit-learn cv", "Python"), [], []
    if setting:
        peer.find()
    for _ in range(given.rounds):
        own = select(given, problem, "cv", FOLDS, lambdas, 1)
        ours.append(own["seconds"])
        if setting:
            said = peer.answer(*setting[1:3], as_text(lambdas), problem.x_file, place, 100 * given.patience)
            if isinstance(said, str):
                sys.exit(f"scikit-learn's cross-validation {said}")
            theirs.append(said)
    print(f"Cross-validation, {FOLDS} folds, {CV_LAMBDAS} penalties, {problem.name}, one thread:\n")
    header(["program", "seconds", "times sinew's", "largest gap of the path", "chosen lambda"])
    gap = own_gap(given, problem, lambdas, folder)
    row(["sinew", spread(ours), 1, f"{gap:.0e}" + ("" if gap <= GAP else " MISSED"), number(own["lambda"])])
    if setting:
        _, variant, tol, gap = setting
        name = f"scikit-learn {peer.version}, {variant}, tol {tol:.0e}"
        row([name, spread(theirs), number(ratio(theirs, ours)), f"{gap:.0e}", number(np.fromfile(place)[0])])
        peer.worker.end()


def huge(given, problem, lambdas, place):
    """Its name, seconds, largest gap and chosen penalty. None where it is not installed."""
    peer, times = Peer("huge", "R"), given.huge_subsamples
    if why := peer.find():
        print(f"MISSING: R huge is left out: {why}\n", flush=True)
        return None
    try:
        said = peer.worker.ask(["stars", str(times), as_text(lambdas), problem.x_file, place], 3600)
    except TooSlow:
        print("R huge is left out: over an hour\n", flush=True)
        return None
    finally:
        peer.worker.end()
    if said.startswith("failed"):
        sys.exit(f"huge {said}")
    path, chosen, lam = (float(part) for part in said.split())
    thetas, eye = np.fromfile(place).reshape(-1, problem.p, problem.p), np.eye(problem.p)
    # huge penalises the diagonal: its problem is that of S + lambda I.
    gap = max(certificate(problem.s() + l * eye, l, theta)["gap"] for l, theta in zip(lambdas, thetas, strict=True))
    whole = path + chosen * SUBSAMPLES / times
    how = "measured" if times == SUBSAMPLES else f"EXTRAPOLATED from {times} subsamples ({number(path + chosen)} s)"
    return [f"huge {peer.version}, {how}", whole, f"{gap:.0e}", number(lam)]


def stars(given, folder):
    problem = load("er100_200" if given.quick else "er500_1000", given.folder)
    lambdas = grid(problem, STARS_LAMBDAS, 0.2)
    runs = [select(given, problem, "stars", SUBSAMPLES, lambdas, 1) for _ in range(given.rounds)]
    ours = [run["seconds"] for run in runs]
    print(f"\nStARS, {SUBSAMPLES} subsamples, {STARS_LAMBDAS} penalties, {problem.name}, one thread:\n")
    other = huge(given, problem, lambdas, os.path.join(folder, "answer.bin"))
    header(["program", "seconds", "times sinew's", "largest gap of the path", "chosen lambda"])
    row(["sinew", spread(ours), 1, f"at most {GAP:g}, asked for", number(runs[0]["lambda"])])
    if other:
        name, seconds, gap, lam = other
        row([name, number(seconds), number(seconds / np.median(ours)), gap, lam])
    return problem, lambdas


def threads(given, stars_problem, stars_lambdas):
    print("\nOne thread and two (the answers are the same):\n")
    header(["choice", "one thread s", "two threads s", "speed-up"])
    problem = load("er100_200", given.folder)
    cases = [
        ("cross-validation", problem, "cv", FOLDS, grid(problem, CV_LAMBDAS, 0.2)),
        ("StARS", stars_problem, "stars", SUBSAMPLES, stars_lambdas),
    ]
    for name, problem, rule, times, lambdas in cases:
        runs = [[select(given, problem, rule, times, lambdas, count) for count in (1, 2)] for _ in range(given.rounds)]
        if any(one["lambda"] != two["lambda"] for one, two in runs):
            sys.exit(f"{name}: another choice on two threads")
        one, two = ([pair[i]["seconds"] for pair in runs] for i in (0, 1))
        row([f"{name}, {problem.name}", spread(one), spread(two), number(ratio(one, two))])


def main():
    parser = common.arguments(__doc__, rounds=3)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds of a path of scikit-learn [60]")
    parser.add_argument("--huge-subsamples", type=int, default=2, help="subsamples of huge; 20 is the whole work [2]")
    given = common.parse(parser)
    print(f"relative gap {GAP:g}, {given.rounds} rounds; {common.machine()}\n", flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        cross_validation(given, folder)
        threads(given, *stars(given, folder))


if __name__ == "__main__":
    main()
