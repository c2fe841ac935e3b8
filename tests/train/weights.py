"""Makes the files in tests/train/weights that the readers of weights are tested on.

    target/consumers/venv/bin/python tests/train/weights.py

Every good file has a twin, NAME.safetensors, with what Python reads from it; the readers have to give the same bytes.
"""

import io
import pathlib
import pickle
import warnings
import zipfile

import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent / "weights"
warnings.filterwarnings("ignore")


def expect(name, arrays):
    """The twin: contiguous, each array on its own."""
    save_file({key: value.detach().contiguous().clone() for key, value in arrays.items()}, FOLDER / f"{name}.safetensors")


def every_kind():
    """All kinds of numbers, and all ways in which a tensor can lie in its storage."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
    return {
        "f32": base.clone(),
        "f64": base.double() / 3,
        "f16": base.half(),
        "bf16": base.bfloat16(),
        "i64": torch.tensor([-(2**62), -1, 0, 2**62]),
        "i32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "i16": torch.tensor([[-(2**15)], [2**15 - 1]], dtype=torch.int16),
        "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "number": torch.tensor(3),
        "empty": torch.zeros(0, 3),
        "special": torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]),
        "whole": base,
        "same": base,
        "transposed": base.t(),
        "stepped": base[1:, ::2],
        "expanded": base[0, 3:4].expand(3, 5),
        "channels_last": torch.arange(48, dtype=torch.float32).reshape(2, 3, 2, 4).contiguous(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(base[2]),
        "여권": base[3, 1],
    }


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3, bias=False), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3))


class Malicious:
    """What unpickling of it would run."""

    def __reduce__(self):
        import os

        return os.system, ("touch augmint-was-here",)


def repack(source, target, compression=zipfile.ZIP_STORED, **changed):
    """A zip anew, with some of its files changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            name = entry.filename.rsplit("/", 1)[-1]
            new.writestr(entry.filename, changed.get(name, old.read(entry)))


def main():
    FOLDER.mkdir(exist_ok=True)
    legacy = {"_use_new_zipfile_serialization": False}

    kinds = every_kind()
    expect("kinds", kinds)
    torch.save(kinds, FOLDER / "kinds-zip.pth")
    torch.save(kinds, FOLDER / "kinds-legacy.pth", **legacy)
    torch.save(kinds, FOLDER / "kinds-protocol-4.pth", pickle_protocol=4)

    net = network()
    expect("network", net.state_dict())
    torch.save(net.state_dict(), FOLDER / "network-zip.pth")
    torch.save(net.state_dict(), FOLDER / "network-legacy.pth", **legacy)
    torch.save(torch.nn.DataParallel(net).state_dict(), FOLDER / "network-parallel.pth")

    # A training script's checkpoint: an optimiser with its state, averaged weights beside the plain ones.
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(2, 3, 4, 4)).sum().backward()
    optimizer.step()
    averaged = {key: value / 2 for key, value in net.state_dict().items()}
    expect("checkpoint-plain", net.state_dict())
    expect("checkpoint-averaged", averaged)
    torch.save(
        {
            "epoch": 9,
            "arch": "tiny",
            "best": 0.5,
            "state_dict": {f"module.{key}": value for key, value in net.state_dict().items()},
            "state_dict_ema": {f"module.{key}": value for key, value in averaged.items()} | {"module.decay": 0.999},
            "optimizer": optimizer.state_dict(),
            "history": [(1, None, True), (2, -1.5, False)],
        },
        FOLDER / "checkpoint.pth",
    )

    # Refused.
    torch.save({"weight": torch.ones(2), "more": Malicious()}, FOLDER / "bad-malicious-zip.pth")
    torch.save({"weight": torch.ones(2), "more": Malicious()}, FOLDER / "bad-malicious-legacy.pth", **legacy)
    (FOLDER / "bad-malicious.pkl").write_bytes(pickle.dumps(Malicious()))
    torch.save(net, FOLDER / "bad-whole-module.pth")
    torch.save([torch.ones(2)], FOLDER / "bad-list.pth")
    torch.save({"epoch": 3}, FOLDER / "bad-no-tensors.pth")
    torch.save({"weight": torch.zeros(2, dtype=torch.complex64)}, FOLDER / "bad-complex.pth")
    torch.jit.script(torch.nn.Linear(2, 1)).save(FOLDER / "bad-scripted.pt")
    for name in ("network-zip", "network-legacy"):
        whole = (FOLDER / f"{name}.pth").read_bytes()
        (FOLDER / f"bad-cut-off-{name}.pth").write_bytes(whole[: len(whole) * 3 // 4])
    small = io.BytesIO()
    torch.save({"weight": torch.ones(2)}, small)
    repack(small, FOLDER / "bad-compressed.pth", zipfile.ZIP_DEFLATED)
    repack(small, FOLDER / "bad-big-endian.pth", byteorder=b"big")
    repack(small, FOLDER / "bad-short-storage.pth", **{"0": b"1234567"})
    flipped = bytearray(small.getvalue())
    flipped[flipped.index(b"\0\0\x80?\0\0\x80?")] = 1
    (FOLDER / "bad-flipped.pth").write_bytes(flipped)


main()
