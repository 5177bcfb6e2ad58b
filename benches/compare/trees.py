"""GENIE3 and GRNBoost2 beside other programs: rustscenic, scenic-rs, and scikit-learn as arboreto calls it.

Two environments, since the early stop of GRNBoost2 changed with scikit-learn 1.3 (1.2.2 wants Python 3.10 or 3.11):

    python3.11 -m venv /tmp/tree-peers
    /tmp/tree-peers/bin/pip install rustscenic scenic-rs "scikit-learn==1.2.2" "numpy<2" pandas
    python3 -m venv /tmp/tree-peers-new && /tmp/tree-peers-new/bin/pip install scikit-learn
    cargo build --release
    /tmp/tree-peers/bin/python benches/compare/trees.py
    /tmp/tree-peers-new/bin/python benches/compare/trees.py --whole

One thread each, the same expression and numbers of trees, all genes as regulators where nothing else is said, runs in turn.
Seconds are those inside the call of each program; scikit-learn grows the trees of a few genes only, which are taken
for all. Whole runs follow, each program with its own early stop: the Rust peers have the law of scikit-learn 1.3, which ends
much sooner. What is not installed is named and left out.
"""

import os
import time
import warnings

import common  # sets the number of threads of numerical libraries
import numpy as np

os.environ["RAYON_NUM_THREADS"] = "1"

try:
    import rustscenic
except ImportError:
    rustscenic = None
try:
    import scenic_rs
except ImportError:
    scenic_rs = None
try:
    import sklearn
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
except ImportError:
    sklearn = None

# genes, regulators of the network, sparsity, dropout
PROBLEMS = {
    "100 genes": (100, 10, 0.1, False),
    "100 genes, dropout": (100, 10, 0.1, True),
    "400 genes": (400, 37, 0.05, False),
}
QUICK = ("100 genes",)
# Trees of every gene; of the peers that take long; genes and trees of scikit-learn.
BOOSTED, FOREST = (100, 20, 2, 50), (100, 5, 2, 5)
# Genes of scikit-learn in whole runs; trees at most, and trees over whose improvements the mean is taken.
WHOLE, MOST, WINDOW = 2, 5000, 25
# The largest problem: 1200 genes, 127 regulators.
LARGE = (1200, 127, 0.02, False)


def problem(given, name, numbers):
    genes, regulators, sparsity, dropout = numbers
    path = os.path.join(given.folder, name.replace(",", "").replace(" ", "_"))
    options = [f"genes={genes}", f"regulators={regulators}", f"sparsity={sparsity}", f"name={path}"]
    made = common.sinew(given.sinew, "trees_problem.rhai", *options, *(["dropout"] if dropout else [])).value
    return path + ".npy", made


def own(given, path, method, trees, threads=1, **options):
    """Seconds for a tree, seconds, trees and memory."""
    more = [f"{key}={value}" for key, value in options.items()]
    run = common.sinew(given.sinew, "trees.rhai", f"data={path}", f"method={method}", f"trees={trees}", *more, threads=threads)
    return run.value["seconds"] / run.value["trees"], run.value["seconds"], run.value["trees"], run.memory


def clocked(call):
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = call()
    return time.perf_counter() - start, result


def names(x):
    return [f"G{gene}" for gene in range(x.shape[1])]


def rustscenic_boost(x, trees):
    genes = names(x)
    call = lambda: rustscenic.grn.infer(
        (x.astype(np.float32), genes), genes, n_estimators=trees, early_stop_window=0, seed=1, verbose=False
    )
    return clocked(call)[0] / (trees * x.shape[1])


def scenic_boost(x, trees):
    genes = names(x)
    call = lambda: scenic_rs.grnboost2(x, genes, genes, n_estimators=trees, early_stop_window=0, seed=1)
    return clocked(call)[0] / (trees * x.shape[1])


def scenic_forest(x, trees):
    genes = names(x)
    return clocked(lambda: scenic_rs.genie3(x, genes, genes, n_estimators=trees, seed=1))[0] / (trees * x.shape[1])


def scikit(x, targets, model, monitor=None):
    """Seconds and trees of some genes, spread over all."""
    chosen = np.linspace(0, x.shape[1] - 1, targets).astype(int)
    options = {"monitor": monitor} if monitor else {}
    spent, trees = 0.0, 0
    for gene in chosen:
        others = np.delete(x, gene, axis=1).astype(np.float32)
        seconds, fitted = clocked(lambda: model.fit(others, x[:, gene], **options))
        spent += seconds
        trees += len(fitted.estimators_)
    return spent, trees


def boosting(trees):
    return GradientBoostingRegressor(
        learning_rate=0.01, n_estimators=trees, max_features=0.1, subsample=0.9, random_state=1
    )


def scikit_boost(x, targets, trees):
    spent, grown = scikit(x, targets, boosting(trees))
    return spent / grown


def scikit_forest(x, targets, trees):
    model = RandomForestRegressor(n_estimators=trees, max_features="sqrt", random_state=1, n_jobs=1)
    spent, grown = scikit(x, targets, model)
    return spent / grown


