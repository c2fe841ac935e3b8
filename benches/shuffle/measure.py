"""What the order of samples is worth: one small network, trained on one version read in five ways.

    measure.py FOLDER REF EXPORT [--seeds N] [--epochs N] [--threads N]
        FOLDER: holds the datasets, and in them the version REF; EXPORT: what `augmint export --format webdataset` made of it

    none         webdataset over the store's own shards; they come in random order, their samples in the store's
    1,000        the same through `.shuffle(1000)`
    8,192        the same through `.shuffle(8192)`
    global       python/augmint.py with `shuffle=True`: every order is as likely
    exported     webdataset over the exported shards, in random order, without a buffer

Everything else is the same for all: the network and its first weights (by seed), optimiser, schedule, steps, one process that
reads. Prints a line for each run, and at the end the table for docs/streaming.md.
"""

import argparse
import glob
import json
import os
import statistics
import sys
import time
from pathlib import Path

import torch
import webdataset
from torch import nn
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from augmint import Dataset, resolve  # noqa: E402

BATCH = 64
WAYS = ["none", "1,000", "8,192", "global", "exported"]


def to_tensor(image):
    """[3, 64, 64] u8."""
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(64, 64, 3).permute(2, 0, 1)


class FromShard:
    """What webdataset gives, as (image, soft target, source)."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, sample):
        image, about = sample
        target = torch.zeros(self.classes)
        for number, weight in about["label"]:
            target[number] = weight
        return to_tensor(image), target, about["source"]


def network(classes):
    """Four convolutions with batch normalisation: 140,000 weights. [n, 3, 64, 64] -> [n, classes]."""
    layers, width = [], 3
    for out in [24, 48, 96, 96]:
        layers += [nn.Conv2d(width, out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        width = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes)).to(memory_format=torch.channels_last)


def floats(images):
    """[n, 3, 64, 64] u8 as float32 from -1 to 1."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def loader(way, train, shards, exported, seed):
    generator = torch.Generator().manual_seed(seed)
    if way == "global":
        return DataLoader(train, BATCH, shuffle=True, num_workers=1, drop_last=True, generator=generator)
    files = exported if way == "exported" else shards
    data = webdataset.WebDataset(files, shardshuffle=len(files), seed=seed)
    if way in ["1,000", "8,192"]:
        data = data.shuffle(int(way.replace(",", "")), seed=seed)
    data = data.decode("pil").to_tuple("jpg", "json").map(FromShard(train.num_classes))
    return DataLoader(data, BATCH, num_workers=1, drop_last=True, generator=generator)


def sources_of(names, source):
    """How many sources a batch has: webdataset gives the source itself, the reader a sample's key."""
    return len({source.get(name, name) for name in names})


def train_once(way, seed, epochs, train, held_out, shards, exported, source):
    torch.manual_seed(seed)
    model = network(train.num_classes)
    steps = epochs * (len(train) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    taken, distinct, last = 0, [], []
    start = time.monotonic()
    for epoch in range(epochs):
        for images, targets, names in loader(way, train, shards, exported, 1000 * seed + epoch):
            loss = nn.functional.cross_entropy(model(floats(images)), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            taken += 1
            distinct.append(sources_of(names, source))
            last = (last + [loss.item()])[-100:]
    assert taken == steps, f"{way}: {taken} steps instead of {steps}"
    found = {"way": way, "seed": seed, "seconds": time.monotonic() - start}
    found |= {"sources": statistics.mean(distinct), "train_loss": statistics.mean(last)}
    for name, (images, targets) in held_out.items():
        found[f"{name}_loss"], found[f"{name}_f1"] = evaluate(model, images, targets)
    return found


@torch.no_grad()
def evaluate(model, images, targets):
    """Cross entropy and macro F1."""
    model.eval()
    logits = torch.cat([model(floats(batch)) for batch in images.split(256)])
    guess, scores = logits.argmax(1), []
    for number in targets.unique():
        right = ((guess == number) & (targets == number)).sum().item()
        scores.append(2 * right / ((guess == number).sum().item() + (targets == number).sum().item()))
    return nn.functional.cross_entropy(logits, targets).item(), statistics.mean(scores)


def spread(runs, field, digits):
    values = [run[field] for run in runs]
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("ref")
    parser.add_argument("export", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ways", nargs="*", default=WAYS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    root = options.folder / "datasets"
    train = Dataset(options.ref, "train", datasets=root, transform=to_tensor)
    held_out = {}
    for name in ["val", "noisy_val"]:
        data = Dataset(options.ref, name, datasets=root, transform=to_tensor)
        held_out[name] = torch.stack([data[index][0] for index in range(len(data))]), data.targets
    version = root / ".store" / "versions" / resolve(options.ref, root).digest
    shards = sorted(glob.glob(str(version / "train-*.tar")))
    exported = sorted(glob.glob(str(options.export / "train-*.tar")))
    source = {}
    for shard in {Path(os.path.realpath(path)).with_suffix(".jsonl") for path in shards}:
        source |= {entry["key"]: entry["source"] for entry in map(json.loads, shard.read_text().splitlines())}
    print(f"{train}, {len(shards)} shards, {len(set(source.values()))} sources, validation {train.validation_digest}", flush=True)
    runs = []
    # In turn, so that whatever else the machine does meets all ways alike.
    for seed in range(options.seeds):
        for way in options.ways:
            runs.append(train_once(way, seed, options.epochs, train, held_out, shards, exported, source))
            print(json.dumps(runs[-1]), flush=True)
    print("\n| order | sources in a batch of 64 | loss, last 100 batches | F1 clean | loss clean | F1 noisy | loss noisy |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for way in options.ways:
        of = [run for run in runs if run["way"] == way]
        fields = [("sources", 1), ("train_loss", 3), ("val_f1", 3), ("val_loss", 3), ("noisy_val_f1", 3), ("noisy_val_loss", 3)]
        print(f"| {way} | " + " | ".join(spread(of, field, digits) for field, digits in fields) + " |")
    cpu = sum(os.times()[:4])
    print(f"\n{sum(run['seconds'] for run in runs):.0f} s of training in all, {cpu:.0f} s of CPU time with reading")


if __name__ == "__main__":
    main()
