"""The graphical lasso of sinew beside its peers: the same covariance and penalty, one thread each, runs in turn.

    /tmp/peers/bin/python benches/compare/graphical_lasso.py --quick            # p = 100, about a minute
    /tmp/peers/bin/python benches/compare/graphical_lasso.py --folder /tmp/problems --patience 20 --rounds 3
    /tmp/peers/bin/python benches/compare/graphical_lasso.py --folder /tmp/problems --problems er10000_20000 --rounds 1

How to install the peers: common.py. Every peer gets, of the tolerances 1e-2, 1e-3, .. 1e-12, the loosest whose answer
reaches a relative duality gap of 1e-6, and the fastest of its variants; sinew is asked for 1e-6. One certificate from
(S, lambda, Theta), in certificate.py, judges all. Times are inside the solver's own call, after one untimed run (of R's
glasso and huge: the compiled routine, without what their R functions do around it); of sinew `fit.seconds`, which
includes its certificate. The floor is LAPACK's Cholesky and inverse (dpotrf, dpotri) of one
matrix of this size, on one thread. A cell is: median (smallest) seconds, times sinew's, relative gap.
"""

import os
import sys
import tempfile

import common
import numpy as np
from certificate import certificate
from common import FLOOR, GAP, PEERS, TooSlow, header, number, ratio, row, spread
from problems import load

QUICK = ["er100_200", "er100_50"]
PROBLEMS = QUICK + [
    "er500_1000", "er500_250", "er1000_2000", "er1000_500", "er2000_4000", "er2000_1000", "band2000_1000",
    "block5000_2500", "er5000_10000",
]  # fmt: skip
# Beyond the first the peers are not asked, beyond the second sinew and the floor have no untimed run.
MOST_FOR_PEERS = 5000
MOST_WARMED = 2000


class Contest:
    """Everybody on one problem."""

    def __init__(self, problem, given, folder):
        self.problem, self.given = problem, given
        self.answer = os.path.join(folder, "answer.bin")
        self.precision = os.path.join(folder, "precision.npy")
        # Peer: variant, tolerance and certificate of its answer.
        self.settings = {}
        # Peer: what stands in its cell instead of times.
        self.excuses = {}

    def certified(self):
        theta = np.fromfile(self.answer).reshape(self.problem.p, -1)
        return certificate(self.problem.s(), self.problem.lam, theta)

    def tune(self, peer):
        """From the loosest tolerance down: one that is too tight may never end. The first that reaches the gap."""
        candidates, best, why = [], np.inf, ""
        for variant in peer.variants:
            for tol in peer.tolerances:
                try:
                    seconds = peer.solve(self.problem, variant, tol, self.answer, self.given.patience)
                    if isinstance(seconds, str):
                        why = seconds
                        continue
                    proof = self.certified()
                    best = min(best, proof["gap"])
                    if proof["gap"] <= GAP:
                        # Once more: the first run may have compiled.
                        seconds = peer.solve(self.problem, variant, tol, self.answer, 2 * self.given.patience)
                        candidates.append((seconds, variant, tol, proof))
                        break
                except TooSlow:
                    why = f"over {self.given.patience:.0f} s"
                    break
        if candidates:
            self.settings[peer.name] = min(candidates, key=lambda candidate: candidate[0])[1:]
        else:
            reached = f"best gap {best:.0e}" if np.isfinite(best) else "no answer"
            self.excuses[peer.name] = f"missed: {reached}" + (f", {why}" if why else "")

    def fit(self, with_answer):
        """sinew's seconds and the seconds around the verb in the script."""
        place = [f"precision={self.precision}"] if with_answer else []
        warm = ["warm"] if self.problem.p <= MOST_WARMED else []
        known = [f"covariance={self.problem.s_file}", f"lambda={self.problem.lam}", f"tol={GAP}"]
        return common.sinew(self.given.sinew, "fit.rhai", *known, *warm, *place).value

    def rounds(self, peers):
        """Seconds of everybody: floor, sinew, around its verb, and peers by name, one of each in a round."""
        times = {name: [] for name in ["floor", "sinew", "around"] + [peer.name for peer in peers]}
        if self.problem.p <= MOST_WARMED:
            self.solve(FLOOR, "default", 1.0)
        for peer in peers:
            # A process that was ended in the meantime compiles and loads anew.
            self.solve(peer, *self.settings[peer.name][:2])
        for _ in range(self.given.rounds):
            times["floor"].append(self.solve(FLOOR, "default", 1.0))
            value = self.fit(False)
            times["sinew"].append(value["seconds"])
            times["around"].append(value["around"])
            for peer in peers:
                times[peer.name].append(self.solve(peer, *self.settings[peer.name][:2]))
        return times

    def solve(self, peer, variant, tol):
        seconds = peer.solve(self.problem, variant, tol, self.answer, 10 * self.given.patience)
        if isinstance(seconds, str):
            sys.exit(f"{peer.shown} on {self.problem.name}: {seconds}")
        return seconds

    def own_proof(self):
        self.fit(True)
        proof = certificate(self.problem.s(), self.problem.lam, np.load(self.precision))
        os.remove(self.precision)
        return proof

    def cell(self, peer, times):
        if peer.name in self.excuses:
            return self.excuses[peer.name]
        gap = self.settings[peer.name][2]["gap"]
        return f"{spread(times[peer.name])}, {number(ratio(times[peer.name], times['sinew']))} x, {gap:.0e}"