def early_stop(done, model, _):
    """Ends boosting where the mean improvement of the last trees on the samples that they have not seen is below 0."""
    first = done + 1 - WINDOW
    return first >= 0 and bool(np.mean(model.oob_improvement_[first : done + 1]) < 0)


def arms(method):
    """Name and seconds for a tree of every program."""
    mine, few, targets, trees = BOOSTED if method == "grnboost2" else FOREST
    peers = []
    if method == "grnboost2":
        if rustscenic:
            peers.append(("rustscenic", lambda x: rustscenic_boost(x, mine)))
        if scenic_rs:
            peers.append(("scenic-rs", lambda x: scenic_boost(x, few)))
        if sklearn:
            peers.append((f"scikit-learn {sklearn.__version__}", lambda x: scikit_boost(x, targets, trees)))
    else:
        if scenic_rs:
            peers.append(("scenic-rs", lambda x: scenic_forest(x, few)))
        if sklearn:
            peers.append((f"scikit-learn {sklearn.__version__}", lambda x: scikit_forest(x, targets, trees)))
    return mine, peers


def per_tree(given, method):
    mine, peers = arms(method)
    print(f"\n{method}, microseconds for a tree: median (smallest), and how many times as long peers take\n")
    common.header(["cells", "zeros", "sinew", "memory", "two threads"] + [name for name, _ in peers])
    for name in QUICK if given.quick else PROBLEMS:
        if method == "genie3" and name == "400 genes":
            continue  # scenic-rs alone would take minutes for each round
        path, made = problem(given, name, PROBLEMS[name])
        x = np.load(path)
        spent, both, others, memory = [], [], {peer: [] for peer, _ in peers}, 0.0
        for _ in range(given.rounds):
            each, _, _, used = own(given, path, method, mine)
            spent.append(each)
            memory = max(memory, used)
            both.append(own(given, path, method, mine, threads=2)[0])
            for peer, run in peers:
                others[peer].append(run(x))
        ratios = [f"{common.ratio(others[peer], spent):.1f} x" for peer, _ in peers]
        size = f"{made['rows']} x {made['cols']}"
        speedup = common.ratio(spent, both)
        shown = common.spread([1e6 * seconds for seconds in spent])
        common.row([size, f"{made['zeros']:.2f}", shown, f"{memory:.0f} MB", f"{speedup:.2f} x"] + ratios)


def whole(given):
    """Runs with each program's own early stop."""
    print("\nGRNBoost2 as a whole, one thread, each program with its own early stop\n")
    common.header(["network", "program", "seconds", "trees of a gene", "memory"])
    for name in QUICK if given.quick else PROBLEMS:
        path, _ = problem(given, name, PROBLEMS[name])
        x = np.load(path)
        for law in ("sklearn-1.2", "sklearn-1.3"):
            _, seconds, trees, memory = own(given, path, "grnboost2", MOST, early_stop=law)
            common.row([name, f"sinew, {law}", common.number(seconds), f"{trees / x.shape[1]:.0f}", f"{memory:.0f} MB"])
        if rustscenic:
            genes = names(x)
            call = lambda: rustscenic.grn.infer((x.astype(np.float32), genes), genes, seed=1, verbose=False)
            seconds, links = clocked(call)
            trees = links.attrs.get("grn_fit", {}).get("fitted_trees_mean", float("nan"))
            common.row([name, "rustscenic", common.number(seconds), f"{trees:.0f}", ""])
        if sklearn:
            spent, trees = scikit(x, WHOLE, boosting(MOST), early_stop)
            label = f"scikit-learn {sklearn.__version__}, from {WHOLE} genes"
            common.row([name, label, common.number(spent * x.shape[1] / WHOLE), f"{trees / WHOLE:.0f}", ""])
    if not given.quick:
        path, _ = problem(given, "1200 genes", LARGE)
        for threads in (1, 2):
            _, seconds, trees, memory = own(
                given, path, "grnboost2", MOST, threads, early_stop="sklearn-1.2", regulators=LARGE[1]
            )
            label = f"sinew, sklearn-1.2, {threads} thread{'s' if threads > 1 else ''}"
            grown = f"{trees / LARGE[0]:.0f}"
            common.row([f"1200 genes, {LARGE[1]} regulators", label, common.number(seconds), grown, f"{memory:.0f} MB"])


def main():
    parser = common.arguments(__doc__, 3)
    parser.add_argument("--whole", action="store_true", help="whole runs only")
    given = common.parse(parser)
    found = {"rustscenic": rustscenic, "scenic-rs": scenic_rs, "scikit-learn": sklearn}
    print(common.machine())
    for name, module in found.items():
        if module is None:
            print(f"MISSING: {name} is left out: it is not installed")
    if sklearn and not sklearn.__version__.startswith("1.2."):
        print(f"scikit-learn is {sklearn.__version__}: GRNBoost2's early stop changed with 1.3, trees are the same")
    for method in () if given.whole else ("grnboost2", "genie3"):
        per_tree(given, method)
    whole(given)


if __name__ == "__main__":
    main()
