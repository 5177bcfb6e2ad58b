"""Cost of one fit against the number of variables, on sparse random graphs with n = 2 p: time, memory, slope, figure.

    /tmp/peers/bin/python benches/compare/scaling.py --quick --figure /tmp/scaling.svg            # p = 100 and 250
    /tmp/peers/bin/python benches/compare/scaling.py --folder /tmp/problems --figure /tmp/scaling.svg

sinew alone, on one thread, to a relative gap of 1e-6 by its own certificate (graphical_lasso.py judges by one of its
own), beside the floor: LAPACK's Cholesky and inverse, up to p = 2000. Memory is the peak of the whole process, with the
8 p^2 bytes of the covariance that it reads. The slope is that of a line through the logarithms by least squares. sinew
draws the figure itself (chart.rhai). Making the problem of p = 10000 takes minutes and 6 GB, once a folder.
"""

import csv
import os
import statistics
import sys
import tempfile

import common
import numpy as np
from common import FLOOR, GAP, header, number, row, spread
from problems import load

QUICK = [100, 250]
SIZES = [250, 500, 1000, 2000, 5000, 10000]
MOST_FOR_FLOOR = 2000
MOST_WARMED = 2000


def measure(problem, given):
    """Seconds of the fits and of the floor, in turn; the last fit's value; the peak memory in MB."""
    seconds, floors, memory = [], [], 0.0
    warm = ["warm"] if problem.p <= MOST_WARMED else []
    known = [f"covariance={problem.s_file}", f"lambda={problem.lam}", f"tol={GAP}"]
    for _ in range(given.rounds):
        if problem.p <= MOST_FOR_FLOOR:
            said = FLOOR.solve(problem, "default", 1.0, os.devnull, 600)
            if isinstance(said, str):
                sys.exit(f"the floor {said}")
            floors.append(said)
        run = common.sinew(given.sinew, "fit.rhai", *known, *warm)
        seconds.append(run.value["seconds"])
        memory = max(memory, run.memory)
    return seconds, floors, run.value, memory


def slope(points):
    """The exponent e of seconds ~ p^e."""
    p, seconds = np.log(np.array(points)).T
    return float(np.polyfit(p, seconds, 1)[0])


def draw(given, curves, folder):
    table = os.path.join(folder, "scaling.csv")
    with open(table, "w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["p", "seconds", "what"])
        for name, points in curves.items():
            lines.writerows([p, seconds, name] for p, seconds in points)
    common.sinew(given.sinew, "chart.rhai", f"table={table}", f"figure={os.path.abspath(given.figure)}")
    print(f"\nfigure: {given.figure}")


def main():
    parser = common.arguments(__doc__, rounds=3)
    parser.add_argument("--sizes", help="numbers of variables, between commas [250 to 10000]")
    parser.add_argument("--figure", help="the figure to write, .svg or .html [none]")
    given = common.parse(parser)
    sizes = [int(p) for p in given.sizes.split(",")] if given.sizes else QUICK if given.quick else SIZES
    if why := FLOOR.find():
        sys.exit(f"the floor needs scipy: {why}")
    print(f"relative gap {GAP:g}, one thread, {given.rounds} rounds; {common.machine()}\n", flush=True)
    header(["p", "n", "lambda", "edges (true)", "sinew s", "floor s", "sinew / floor", "gap", "peak memory MB"])
    curves = {"sinew": [], "LAPACK floor": []}
    own, floor = curves.values()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for p in sizes:
            problem = load(f"er{p}_{2 * p}", given.folder)
            seconds, floors, value, memory = measure(problem, given)
            own.append((p, statistics.median(seconds)))
            compared = ["-", "-"]
            if floors:
                floor.append((p, statistics.median(floors)))
                compared = [spread(floors), number(common.ratio(seconds, floors))]
            edges = f"{value['edges']} ({problem.true_edges})"
            missed = "" if value["gap"] <= GAP else " MISSED"
            row(
                [
                    p,
                    problem.n,
                    problem.lam,
                    edges,
                    spread(seconds),
                    *compared,
                    f"{value['gap']:.0e}{missed}",
                    f"{memory:.0f}",
                ]
            )
        for name, points in curves.items():
            if len(points) > 1:
                print(f"\n{name}: seconds grow like p^{slope(points):.2f}")
        if given.figure:
            draw(given, {name: points for name, points in curves.items() if points}, folder)
    FLOOR.worker.end()


if __name__ == "__main__":
    main()