def compete(problem, peers, hopeless, given, folder):
    """The line of one problem, and the settings that it used."""
    contest = Contest(problem, given, folder)
    for peer in peers:
        if problem.p > MOST_FOR_PEERS:
            contest.excuses[peer.name] = "not tried"
        elif problem.p > hopeless.get(peer.name, problem.p):
            contest.excuses[peer.name] = f"not tried: over {given.patience:.0f} s at p = {hopeless[peer.name]}"
        else:
            contest.tune(peer)
            if "over" in contest.excuses.get(peer.name, ""):
                hopeless.setdefault(peer.name, problem.p)
    proof = contest.own_proof()
    times = contest.rounds([peer for peer in peers if peer.name in contest.settings])
    missed = "" if proof["gap"] <= GAP else " MISSED"
    row(
        [problem.name, problem.p, problem.n, problem.lam, f"{proof['edges']} ({problem.true_edges})"]
        + [spread(times["floor"]), spread(times["sinew"]), spread(times["around"])]
        + [number(ratio(times["sinew"], times["floor"])), f"{proof['gap']:.0e}{missed}"]
        + [contest.cell(peer, times) for peer in peers]
    )
    return contest.settings


def chosen_peers(names):
    wanted = names.split(",") if names is not None else [peer.name for peer in PEERS]
    unknown = set(wanted) - {peer.name for peer in PEERS} - {""}
    if unknown:
        sys.exit(f"there is no peer {', '.join(sorted(unknown))}: {', '.join(peer.name for peer in PEERS)}")
    return [peer for peer in PEERS if peer.name in wanted]


def main():
    parser = common.arguments(__doc__, rounds=5)
    parser.add_argument("--problems", help="names, between commas [all up to p = 5000]")
    parser.add_argument("--peers", help="names, between commas; none where empty [all]")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds that a run of a peer may take [60]")
    given = common.parse(parser)
    names = given.problems.split(",") if given.problems else QUICK if given.quick else PROBLEMS
    if given.quick:
        given.patience = min(given.patience, 10.0)
    print(f"relative gap {GAP:g}, one thread, {given.rounds} rounds; {common.machine()}\n", flush=True)
    if why := FLOOR.find():
        sys.exit(f"the floor needs scipy: {why}")
    peers, hopeless, settings = common.installed(chosen_peers(given.peers)), {}, {}
    labels = [f"{peer.shown} {peer.version}" for peer in peers]
    own = ["sinew s", "around the verb s", "sinew / floor", "gap"]
    header(["problem", "p", "n", "lambda", "edges (true)", "floor s", *own, *labels])
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for name in names:
            settings[name] = compete(load(name, given.folder), peers, hopeless, given, folder)
    print("\nVariants and tolerances:")
    for name, used in settings.items():
        print(f"- {name}: " + ("; ".join(f"{peer} {v} {tol:.0e}" for peer, (v, tol, _) in used.items()) or "none"))
    for peer in [FLOOR, *peers]:
        peer.worker.end()


if __name__ == "__main__":
    main()
