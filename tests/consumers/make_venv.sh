#!/usr/bin/env bash
# make_venv.sh FOLDER: a Python environment with requirements.txt, and a torch that runs on a CPU from PyPI's CUDA build:
# 0.6 GB to download and half a minute, where a plain `pip install torch` is 3 GB and three minutes.
#
# Of the GPU libraries that torch's own libraries name, a CPU never calls one, but the loader wants to find them: they are
# empty files here. Their functions stay unresolved, which lazy binding allows; `cpu_torch.pth` asks Python for that.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
wanted=$(cat "$here/requirements.txt" "$here/make_venv.sh" | sha256sum)
if [ "$(cat "$folder/made-of" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
    -r "$here/requirements.txt"
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo 'import os, sys; sys.setdlopenflags(os.RTLD_LAZY | os.RTLD_LOCAL)' >"$packages/cpu_torch.pth"
lib=$packages/torch/lib
for name in libcudnn.so.9 libcufile.so.0 libnccl.so.2 libcusparse.so.12 libcufft.so.12 libcusparseLt.so.0 libcurand.so.10 \
    libcublas.so.13 libcublasLt.so.13 libnvrtc.so.13 libnvshmem_host.so.3; do
    [ -e "$lib/$name" ] || gcc -shared -nostdlib -o "$lib/$name" "-Wl,-soname,$name" -x c /dev/null
done
"$folder/bin/python" -c 'import torch; assert (torch.ones(2) @ torch.ones(2)).item() == 2'
echo "$wanted" >"$folder/made-of"
