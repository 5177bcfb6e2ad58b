"""The graphical lasso of sinew beside scikit-learn's: same covariance, same penalty, one thread each, runs in turn.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install scikit-learn
    cargo build --release && /tmp/peers/bin/python benches/compare/scikit_learn.py [path of sinew]

Prints a Markdown table: seconds inside each solver (median of the runs), the relative gap and the largest KKT
violation of each answer by one certificate, and the ratio of the times. scikit-learn is given the largest tolerance
of a falling series at which its answer reaches the gap that is asked of both.
"""
import os
import subprocess
import sys
import tempfile
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import sklearn
from sklearn.covariance import graphical_lasso

from certificate import certificate

SINEW = sys.argv[1] if len(sys.argv) > 1 else "target/release/sinew"
GAP = 1e-6
RUNS = 5
# p, n, lambda: sparse precision matrices with about 2 edges a node; lambda leaves about as many edges as are true.
# (At p = 500 scikit-learn takes minutes a run to this gap.)
CASES = [(50, 200, 0.20), (100, 200, 0.20), (100, 50, 0.33), (200, 400, 0.15)]


def problem(p, n, seed):
    rng = np.random.default_rng([20261121, p, n, seed])
    upper = np.triu_indices(p, 1)
    weights = rng.uniform(0.3, 0.8, upper[0].size) * rng.choice([-1.0, 1.0], upper[0].size)
    a = np.zeros((p, p))
    a[upper] = weights * (rng.random(upper[0].size) < 4.0 / (p - 1))
    a += a.T
    theta = a + (abs(np.linalg.eigvalsh(a)[0]) + 0.3) * np.eye(p)
    x = rng.standard_normal((n, p)) @ np.linalg.cholesky(np.linalg.inv(theta)).T
    x -= x.mean(0)
    x /= x.std(0)
    s = x.T @ x / n
    np.fill_diagonal(s, 1.0)
    return (s + s.T) / 2


def run_sinew(s, lam, folder):
    np.save(f"{folder}/s.npy", s)
    script = f"""
        let s = read_npy("{folder}/s.npy");
        let fit = s.graphical_lasso(#{{ lambda: {lam}, tol: {GAP}, covariance: true, threads: 1 }});
        fit.precision.save("{folder}/theta.npy"); print(fit.seconds);"""
    out = subprocess.run([SINEW, "eval", script], check=True, capture_output=True, text=True).stdout
    return float(out), np.load(f"{folder}/theta.npy")


def run_sklearn(s, lam, tol):
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, theta = graphical_lasso(s, lam, tol=tol, enet_tol=min(1e-4, tol), max_iter=1000)
    return time.perf_counter() - started, theta


def sklearn_tolerance(s, lam):
    for tol in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        try:
            _, theta = run_sklearn(s, lam, tol)
        except FloatingPointError:
            continue
        if certificate(s, lam, theta)["gap"] <= GAP:
            return tol
    return None


def main():
    print(f"relative gap {GAP:g}, one thread, {RUNS} runs in turn, scikit-learn {sklearn.__version__}\n")
    print("| p | n | lambda | edges | sinew s | gap | kkt | scikit-learn s | gap | kkt | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for p, n, lam in CASES:
            s = problem(p, n, 0)
            tol = sklearn_tolerance(s, lam)
            ours, theirs = [], []
            for _ in range(RUNS):
                seconds, theta = run_sinew(s, lam, folder)
                ours.append(seconds)
                if tol is not None:
                    seconds, other = run_sklearn(s, lam, tol)
                    theirs.append(seconds)
            own = certificate(s, lam, theta)
            line = f"| {p} | {n} | {lam} | {own['edges']} | {np.median(ours):.5f} | {own['gap']:.1e} | {own['kkt']:.1e} |"
            if tol is None:
                print(line, "missed the gap | - | - | - |")
            else:
                peer = certificate(s, lam, other)
                ratio = np.median(np.array(theirs) / np.array(ours))
                print(line, f"{np.median(theirs):.5f} | {peer['gap']:.1e} | {peer['kkt']:.1e} | {ratio:.0f} x |")


if __name__ == "__main__":
    main()
