"""Runs notebooks as a person would and looks at what they show.

    environment=$(notebooks/environment.sh)
    $environment/bin/python notebooks/check.py notebooks/tour.ipynb

Every cell runs without an error; figures come as Plotly, HTML, SVG and text. Then the notebook is exported to HTML and opened in
headless Chromium, where every figure has to be there: as a picture, and drawn by Plotly in a notebook that called
`notebook_init()`; and the same in JupyterLab itself. With `--screenshots DIR` also pictures of them, light and dark. Without
Chromium nothing is opened, and the output says so.

The pictures of README.md and docs/notebooks.md, made anew:

    $environment/bin/python notebooks/check.py --pictures docs
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

# nbconvert knows no colours for Rhai.
warnings.filterwarnings("ignore", message="No lexer found")

PLOTLY = "application/vnd.plotly.v1+json"
# What README.md and docs/notebooks.md show.
PICTURED = [
    'let x = example("sachs").head(853).log1p().standardize();\nx.head(4)',
    'let fit = x.graphical_lasso(#{ lambda: "ebic" });\nfit',
]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def fail(message):
    sys.exit(f"notebooks: {message}")


def run(path):
    """The notebook with its outputs, and how long each cell took."""
    notebook = nbformat.read(path, as_version=4)
    if any(cell.get("outputs") for cell in notebook.cells):
        fail(f"{path} is committed with outputs: clear them")
    # Relative paths of cells are relative to the notebook's folder in evcxr, which finds its settings there.
    return notebook, execute(notebook, path.parent if kernel(notebook) == "rust" else None)


def execute(notebook, own=None):
    """Runs the cells, in a folder of their own or in a new one; how long each took."""
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": str(own or folder)}}
        seconds = []
        client = NotebookClient(notebook, timeout=900, resources=resources, kernel_name=kernel(notebook))
        with client.setup_kernel():
            for i, cell in enumerate(notebook.cells):
                start = time.monotonic()
                client.execute_cell(cell, i)
                seconds.append(time.monotonic() - start)
    return seconds


def kernel(notebook):
    return notebook.metadata["kernelspec"]["name"]


def check_outputs(path, notebook):
    """The number of figures. No output is an error, every figure has all of its types."""
    figures = 0
    for cell in notebook.cells:
        is_wanted = "raises-exception" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            if is_wanted:
                continue
            if output.output_type == "error" or "class=\"sinew-error\"" in str(output.get("data", {}).get("text/html", "")):
                fail(f"{path}: an error in\n{cell.source}\n{str(output)[-1500:]}")
            data = output.get("data", {})
            if PLOTLY in data:
                figures += 1
                if not data[PLOTLY].get("data"):
                    fail(f"{path}: a figure without traces in\n{cell.source}")
                missing = {"text/html", "image/svg+xml", "text/plain"} - set(data)
                if missing:
                    fail(f"{path}: a figure without {sorted(missing)} in\n{cell.source}")
    if figures == 0:
        fail(f"{path} shows no figure")
    return figures


def export(notebook, page, theme):
    html, _ = HTMLExporter(template_name="lab", theme=theme).from_notebook_node(notebook)
    # What the template itself fetches from the net is of no use here.
    page.write_text(re.sub(r"<script[^>]+src=\"https://[^>]*></script>", "", html))


def chromium(page, *options, height=1400):
    with tempfile.TemporaryDirectory() as profile:
        quiet = ("quic", "gpu", "background-networking", "component-update", "sync")
        command = [CHROMIUM, "--headless", "--no-sandbox", "--no-first-run", "--hide-scrollbars"]
        command += [f"--disable-{what}" for what in quiet]
        command += [f"--user-data-dir={profile}", "--virtual-time-budget=30000"]
        command += [f"--window-size=1000,{height}"]
        done = subprocess.run([*command, *options, page], capture_output=True, text=True, timeout=300)
    return done.stdout


def counted(page):
    """Figures that Plotly has drawn, and pictures of figures."""
    return len(re.findall(r'class="[^"]*js-plotly-plot', page)), len(re.findall(r'<img[^>]*class="sinew-static"', page))


def initialised(notebook):
    return any("notebook_init" in cell.source for cell in notebook.cells)


def check_page(path, notebook, figures, screenshots):
    """The exported page, without a network: every figure is there."""
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, path.with_suffix(".html").name)
        export(notebook, page, "light")
        shown = chromium(page.as_uri(), "--dump-dom")
        drawn, pictures = counted(shown)
        interactive = initialised(notebook)
        if interactive and drawn < figures:
            fail(f"{path}: {drawn} of {figures} figures are drawn by Plotly")
        if interactive and shown.count("scatterlayer") < 1 and shown.count("heatmaplayer") < 1:
            fail(f"{path}: the figures have no traces on the page")
        if drawn + pictures < figures:
            fail(f"{path}: {drawn + pictures} of {figures} figures are on the page")
        if screenshots:
            os.makedirs(screenshots, exist_ok=True)
            for mode in ("light", "dark"):
                export(notebook, page, mode)
                out = pathlib.Path(screenshots, f"{path.stem}-{mode}.png").resolve()
                chromium(page.as_uri(), f"--screenshot={out}")
    return drawn, pictures


def server(folder, environment):
    """JupyterLab in a folder, with settings of its own, and where it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [f"--ServerApp.{name}" for name in ("token=", "password=", f"port={port}", f"root_dir={folder}")]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", *settings]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1).close()
            return process, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    process.kill()
    return fail("JupyterLab does not start")


