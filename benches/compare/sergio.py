"""Single-cell expression beside other programs: SERGIO's second version (PyPI sergio-scsim) and sergio_rs.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install sergio-scsim sergio_rs scipy networkx
    cargo build --release
    /tmp/peers/bin/python benches/compare/sergio.py

One thread each, the same networks, cells, noise and numbers of steps. Then moments and correlations of the same network
by sinew and by sergio-scsim, over several runs of each. What is not installed is named and left out.
"""

import contextlib
import io
import json
import os
import statistics
import time

import common
import numpy as np

os.environ["RAYON_NUM_THREADS"] = "1"

try:
    import SERGIO.MR as v2_mr
    from SERGIO import sergio as v2
    from SERGIO.GRN._components import Gene, SingleInteraction
    from SERGIO.GRN._grn import GRN
except ImportError:
    v2 = None
try:
    import sergio_rs
except ImportError:
    sergio_rs = None

DECAY, AMPLITUDE, STATES = 0.8, 1.0, 15
# genes, regulators, sparsity, cell types, cells of each, rates
PROBLEMS = {
    "100 genes": (100, 10, 0.1, 5, 200, 0.2, 1.0),
    "400 genes": (400, 37, 0.07, 9, 300, 0.002, 4.0),
    "1200 genes": (1200, 127, 0.016, 9, 300, 0.002, 4.0),
    "20000 genes": (20000, 1000, 0.002, 10, 300, 0.002, 4.0),
}
QUICK = ("100 genes",)


def problem(given, name):
    genes, regulators, sparsity, types, _, low, high = PROBLEMS[name]
    path = os.path.join(given.folder, name.replace(" ", "_"))
    numbers = dict(genes=genes, regulators=regulators, sparsity=sparsity, cell_types=types, low=low, high=high, name=path)
    made = common.sinew(given.sinew, "sergio_problem.rhai", *(f"{key}={value}" for key, value in numbers.items()))
    return path, made.value["edges"]


def own(given, path, cells, rounds, threads=1, **options):
    files = [f"targets={path}_targets.txt", f"regulators={path}_regulators.txt", f"cells={cells}", f"rounds={rounds}"]
    run = common.sinew(given.sinew, "sergio.rhai", *files, *(f"{k}={v}" for k, v in options.items()), threads=threads)
    return run.value["seconds"], run.memory


def edges(path):
    with open(path + "_targets.txt") as file:
        for line in file:
            cells = line.strip().split(",")
            count = int(float(cells[1]))
            for regulator, strength in zip(cells[2 : 2 + count], cells[2 + count : 2 + 2 * count]):
                yield regulator, cells[0], float(strength)


def rust_peer(path, types, cells):
    """Seconds of sergio_rs, which draws its own rates."""
    network, genes = sergio_rs.GRN(), {}
    for regulator, target, strength in edges(path):
        for name in (regulator, target):
            genes.setdefault(name, sergio_rs.Gene(name=name, decay=DECAY))
        network.add_interaction(reg=genes[regulator], tar=genes[target], k=strength, h=None, n=2)
    network.set_mrs()
    profile = sergio_rs.MrProfile.from_random(network, types, (0.2, 0.5), (0.7, 1.0), 1)
    sim = sergio_rs.Sim(network, cells, 0, STATES, 0.01, AMPLITUDE, 1)
    start = time.perf_counter()
    sim.simulate(profile)
    return time.perf_counter() - start


def python_peer(path, types, cells):
    """sergio-scsim: seconds, expression (cells x genes in the order of the ids), half responses."""
    with contextlib.redirect_stdout(io.StringIO()):
        # Its own reader of such files makes targets with several regulators wrong.
        network = GRN()
        for regulator, target, strength in edges(path):
            ends = dict(reg=[Gene(name=regulator, decay=DECAY)], tar=Gene(name=target, decay=DECAY))
            network.add_interaction(SingleInteraction(**ends, k=strength, h=None, n=2))
        network.setMRs()
        profile = v2_mr.mrProfile(MR_names=network.get_mrs(), n_types=types)
        profile.build_from_file(path + "_regulators.txt", header=None)
        network.init(profile, update_half_resp=True)
        sim = v2(network)
        start = time.perf_counter()
        sim.simulate(nCells=cells, noise_s=AMPLITUDE, safety_iter=0, scale_iter=STATES)
        seconds = time.perf_counter() - start
        expression = sim.getSimExpr()
    order = sorted(expression.index, key=lambda name: int(float(name)))
    half = {}
    for interaction in network.attr_["interactions"].values():
        half[int(float(interaction.reg_[0].name_))] = float(np.ravel(interaction.h_)[0])
    return seconds, expression.loc[order].to_numpy().T, half


