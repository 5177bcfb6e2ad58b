#!/usr/bin/env bash
# What the notebooks are run and looked at with, outside of the repository: a Python environment with JupyterLab and
# sinew's kernel in it, and with `rust` as argument also evcxr (12 minutes of compiling, once).
#
#     notebooks/environment.sh [rust]     # prints the folder of the environment
#
# Exit code 77: what is needed cannot be had here. Any other one is a failure.
#
# PROGRAM is the program whose kernel is installed (default: the debug build).
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${SINEW_CACHE:-$HOME/.cache/sinew}"
program="${PROGRAM:-${CARGO_TARGET_DIR:-$cache/target}/debug/sinew}"
environment="$cache/notebooks"
# A change of this list makes a new environment.
packages="jupyterlab==4.6.6 nbclient==0.11.0 nbconvert==7.17.2 jupyter_kernel_test==0.7.0"
# So does a change of this one; evcxr_jupyter does not tell its version, but cargo writes down what it installs.
evcxr=0.22.0

if [ "$(cat "$environment/packages" 2>/dev/null)" != "$packages" ]; then
  rm -rf "$environment"
  python3 -m venv "$environment" >&2 || exit 77
  # shellcheck disable=SC2086 # a list of words
  "$environment/bin/pip" install --quiet --disable-pip-version-check $packages >&2 || exit 77
  echo "$packages" > "$environment/packages"
fi
"$program" kernel install --prefix "$environment" --quiet >&2
if [ "${1:-}" = rust ]; then
  if [ ! -x "$cache/tools/bin/evcxr_jupyter" ] || ! grep -qsF "\"evcxr_jupyter $evcxr " "$cache/tools/.crates.toml"; then
    start=$SECONDS
    nice cargo install --quiet --locked --force "evcxr_jupyter@$evcxr" --root "$cache/tools" --target-dir "$cache/tools/target" >&2 || exit 77
    echo "evcxr_jupyter was compiled in $((SECONDS - start)) s" >&2
  fi
  JUPYTER_PATH="$environment/share/jupyter" "$cache/tools/bin/evcxr_jupyter" --install >/dev/null
fi
echo "$environment"
