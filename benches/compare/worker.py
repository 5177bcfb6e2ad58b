"""Solves one problem a line with one of the Python peers, for common.py, which can end it when it takes too long.

A line of the input is `solver variant tolerance lambda covariance.npy answer.bin`, between tabs; a path or a
cross-validation takes several penalties, between commas, and samples. `solver hello` asks for the version. The answers
start with @: seconds inside the solver, or `@failed why`, `@missing why`.
"""

import contextlib
import sys
import time
import warnings

import common  # one thread for everything below
import numpy as np

ITERATIONS = 1000


def timed(call):
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def scikit_options(variant, tol):
    """`cd 1e-6`: the mode, and the tolerance of the lasso inside where it is not the default."""
    mode, *inner = variant.split()
    return dict(mode=mode, tol=tol, enet_tol=min(float(inner[0]) if inner else 1e-4, tol), max_iter=ITERATIONS)


def scikit_learn():
    import sklearn
    from sklearn.covariance import graphical_lasso

    def solve(s, lam, variant, tol):
        seconds, (_, theta) = timed(lambda: graphical_lasso(s, lam, **scikit_options(variant, tol)))
        return seconds, theta

    return sklearn.__version__, solve


def scikit_path():
    """All penalties on samples; the answer is one matrix below the other."""
    import sklearn
    from sklearn.covariance._graph_lasso import graphical_lasso_path

    def solve(x, lambdas, variant, tol):
        seconds, (_, thetas) = timed(lambda: graphical_lasso_path(x, lambdas, **scikit_options(variant, tol)))
        return seconds, np.vstack(thetas)

    return sklearn.__version__, solve


def scikit_cv():
    """Five folds of shuffled samples; the answer is the penalty that was chosen."""
    import sklearn
    from sklearn.covariance import GraphicalLassoCV
    from sklearn.model_selection import KFold

    def solve(x, lambdas, variant, tol):
        folds = KFold(5, shuffle=True, random_state=1)
        model = GraphicalLassoCV(alphas=lambdas, cv=folds, n_jobs=1, **scikit_options(variant, tol))
        seconds, _ = timed(lambda: model.fit(x))
        return seconds, np.array([model.alpha_])

    return sklearn.__version__, solve


def skglm():
    from importlib.metadata import version

    from skglm.covariance import GraphicalLasso

    def solve(s, lam, algo, tol):
        model = GraphicalLasso(alpha=lam, algo=algo, tol=tol, inner_tol=min(1e-4, tol), max_iter=ITERATIONS)
        seconds, _ = timed(lambda: model.fit(s, mode="precomputed"))
        return seconds, model.precision_

    return version("skglm"), solve


def gglasso():
    from importlib.metadata import version

    from gglasso.solver.single_admm_solver import block_SGL

    def solve(s, lam, criterion, tol):
        start = np.eye(s.shape[0])
        call = lambda: block_SGL(s, lam, start, tol=tol, rtol=tol, stopping_criterion=criterion, max_iter=ITERATIONS)
        seconds, found = timed(call)
        return seconds, found["Theta"]

    return version("gglasso"), solve


def floor():
    """Cholesky and inverse of a matrix of this size: what one look at log det Theta and its gradient costs."""
    import scipy
    from scipy.linalg import lapack

    def solve(s, _lam, _variant, _tol):
        # Half of the identity: positive definite also where there are fewer samples than variables. Symmetric: the
        # transpose is the same matrix in Fortran order.
        a = s / 2
        a[np.diag_indices_from(a)] += 0.5
        a = a.T

        def call():
            factor, _ = lapack.dpotrf(a, lower=1, clean=0, overwrite_a=1)
            return lapack.dpotri(factor, lower=1, overwrite_c=1)

        seconds, _ = timed(call)
        return seconds, None

    return f"scipy {scipy.__version__}", solve


SOLVERS = {
    "scikit-learn": scikit_learn,
    "scikit-learn path": scikit_path,
    "scikit-learn cv": scikit_cv,
    "skglm": skglm,
    "gglasso": gglasso,
    "floor": floor,
}


def answer(fields, solve):
    variant, tol, lam, data, place = fields
    lam = [float(part) for part in lam.split(",")] if "," in lam else float(lam)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds, theta = solve(np.load(data), lam, variant, float(tol))
    if theta is not None:
        if not np.isfinite(theta).all():
            return "failed: the answer is not finite"
        np.ascontiguousarray(theta, dtype=float).tofile(place)
    return repr(seconds)


def main():
    solvers = {}
    for line in sys.stdin:
        name, *fields = line.rstrip("\n").split("\t")
        # Some solvers print: only answers may go to the output.
        with contextlib.redirect_stdout(sys.stderr):
            try:
                if name not in solvers:
                    solvers[name] = SOLVERS[name]()
                version, solve = solvers[name]
                said = version if fields == ["hello"] else answer(fields, solve)
            except ImportError as error:
                said = f"missing: {error}"
            except Exception as error:  # whatever a peer raises is its result
                said = f"failed: {type(error).__name__}: {error}"
        print("@" + said.replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
