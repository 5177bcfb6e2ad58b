"""State of scripts over the cells of a Rust notebook: variables, functions and closures, over ten cells and over a panic.

    environment=$(notebooks/environment.sh rust); sinew notebook warm
    $environment/bin/python tests/jupyter/rust_cells.py
"""

import os
import sys

from jupyter_client.manager import start_new_kernel

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "notebooks")
CELLS = [
    ('let mut rhai: Notebook = Notebook::new().with_seed(1);', None),
    ('rhai.run("let x = randn(50, 4); let calls = 0;")', None),
    ('rhai.run("fn twice(a) { 2 * a } let add = |a| a + 3;")', None),
    ('rhai.run("calls += 1; twice(add.call(calls))")', "8"),
    ('let m: Matrix = rhai.get("x")?;', None),
    ('m.rows()', "50"),
    ('rhai.set("y", m.clone())?;', None),
    ('rhai.run("calls += 1; (y - x).abs().max()")', "0.0"),
    ('let boom: Vec<i64> = vec![]; println!("{}", boom[3]);', "panic"),
    ('rhai.run("calls += 1; twice(add.call(calls))")', "12"),
    ('let c: i64 = rhai.get("calls")?; c', "3"),
    ('rhai.run("y.graphical_lasso(#{ lamda: 1 })")', "did you mean 'lambda'?"),
    ('rhai.run("x.graphical_lasso(#{ lambda: 0.1 }).converged")', "true"),
]


def main():
    manager, client = start_new_kernel(kernel_name="rust", startup_timeout=600, cwd=FOLDER)
    try:
        for code, expected in CELLS:
            shown = []
            client.execute_interactive(code, timeout=300, output_hook=lambda message: shown.append(str(message["content"])))
            text = " ".join(shown)
            print(f"{code}  ->  {expected}")
            if expected is not None and expected not in text.replace("&#39;", "'"):
                sys.exit(f"not {expected!r}: {text[-1500:]}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
