"""Start-up time, time of the first script, and time to end after an interrupt: medians of whole-process runs.

    cargo build --release && python3 benches/program.py [path of sinew]
"""
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SINEW = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/sinew")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scripts", "first_network.rhai")
# Dense and ill-conditioned, to a tolerance that takes minutes.
SLOW = """let x = randn(400, {p}, #{{ seed: 1 }}) + randn(400, 1, #{{ seed: 2 }}) @ ones(1, {p}) * 3;
          print("started"); x.graphical_lasso(#{{ lambda: 0.05, tol: 1e-13 }})"""


def median_ms(arguments, runs, folder):
    def once():
        started = time.perf_counter()
        subprocess.run([SINEW, *arguments], check=True, capture_output=True, cwd=folder)
        return 1000 * (time.perf_counter() - started)

    once()
    return statistics.median(once() for _ in range(runs))


def interrupt_ms(p, seconds):
    child = subprocess.Popen([SINEW, "eval", SLOW.format(p=p)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdout.readline()
    time.sleep(seconds)
    assert child.poll() is None, "the fit is over before it can be interrupted"
    sent = time.perf_counter()
    child.send_signal(signal.SIGINT)
    code = child.wait()
    assert code == 130, code
    return 1000 * (time.perf_counter() - sent)


with tempfile.TemporaryDirectory() as folder:
    print(f"start-up                    {median_ms(['eval', '1'], 20, folder):.1f} ms (sinew eval 1, 20 runs)")
    print(f"scripts/first_network.rhai  {median_ms(['run', SCRIPT], 10, folder):.1f} ms (10 runs, three files written)")
for p in (700, 2500):
    times = [interrupt_ms(p, seconds) for seconds in (0.5, 1.3, 2.1, 2.9, 3.7)]
    print(f"interrupt, p = {p:<12} {statistics.median(times):.0f} ms, at most {max(times):.0f} ms (5 fits)")
