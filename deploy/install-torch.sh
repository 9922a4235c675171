#!/bin/sh
# Installs torch into the Python given as the first argument; `uv` must be on the path, the lock files in this folder's
# parent. Used by the Makefile and the Dockerfile.
#
# PyPI's Linux build of torch brings 4 GB of GPU libraries, so PyTorch's own build for TORCH_BACKEND (cpu by default) is
# taken where its index answers within TORCH_PATIENCE_S seconds, else PyPI's from the hash-checked lock. TORCH_BACKEND=""
# always takes PyPI's. uv knows the address of that index, so none stands in our files (`uv help pip install`).
set -eu
cd "$(dirname "$0")/.."
backend="${TORCH_BACKEND-cpu}"
# The other index has the lock's version under a local name (2.15.0+cpu), with other files, so no hash can be checked.
pin=$(sed -n 's/^\(torch==[^ ;]*\).*/\1/p' requirements-torch.txt)

install="uv pip install --python $1 --no-deps"

if [ -n "$backend" ] &&
    timeout "${TORCH_PATIENCE_S:-12}" $install --quiet --dry-run --torch-backend="$backend" "$pin" 2>/dev/null; then
    $install --torch-backend="$backend" "$pin"
else
    echo "torch: the larger build from PyPI${backend:+, because the index of its $backend build does not answer}"
    $install --require-hashes -r requirements-torch.txt
fi
