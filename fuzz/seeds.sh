#!/usr/bin/env bash
# Fills corpus/ with what the repository has: scripts, examples of the help, files of every format. Needs the program:
#   fuzz/seeds.sh path/to/sinew
set -euo pipefail
sinew=$(realpath "${1:?the program sinew}")
cd "$(dirname "$0")"
mkdir -p corpus/{script,files,options,index,saved}
cp ../scripts/*.rhai corpus/script/
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$sinew" methods --json > "$work/methods.json"
python3 - "$work/methods.json" <<'PYTHON'
import json, pathlib, sys
corpus = pathlib.Path("corpus")
known = json.load(open(sys.argv[1]))
methods = known["records"]
for number, entry in enumerate(known["vocabulary"]):
    if entry.get("example"):
        (corpus / "script" / f"verb_{number}").write_text(entry["example"])
for number, method in enumerate(methods):
    name = method["verb"]
    (corpus / "script" / f"example_{name}").write_text(method["example"])
    given = {o["name"]: o.get("default") for o in method.get("options", []) if o.get("default") is not None}
    text = json.dumps(given).encode()
    (corpus / "options" / f"default_{name}").write_bytes(bytes([number % 256]) + text)
    for key in given:
        (corpus / "options" / f"one_{name}_{key}").write_bytes(bytes([number % 256]) + json.dumps({key: given[key]}).encode())
for number, text in enumerate([
    "0", "-1", "0..2", "..", "[0, 2]", "\"a\"", "[\"a\", \"b\"]", "[true, false]", "0, 1", "-1, \"c\"", "0..1, ..", "m > 2.0",
    "[0, 1], [\"a\", \"c\"]", "0..=1, 1", "v > 1.0, 0", "9223372036854775807", "()", "1.5", "0, 1, 2", "#{}", "|x| x"]):
    (corpus / "index" / f"part_{number}").write_text(text)
PYTHON
cat > "$work/make.rhai" <<'RHAI'
let x = sample_gaussian(random_graph("band", #{ nodes: 4, seed: 1 }).precision(), 20, #{ seed: 1 }).set_names(["a", "b", "c", "d"]);
let fit = x.graphical_lasso(#{ lambda: 0.2 });
let g = fit.graph();
for ending in ["csv", "npy", "mtx"] { x.save(`x.${ending}`); }
for ending in ["graphml", "gexf", "cyjs", "dot", "csv", "json"] { g.save(`g.${ending}`); }
fit.save("fit.json"); fit.plot("network").save("figure.json");
x.graphical_lasso_path(#{ n_lambdas: 3 }).save("path.json");
sergio(random_grn(#{ genes: 6, regulators: 2, seed: 1 }), #{ cell_types: 1, cells: 3, seed: 1 }).save("simulation.json");
x.hypergradient(#{ lambda: 0.2, validation: x });
RHAI
(cd "$work" && "$sinew" run make.rhai > /dev/null 2>&1) || true
# The first byte of a file's seed says its format, as in fuzz_targets/files.rs.
number=0
for ending in csv tsv npy mtx h5ad graphml gexf cyjs dot json txt gz; do
  for file in "$work"/*."$ending" ../tests/data/*."$ending" ../tests/sandbox/files/*."$ending"; do
    [ -f "$file" ] || continue
    { printf "\\x$(printf %02x "$number")"; cat "$file"; } > "corpus/files/${ending}_$(basename "$file")"
  done
  number=$((number + 1))
done
cp "$work"/*.json corpus/saved/
find corpus -type f | wc -l
