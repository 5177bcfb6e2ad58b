#!/usr/bin/env python3
"""Time and size of the library as a host builds it: bare, with threads, with figures, and all of it.

A small host program with sinew as its only dependency is built in a fresh target folder for each set of features, by the
toolchain and the Cargo.lock of this repository: seconds of the build, crates in it, and bytes of the stripped program.

    python3 benches/bare_build.py [bare parallel plot full]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEATURES = {
    "bare": [],
    "parallel": ["parallel"],
    "plot": ["parallel", "plot"],
    "full": ["parallel", "plot", "nn", "h5ad"],
}
HOST = """use sinew::script::Session;

fn main() {
    let script = std::env::args().nth(1).unwrap_or_else(|| "1 + 1".into());
    match Session::sandboxed().eval(&script) {
        Ok(value) => println!("{value}"),
        Err(error) => eprintln!("{error}"),
    }
}
"""
MANIFEST = """[package]
name = "host"
version = "0.1.0"
edition = "2024"

[dependencies]
sinew = {{ path = "{root}", default-features = false, features = {features} }}

[profile.release]
strip = true

[workspace]
"""


def measure(name: str, folder: Path) -> None:
    host = folder / name
    (host / "src").mkdir(parents=True)
    (host / "src/main.rs").write_text(HOST)
    features = "[" + ", ".join(f'"{feature}"' for feature in FEATURES[name]) + "]"
    (host / "Cargo.toml").write_text(MANIFEST.format(root=ROOT, features=features))
    shutil.copy(ROOT / "Cargo.lock", host / "Cargo.lock")
    environment = os.environ | {"CARGO_TARGET_DIR": str(host / "target"), "CARGO_TERM_COLOR": "never"}

    def cargo(*arguments: str) -> str:
        return subprocess.run(
            ["cargo", *arguments], cwd=host, env=environment, check=True, capture_output=True, text=True
        ).stdout

    cargo("fetch")
    tree = cargo("tree", "--edges", "normal", "--prefix", "none")
    crates = {line.split(" (")[0] for line in tree.splitlines() if line}
    started = time.perf_counter()
    cargo("build", "--release")
    seconds = time.perf_counter() - started
    program = host / "target/release/host"
    answer = subprocess.run([program, "eye(3).trace()"], check=True, capture_output=True, text=True).stdout.strip()
    assert answer == "3.0", answer
    size = program.stat().st_size / 1e6
    print(f"{name:10} {seconds:6.0f} s {len(crates):5} crates {size:7.1f} MB   features {features}", flush=True)
    shutil.rmtree(host)


def main() -> None:
    names = sys.argv[1:] or list(FEATURES)
    print(f"release builds from nothing on {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            measure(name, Path(folder))


if __name__ == "__main__":
    main()
