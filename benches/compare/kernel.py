"""The kernels of notebooks, by a raw client: start, round trip, interrupts; and how long the Rust kernel takes.

    environment=$(PROGRAM=target/release/sinew notebooks/environment.sh rust); target/release/sinew notebook warm
    $environment/bin/python benches/compare/kernel.py target/release/sinew [--rust]
"""

import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import zmq

NATIVE = [
    "loop { }",
    "randn(3000, 3000).svd()",
    "eye(4000).inv()",
    "sergio(random_grn(#{ genes: 3000, seed: 1 }), #{ cells: 2000 })",
    'randn(2000, 800, #{ seed: 1 }).graphical_lasso(#{ lambda: "cv" })',
    'random_graph("erdos_renyi", #{ nodes: 20000, probability: 0.001 }).betweenness()',
    "sleep(20)",
    'loop { randn(3000, 3000).save("z.csv") }',
    "loop { heatmap(randn(2000, 2000)) }",
    "loop { graph_from_matrix(randn(3000, 3000)) }",
    "randn(100, 1500).uglad(#{ shrinkage: 0.5, variance_shrinkage: 0.0 })",
]
RUST = ['let x: Matrix = example("sachs", &ctx)?.matrix()?.head(853);', "x", "let a = 1;", "a + 1"]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Kernel:
    def __init__(self, program):
        names = ("shell", "iopub", "stdin", "control", "hb")
        ports = dict(zip(names, free_ports(5)))
        info = {f"{name}_port": port for name, port in ports.items()}
        info |= dict(ip="127.0.0.1", transport="tcp", key="key", signature_scheme="hmac-sha256", kernel_name="sinew")
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(info, file)
        begin = time.perf_counter()
        self.process = subprocess.Popen([program, "kernel", "start", "-f", file.name])
        context = zmq.Context()
        self.shell, self.control = (self.dealer(context, ports[name]) for name in ("shell", "control"))
        self.ask(self.shell, "kernel_info_request", {})
        self.started = time.perf_counter() - begin
        os.unlink(file.name)

    @staticmethod
    def dealer(context, port):
        one = context.socket(zmq.DEALER)
        one.setsockopt(zmq.RECONNECT_IVL, 1)
        one.setsockopt(zmq.IDENTITY, b"client")
        one.connect(f"tcp://127.0.0.1:{port}")
        return one

    @staticmethod
    def ask(where, kind, content):
        header = dict(msg_id=uuid.uuid4().hex, session="s", username="u", date="2026-01-01T00:00:00Z", msg_type=kind, version="5.3")
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        signature = hmac.new(b"key", b"".join(parts), hashlib.sha256).hexdigest().encode()
        where.send_multipart([b"<IDS|MSG>", signature, *parts])
        reply = where.recv_multipart()
        return json.loads(reply[reply.index(b"<IDS|MSG>") + 5])

    def execute(self, code):
        fields = dict(silent=False, store_history=True, user_expressions={}, allow_stdin=False, stop_on_error=True)
        return self.ask(self.shell, "execute_request", dict(code=code, **fields))

    def interrupted(self, code):
        """Milliseconds from an interrupt, 0.7 s after the start, to the cell's reply."""
        sent = []

        def interrupt():
            time.sleep(0.7)
            sent.append(time.perf_counter())
            self.ask(self.control, "interrupt_request", {})

        thread = threading.Thread(target=interrupt)
        thread.start()
        self.execute(code)
        end = time.perf_counter()
        thread.join()
        return 1e3 * (end - sent[0]) if end > sent[0] else None


def rhai(program):
    kernels = [Kernel(program) for _ in range(5)]
    kernel = kernels[-1]
    print("start to kernel_info_reply, ms:", [round(1e3 * one.started, 1) for one in kernels])
    times = []
    for i in range(200):
        begin = time.perf_counter()
        kernel.execute(f"let a{i} = {i}; a{i} + 1")
        times.append(1e3 * (time.perf_counter() - begin))
    print(f"round trip of 200 cells, ms: median {statistics.median(times):.2f}, largest {max(times):.2f}")
    for code in NATIVE:
        late = kernel.interrupted(code)
        print(f"interrupt to reply, ms: {'done before' if late is None else round(late, 1)}   {code}")
    for one in kernels:
        one.process.kill()


def rust():
    from jupyter_client.manager import start_new_kernel

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "notebooks")
    begin = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="rust", startup_timeout=600, cwd=folder)
    print(f"Rust kernel ready, s: {time.perf_counter() - begin:.1f}")
    for code in RUST:
        begin = time.perf_counter()
        client.execute_interactive(code, timeout=300, output_hook=lambda message: None)
        print(f"Rust cell, s: {time.perf_counter() - begin:.2f}   {code}")
    client.stop_channels()
    manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    rhai(sys.argv[1])
    if "--rust" in sys.argv:
        rust()
