"""uGLAD beside its authors' package, PyPI uglad 2.0.0, on one thread: the same data, epochs and unrolled iterations.

    python3.13 -m venv /tmp/uglad && /tmp/uglad/bin/pip install uglad torch     # 2.0.0 wants Python >= 3.13; torch is 6 GB
    cargo build --release
    /tmp/uglad/bin/python benches/compare/uglad.py                              # 25, 100 and 400 variables: some six minutes
    /tmp/uglad/bin/python benches/compare/uglad.py --quick                      # 25 variables
    /tmp/uglad/bin/python benches/compare/uglad.py --memory                     # sinew alone: memory of three epochs, 2000 variables

The package itself runs, with the preparation that it cannot be told to leave out but without its picture of the loss, and
never sees the truth: given it, its loss has the true graph in it. The two run in turn, and processor time counts: of sinew
that of the whole process, its start and reading the data included, of the package that within fit(), without its import,
which takes 1.4 s more. 25 variables: 250 epochs. 100 and 400: a few epochs, and the time of one more is a difference of two
runs. Ratios are those of each round, of which the table has the median. `authors` is sinew's repetition of the published
program, with its inexact square root.
"""

import common  # first: one thread everywhere
import contextlib
import io
import os
import sys
import time
import warnings

import numpy as np
from common import header, number, ratio, row, spread

# This file has the package's name: it is looked for elsewhere. A program's peak memory begins at that of who starts it, so
# that nothing large may be loaded here where memory is measured.
here = sys.path.pop(0)
try:
    if "--memory" in sys.argv:
        raise ImportError("memory is measured without it")
    import torch
    import uglad.main
    from uglad.main import uGLAD_GL

    torch.set_num_threads(1)
    # Every fit draws its loss into a file, which is no part of the comparison.
    uglad.main.plot_loss_curve = lambda *_, **__: None
except ImportError as error:
    uGLAD_GL, why = None, error
sys.path.insert(0, here)
warnings.filterwarnings("ignore", module="uglad")

# Ways to run sinew: precision and variant.
OWN = {
    "float64": ("float64", "sinew"),
    "float32": ("float32", "sinew"),
    "authors, float64": ("float64", "authors"),
    "authors, float32": ("float32", "authors"),
}
# The package divides by zero where there are less than ten.
FEWEST = 10
# Variables, samples, epochs of the short and of the long run.
LARGER = ((100, 1000, FEWEST, 30), (400, 1600, FEWEST, 12))


def data(given, p, n):
    """A sparse Gaussian graph like those of the paper's section 7.1; the file and the matrix."""
    rng = np.random.default_rng(p)
    theta = np.triu(rng.uniform(-1, 1, (p, p)) * (rng.random((p, p)) < min(0.1, 2.5 / p)), 1)
    theta += theta.T
    theta += (1 - np.linalg.eigvalsh(theta)[0]) * np.eye(p)
    x = rng.multivariate_normal(np.zeros(p), np.linalg.inv(theta), n)
    path = os.path.join(given.folder, f"uglad_{p}.npy")
    np.save(path, x)
    return path, x


def own(given, path, epochs, name):
    dtype, variant = OWN[name]
    return common.sinew(given.sinew, "uglad.rhai", f"data={path}", f"epochs={epochs}", f"dtype={dtype}", f"variant={variant}")


def peer(x, epochs):
    """Seconds of the processor within the package's fit."""
    model = uGLAD_GL()
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.process_time()
        model.fit(x, epochs=epochs, mode="direct", verbose=False)
        return time.process_time() - start


def in_turn(rounds, ways):
    """Seconds of each way in every round, one after another."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(way())
    return seconds


def whole(given):
    path, x = data(given, 25, 500)
    ways = {name: (lambda name=name: own(given, path, 250, name).cpu) for name in OWN}
    if uGLAD_GL:
        peer(x, FEWEST)
        ways["package"] = lambda: peer(x, 250)
    seconds = in_turn(given.rounds, ways)
    print("\n25 variables, 250 epochs, processor seconds: median (smallest)\n")
    table(seconds)


def per_epoch(given, p, n, short, long):
    path, x = data(given, p, n)

    def more(run):
        return (run(long) - run(short)) / (long - short)

    ways = {name: (lambda name=name: more(lambda epochs: own(given, path, epochs, name).cpu)) for name in OWN}
    if uGLAD_GL:
        ways["package"] = lambda: more(lambda epochs: peer(x, epochs))
    seconds = in_turn(given.rounds if p <= 100 else 1, ways)
    print(f"\n{p} variables, processor seconds of an epoch (from runs of {short} and of {long} epochs)\n")
    table(seconds)


def table(seconds):
    header(["program", "seconds", "the package takes"])
    for name, own_seconds in seconds.items():
        if name == "package":
            row(["PyPI uglad 2.0.0", spread(own_seconds), ""])
        else:
            times = f"{number(ratio(seconds['package'], own_seconds))} x" if "package" in seconds else ""
            row([f"sinew, {name}", spread(own_seconds), times])


def memory(given):
    path, _ = data(given, 2000, 4000)
    run = own(given, path, 3, "float32")
    print(f"\n2000 variables, three epochs, float32: {number(run.cpu)} s, peak memory {run.memory:.0f} MB")


def main():
    parser = common.arguments(__doc__, 3)
    parser.add_argument("--memory", action="store_true", help="the memory of three epochs with 2000 variables, nothing else")
    given = common.parse(parser)
    print(common.machine(), f"torch {torch.__version__}" if uGLAD_GL else f"MISSING: the package is left out: {why}")
    if given.memory:
        memory(given)
        return
    whole(given)
    if not given.quick:
        for size in LARGER:
            per_epoch(given, *size)


if __name__ == "__main__":
    main()
