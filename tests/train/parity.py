"""Writes parity.json and scripted.pt: what torchvision's and timm's networks answer, for `src/train/torch/models/parity.rs`.

    python tests/train/parity.py            # writes both beside this file
    python tests/train/parity.py --check    # compares with parity.json instead, e.g. under ONEDNN_MAX_CPU_ISA=AVX2

Made with torch 2.13.0 (CPU), torchvision 0.29.2, timm 1.0.20 and numpy 2.3.5; the file repeats them.

No weights are stored: a formula of a parameter's name and position fills them alike in both languages, and BatchNorm
statistics follow from a forward pass. So only logits are stored. For each network, with two images of 64 px and two of
96 px, dropout and stochastic depth at 0:

1. parameters by `fill`, running statistics 0;
2. `train 64`: logits of a pass in train mode, which leaves momentum x statistics in the buffers; they are divided by the
   momentum, and a twentieth of a layer's mean variance is added to its variances (calibrated statistics);
3. `eval 64`;
4. `train 96`, which moves the statistics once more, and `moved 64`, eval mode again: a wrong momentum shows;
5. statistics calibrated anew, as in 1 and 2, but on the images of 96 px; `eval 96`.

The twentieth, the gain of 0.5 and the small gain of a bottleneck's last norm keep the networks from being chaotic: with He
weights and gain 1, float32 rounding alone (AVX2 against AVX-512) changed the logits of resnet152 by 1e-3 and of
efficientnet_b5 by everything; so filled, by less than 5e-5.

The formula: FNV-1a 64 of the name is the seed; element i is SplitMix64's output for state seed + (i + 1) * golden; its upper
24 bits give u in [-1, 1). Weights with two or more dimensions: u * sqrt(6 / fan_in) (He); `layer_scale`: 0.3 + 0.1 u;
other 1-D weights: 0.5 + 0.1 u, in `bn3` a fifth of it; biases: 0.1 u. Images: blocks of 8 px, u of (image, channel, block), plus half of u of the pixel.
"""

import io
import json
import math
import pathlib
import sys
import zipfile

import numpy as np
import timm
import torch
import torchvision

CLASSES = 10
SIZES = (64, 96)
HERE = pathlib.Path(__file__).resolve().parent
MASK = (1 << 64) - 1
TORCHVISION = """
resnet18 resnet34 resnet50 resnet101 resnet152 densenet121 densenet161 densenet169 densenet201
mobilenet_v2 mobilenet_v3_large mobilenet_v3_small
efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5
convnext_tiny convnext_small convnext_base
shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1
""".split()
TIMM = """
efficientnet_lite0 efficientnet_lite1 efficientnet_lite2 tf_efficientnet_lite0 tf_efficientnet_lite1 tf_efficientnet_lite2
""".split()


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def noise(name, count):
    """`count` numbers in [-1, 1), exact in float32."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def fill(name, shape):
    u = noise(name, math.prod(shape))
    if name.endswith("layer_scale"):
        u = 0.3 + 0.1 * u
    elif len(shape) > 1:
        u = u * math.sqrt(6.0 / math.prod(shape[1:]))
    elif name.endswith("bn3.weight"):
        u = 0.1 + 0.02 * u
    elif name.endswith("weight"):
        u = 0.5 + 0.1 * u
    else:
        u = 0.1 * u
    return torch.from_numpy(u.astype(np.float32)).reshape(shape)


def images(size):
    blocks = noise(f"blocks {size}", 2 * 3 * (size // 8) ** 2).reshape(2, 3, size // 8, size // 8)
    pixels = noise(f"pixels {size}", 2 * 3 * size**2).reshape(2, 3, size, size)
    return torch.from_numpy((blocks.repeat(8, 2).repeat(8, 3) + 0.5 * pixels).astype(np.float32))


def norms(model):
    return [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def build(name, classes):
    if name in TIMM:
        return timm.create_model(name, num_classes=classes, drop_rate=0.0, drop_path_rate=0.0)
    model = getattr(torchvision.models, name)(num_classes=classes)
    for module in model.modules():
        if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
    return model


def calibrate(model, x):
    for module in norms(model):
        module.running_mean.zero_()
        module.running_var.zero_()
        module.num_batches_tracked.zero_()
    logits = model.train()(x)
    for module in norms(model):
        module.running_mean /= module.momentum
        module.running_var /= module.momentum
        module.running_var += 0.05 * module.running_var.mean()
    return logits


@torch.no_grad()
def answers(name):
    with torch.device("meta"):
        parameters = sum(p.numel() for p in build(name, 1000).parameters())
        model = build(name, CLASSES)
    model = model.to_empty(device="cpu")
    for key, value in model.named_parameters():
        value.copy_(fill(key, tuple(value.shape)))
    small, large = (images(size) for size in SIZES)
    states = {}
    states["train 64"] = calibrate(model, small)
    states["eval 64"] = model.eval()(small)
    states["train 96"] = model.train()(large)
    states["moved 64"] = model.eval()(small)
    calibrate(model, large)
    states["eval 96"] = model.eval()(large)
    lines = sorted(
        f"{key} {','.join(str(n) for n in value.shape)}\n"
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    )
    momenta = sorted({module.momentum for module in norms(model)})
    assert len(momenta) < 2, "one momentum per network"
    return {
        "name": name,
        "parameters": parameters,
        "momentum": momenta[0] if momenta else None,
        "entries": len(lines),
        "names": f"{fnv(''.join(lines)):016x}",
        "logits": {key: [[float(f"{x:.6e}") for x in row] for row in value.tolist()] for key, value in states.items()},
    }


class Scripted(torch.nn.Module):
    """The smallest network with everything that differs between train and eval mode."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.bn = torch.nn.BatchNorm2d(4)
        self.drop = torch.nn.Dropout(0.5)
        self.fc = torch.nn.Linear(4, 5)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        return self.fc(self.drop(x.mean([2, 3])))


@torch.no_grad()
def scripted():
    model = Scripted()
    for key, value in model.named_parameters():
        value.copy_(fill(key, tuple(value.shape)))
    model.eval()
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model), buffer)
    # Without its debug entries, which hold the paths of the machine that it was made on.
    with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(HERE / "scripted.pt", "w") as kept:
        for entry in made.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                kept.writestr(zipfile.ZipInfo(entry.filename), made.read(entry))
    return [[float(f"{x:.6e}") for x in row] for row in model(images(64)).tolist()]


def main():
    torch.set_num_threads(1)
    names = TORCHVISION + TIMM
    if "--check" in sys.argv:
        stored = {row["name"]: row for row in json.loads((HERE / "parity.json").read_text())["networks"]}
        for name in names:
            row, worst = answers(name), {}
            for key, value in row["logits"].items():
                ours, theirs = np.array(value), np.array(stored[name]["logits"][key])
                worst[key] = np.abs(ours - theirs).max() / np.abs(theirs).max()
            print(name, {key: f"{value:.1e}" for key, value in worst.items()})
        return
    rows = [answers(name) for name in names]
    versions = {m.__name__: m.__version__.split("+")[0] for m in (torch, torchvision, timm, np)}
    head = {"made_with": versions, "classes": CLASSES, "scripted": scripted()}
    body = ",\n".join(json.dumps(row) for row in rows)
    text = json.dumps(head)[:-1] + ',\n"networks": [\n' + body + "\n]}\n"
    (HERE / "parity.json").write_text(text)


if __name__ == "__main__":
    main()