def check_lab(path, notebook, figures, screenshots):
    """JupyterLab itself, with the notebook as it was saved: every figure is there, drawn by Plotly where it is trusted."""
    with tempfile.TemporaryDirectory() as folder:
        private = {f"JUPYTER_{kind}_DIR": os.path.join(folder, kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        environment = {**os.environ, **private, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
        saved = pathlib.Path(folder, path.name)
        nbformat.write(notebook, saved)
        trust = [sys.executable, "-m", "jupyter", "trust", str(saved)]
        subprocess.run(trust, env=environment, check=True, capture_output=True)
        process, address = server(folder, environment)
        try:
            page = f"{address}/lab/tree/{path.name}"
            drawn, pictures = counted(chromium(page, "--dump-dom", height=12_000))
            if screenshots:
                out = pathlib.Path(screenshots, f"{path.stem}-lab.png").resolve()
                chromium(page, f"--screenshot={out}")
        finally:
            process.terminate()
            process.wait()
    if drawn + pictures < figures or (drawn == 0 and initialised(notebook)):
        fail(f"{path} in JupyterLab: {drawn} figures drawn by Plotly and {pictures} pictures of {figures} figures")
    return drawn, pictures


# Below the last cell of a picture.
MARGIN = 24
# The page says in its title how far down its cells reach.
MEASURE = """<script>addEventListener("load", () => {
  const ends = [...document.querySelectorAll(".jp-Cell")].map((cell) => cell.getBoundingClientRect().bottom);
  document.title = "ends at " + Math.ceil(Math.max(...ends));
});</script>"""


def write_pictures(folder):
    """The pictures of README.md and docs/notebooks.md: an exported notebook, light and dark, as high as its cells."""
    if not CHROMIUM:
        fail("pictures need chromium, and there is none")
    os.makedirs(folder, exist_ok=True)
    metadata = {
        "kernelspec": {"name": "sinew", "display_name": "sinew (Rhai)", "language": "rhai"},
        # As the kernel says: Rust's colours are the nearest.
        "language_info": {"name": "rhai", "pygments_lexer": "rust"},
    }
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in PICTURED], metadata=metadata)
    execute(notebook)
    with tempfile.TemporaryDirectory() as temporary:
        page = pathlib.Path(temporary, "page.html")
        for mode in ("light", "dark"):
            export(notebook, page, mode)
            page.write_text(page.read_text() + MEASURE)
            end = re.search(r"<title>ends at (\d+)", chromium(page.as_uri(), "--dump-dom"))
            if not end:
                fail("chromium does not show the page that was to be pictured")
            picture = pathlib.Path(folder, f"notebook_{mode}.png").resolve()
            chromium(page.as_uri(), f"--screenshot={picture}", height=int(end[1]) + MARGIN)
            if not picture.exists():
                fail(f"chromium has not written {picture}")
            print(f"{picture}: {picture.stat().st_size // 1024} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path)
    parser.add_argument("--screenshots", metavar="DIR", help="pictures of the notebooks")
    parser.add_argument("--pictures", metavar="DIR", help="the pictures of README.md and docs/notebooks.md")
    given = parser.parse_args()
    if not given.notebooks and not given.pictures:
        parser.error("name a notebook, or --pictures DIR")
    if given.pictures:
        write_pictures(given.pictures)
    for path in given.notebooks:
        notebook, seconds = run(path.resolve())
        figures = check_outputs(path, notebook)
        code = [spent for cell, spent in zip(notebook.cells, seconds) if cell.cell_type == "code"]
        said = f"{path}: {len(code)} cells, first {code[0]:.2f} s, then {max(code[1:], default=0):.2f} s at most, {figures} figures"
        if CHROMIUM:
            drawn, pictures = check_page(path, notebook, figures, given.screenshots)
            lab = check_lab(path, notebook, figures, given.screenshots)
            print(f"{said}; drawn by Plotly and as pictures: exported {drawn} and {pictures}, JupyterLab {lab[0]} and {lab[1]}")
        else:
            print(f"{said}\nSKIPPED {path} in a browser: there is no chromium")


if __name__ == "__main__":
    main()
