"""What the comparisons share: one thread everywhere, the release program, peers that can be ended, tables.

The peers, in an environment outside this repository:

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install scikit-learn skglm gglasso
    apt-get install r-base-core r-cran-glasso r-cran-huge libopenblas0-pthread   # R, with a fast BLAS
    Rscript -e 'install.packages(c("glassoFast", "QUIC"))'                       # not in Debian
    cargo build --release

Then `/tmp/peers/bin/python benches/compare/graphical_lasso.py --help`, and the same for selection.py and scaling.py.
What is not installed is named in the output and left out.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

import numpy as np

GAP = 1e-6
HERE = os.path.dirname(os.path.abspath(__file__))
POWERS = tuple(10.0**-k for k in range(2, 13))


def arguments(description, rounds):
    """The parser with the options of every comparison."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sinew", default="target/release/sinew", help="the release program [%(default)s]")
    parser.add_argument("--folder", help="where problems are kept [a temporary folder]")
    parser.add_argument("--rounds", type=int, default=rounds, help="runs of everything, in turn [%(default)s]")
    parser.add_argument("--quick", action="store_true", help="small problems only")
    return parser


def parse(parser):
    """The arguments; the folder exists and the program is found."""
    given = parser.parse_args()
    given.sinew = shutil.which(given.sinew) or sys.exit(
        f"no program at {given.sinew}: cargo build --release, or --sinew"
    )
    given.sinew = os.path.abspath(given.sinew)
    if given.rounds < 1:
        sys.exit("--rounds is at least 1")
    given.folder = given.folder or tempfile.mkdtemp(prefix="sinew-problems-")
    os.makedirs(given.folder, exist_ok=True)
    return given


def machine():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{os.cpu_count()} cores, {names[0] if names else platform.processor()}, {platform.system()}"


# Starts a program and tells its exit code, peak memory and processor time. The peak of a process begins at that of the process
# that starts it: this one is small, where the one that compares has loaded numerical libraries.
LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as told:
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, file=told)
"""


@dataclass
class Run:
    """What a script of sinew emitted, the peak memory of its process in MB and its processor time in seconds."""

    value: dict
    memory: float
    cpu: float


def sinew(program, script, *script_arguments, threads=1):
    """Runs a script of this folder; its options as `name=value`, its flags as `name`."""
    options = [part for given in script_arguments for part in ("--" + given).split("=", 1)]
    command = [
        program,
        "--json",
        "--quiet",
        "--threads",
        str(threads),
        "run",
        os.path.join(HERE, script),
        "--",
        *options,
    ]
    with tempfile.TemporaryFile("w+") as errors, tempfile.NamedTemporaryFile("r") as told:
        launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, told.name, *command]
        said = subprocess.run(launch, stdout=subprocess.PIPE, stderr=errors, text=True).stdout
        code, memory, cpu = told.read().split() or ("nothing", 0, 0)
        if code != "0":
            errors.seek(0)
            sys.exit(f"{script} ended with {code}: {errors.read()}")
    return Run(json.loads(said)["value"], float(memory), float(cpu))


class TooSlow(Exception):
    """A peer was ended."""


class Worker:
    """A process that answers line by line, and is ended when an answer takes too long."""

    def __init__(self, command):
        self.command = command
        self.process = None

    def ask(self, fields, limit):
        """The answer to one line. TooSlow after `limit` seconds."""
        if self.process is None or self.process.poll() is not None:
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.process = subprocess.Popen(self.command, text=True, **pipes)
        process, over = self.process, threading.Event()
        clock = threading.Timer(limit, lambda: (over.set(), process.kill()))
        clock.start()
        try:
            process.stdin.write("\t".join(fields) + "\n")
            process.stdin.flush()
            said = next((line for line in process.stdout if line.startswith("@")), None)
        except BrokenPipeError:
            said = None
        finally:
            clock.cancel()
        if said is not None:
            return said[1:].strip()
        process.wait()
        self.process = None
        if over.is_set():
            raise TooSlow
        return f"failed: its process ended with {process.returncode}"

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def python_worker():
    return Worker([sys.executable, os.path.join(HERE, "worker.py")])


def r_worker():
    return Worker(["Rscript", "--vanilla", os.path.join(HERE, "worker.R")])


@dataclass
class Peer:
    name: str
    language: str
    # Ways to solve the same problem; the fastest that reaches the gap counts.
    variants: tuple = ("default",)
    tolerances: tuple = POWERS
    version: str = ""
    worker: Worker = field(default=None, repr=False)

    @property
    def shown(self):
        return f"R {self.name}" if self.language == "R" else self.name

    def find(self):
        """Why the peer cannot be used, or None."""
        if self.language == "R" and not shutil.which("Rscript"):
            return "there is no Rscript on the PATH"
        self.worker = r_worker() if self.language == "R" else python_worker()
        try:
            said = self.worker.ask([self.name, "hello"], 120)
        except TooSlow:
            said = "failed: does not start within two minutes"
        if said.startswith(("missing", "failed")):
            self.worker.end()
            return said.split(": ", 1)[1]
        self.version = said
        return None

    def solve(self, problem, variant, tol, place, limit):
        """Seconds inside the solver, the answer in the file `place`; or why there is none."""
        return self.answer(variant, tol, repr(problem.lam), problem.s_file, place, limit)

    def answer(self, variant, tol, lambdas, data, place, limit):
        """The same, for any penalties and data."""
        said = self.worker.ask([self.name, variant, repr(tol), lambdas, data, place], limit)
        return said if said.startswith("failed") else float(said)


FLOOR = Peer("floor", "Python")
# Modes, with the tolerance of the lasso inside, which decides more than the outer one.
SCIKIT = ("cd", "cd 1e-6", "cd 1e-8", "lars")
PEERS = [
    Peer("scikit-learn", "Python", SCIKIT),
    Peer("skglm", "Python", ("dual", "primal")),
    Peer("gglasso", "Python", ("boyd", "kkt")),
    Peer("glasso", "R"),
    Peer("huge", "R", tolerances=(1e-4,)),
    Peer("glassoFast", "R"),
    Peer("QUIC", "R"),
]


def installed(peers):
    """The peers that can be used; what is missing is said."""
    found = []
    for peer in peers:
        why = peer.find()
        if why is None:
            found.append(peer)
        else:
            print(f"MISSING: {peer.shown} is left out: {why}\n", flush=True)
    return found


def number(x):
    """Three digits, without an exponent where one can do without."""
    return f"{x:.1e}" if 0 < x < 1e-5 else f"{x:.3g}" if x < 1000 else f"{x:.0f}"


def spread(seconds):
    return f"{number(statistics.median(seconds))} ({number(min(seconds))})"


def ratio(seconds, base):
    """The median of the ratios of the rounds: drifts of the machine cancel."""
    return float(np.median(np.array(seconds) / np.array(base)))


def row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def header(cells):
    row(cells)
    row(["---"] * len(cells))