def text(seconds):
    return f"{statistics.median(seconds):.3g} ({min(seconds):.3g})"


def times(given):
    print("| network | edges | cells | steps | sinew s | memory | two threads | sergio_rs | sergio-scsim |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in QUICK if given.quick else PROBLEMS:
        genes, _, _, types, cells, _, _ = PROBLEMS[name]
        path, count = problem(given, name)
        rounds = given.rounds if genes < 10_000 else 2
        seconds, memory = own(given, path, cells, rounds)
        both, _ = own(given, path, cells, rounds, threads=2)
        best = statistics.median(seconds)
        peers = []
        for peer, largest in ((sergio_rs and rust_peer, 1200), (v2 and (lambda *a: python_peer(*a)[0]), 100)):
            if not peer or genes > largest:
                peers.append("")
                continue
            spent = statistics.median(peer(path, types, cells) for _ in range(3 if genes <= 100 else 1))
            peers.append(f"{spent:.3g} s, {spent / best:.0f} x")
        speedup = best / statistics.median(both)
        print(f"| {name} | {count} | {types} x {cells} | {STATES * cells} | {text(seconds)} | {memory:.0f} MB "
              f"| {speedup:.2f} x | {peers[0]} | {peers[1]} |", flush=True)


def moments(expression, types, pairs):
    """Means and variances of genes in types, and correlations of regulators and targets within types."""
    parts = np.split(expression, types)
    mean = np.array([part.mean(0) for part in parts]).ravel()
    variance = np.array([part.var(0) for part in parts]).ravel()
    centered = [(part - part.mean(0)) / part.std(0) for part in parts]
    correlation = np.array([[(part[:, a] * part[:, b]).mean() for a, b in pairs] for part in centered]).ravel()
    return mean, variance, correlation


def laws(given, runs):
    _, _, _, types, cells, _, _ = PROBLEMS["100 genes"]
    path, _ = problem(given, "100 genes")
    pairs = [(int(float(a)), int(float(b))) for a, b, _ in edges(path)]
    theirs, half = [], {}
    for _ in range(runs):
        _, expression, half = python_peer(path, types, cells)
        theirs.append(moments(expression, types, pairs))
    np.save(path + "_half.npy", np.array([half.get(gene, np.nan) for gene in range(100)]))
    own(given, path, cells, runs, half_response=path + "_half.npy", counts=path + "_counts")
    ours = [moments(np.load(f"{path}_counts{run}.npy"), types, pairs) for run in range(runs)]
    print(f"\n100 genes, {runs} runs of each, differences in units of their standard error (0 and 1 where the laws agree):\n")
    for i, what in enumerate(("means", "variances", "correlations of regulator and target")):
        a, b = np.array([m[i] for m in ours]), np.array([m[i] for m in theirs])
        error = np.sqrt((a.var(0, ddof=1) + b.var(0, ddof=1)) / runs)
        z = (a.mean(0) - b.mean(0)) / error
        agreement = np.corrcoef(a.mean(0), b.mean(0))[0, 1]
        print(f"- {what}: mean {z.mean():.2f}, standard deviation {z.std():.2f}; correlation of the two {agreement:.4f}")


def main():
    parser = common.arguments(__doc__, 5)
    parser.add_argument("--runs", type=int, default=20, help="runs of each program for the moments [%(default)s]")
    given = common.parse(parser)
    print(common.machine(), json.dumps({"sergio_rs": sergio_rs is not None, "sergio-scsim": v2 is not None}))
    times(given)
    if v2:
        laws(given, given.runs)


if __name__ == "__main__":
    main()
