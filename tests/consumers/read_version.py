"""Reads a stored version as others would: GNU tar, tarfile, zstd with sha256sum, webdataset, and timm, which trains a batch.

    read_version.py FOLDER DIGEST     FOLDER: <store>/versions/<digest>; DIGEST: as `augmint build --json` printed it

It knows docs/format.md and nothing of the program. Every check prints one line; the last line counts them.
"""

import glob
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

from PIL import Image


def manifest(folder, digest):
    """The manifest's header and samples; its digest is what `zstd -dc | sha256sum` prints."""
    path = os.path.join(folder, "manifest.jsonl.zst")
    shell = f"zstd -dc '{path}' | sha256sum"
    printed = subprocess.run(["bash", "-o", "pipefail", "-c", shell], check=True, capture_output=True, text=True).stdout
    assert "sha256:" + printed.split()[0] == digest, f"{printed} is not {digest}"
    text = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout.decode()
    header, *lines = text.splitlines()
    assert json.loads(header)["format"] == "augmint manifest 1"
    samples = [json.loads(line) for line in lines]
    keys = [sample["key"] for sample in samples]
    assert keys == sorted(set(keys)), "the keys are not sorted, or one is there twice"
    return {sample["key"]: sample for sample in samples}


def gnu_tar(shards, samples):
    """tar lists and extracts every shard, and each image has the digest that the manifest says."""
    seen = set()
    for shard in shards:
        with tempfile.TemporaryDirectory() as folder:
            listed = subprocess.run(["tar", "-tf", shard], check=True, capture_output=True, text=True)
            assert listed.stderr == "", listed.stderr
            subprocess.run(["tar", "-xf", shard, "-C", folder], check=True)
            assert sorted(listed.stdout.split()) == sorted(os.listdir(folder))
            for name in os.listdir(folder):
                key, ending = name.split(".")
                if ending == "json":
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    found = hashlib.sha256(file.read()).hexdigest()
                sample = samples[key]
                assert (found, ending) == (sample["digest"], sample["file"]), name
                seen.add(key)
    assert seen == set(samples), f"{len(seen)} samples in the shards, {len(samples)} in the manifest"
    return len(seen)


def python_tarfile(shards, samples):
    """tarfile reads them too: image and json alternate, and each image decodes to the size that the manifest says."""
    count = 0
    for shard in shards:
        with tarfile.open(shard, "r:") as archive:
            members = archive.getmembers()
            assert all((m.mtime, m.uid, m.gid, m.mode) == (0, 0, 0, 0o644) for m in members)
            for image, description in zip(members[::2], members[1::2], strict=True):
                key = image.name.split(".")[0]
                assert description.name == key + ".json"
                sample = samples[key]
                picture = Image.open(io.BytesIO(archive.extractfile(image).read()))
                picture.load()
                assert picture.size == (sample["width"], sample["height"]), key
                about = json.load(archive.extractfile(description))
                assert sum(weight for _, weight in about["label"]) == 1, key
                assert [[c, round(w * 65536)] for c, w in about["label"]] == sample["label"], key
                heaviest = max(about["label"], key=lambda part: (part[1], -part[0]))[0]
                assert about["target"] == heaviest, key
                assert (about["source"], about["role"]) == (sample["source"], sample["role"]), key
                count += 1
    return count


def web_dataset(folder, splits):
    """webdataset iterates each split, images and json decoded."""
    import webdataset

    for name, split in splits.items():
        shards = [os.path.join(folder, file) for file in split["filenames"]]
        data = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg;png;webp", "json")
        count = 0
        for image, about in data:
            assert image.size[0] > 0 and 0 <= about["target"], about
            count += 1
        assert count == split["num_samples"], f"{name}: {count}"
        print(f"webdataset: {count} samples of {name}")


def timm_trains(folder, splits):
    """timm's wds/ reader finds the splits through _info.json; a small model learns one batch of it."""
    import timm
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(2)
    transform = timm.data.create_transform((3, 64, 64), is_training=False)
    for name in splits:
        data = timm.data.create_dataset("wds/version", root=folder, split=name, is_training=False, batch_size=1)
        data.transform = transform
        targets = [target for _, target in data]
        assert len(targets) == splits[name]["num_samples"], f"{name}: {len(targets)}"
        print(f"timm: {len(targets)} samples of {name}, {len(set(targets))} classes")
    data = timm.data.create_dataset("wds/version", root=folder, split="train", is_training=True, batch_size=16)
    data.transform = transform
    images, targets = next(iter(torch.utils.data.DataLoader(data, batch_size=16)))
    model = timm.create_model("resnet10t", num_classes=17, pretrained=False)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(model(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0], losses
    print(f"timm: a batch of {tuple(images.shape)} trained, loss {losses[0]:.2f} -> {losses[-1]:.2f}")


def main():
    folder, digest = sys.argv[1:]
    with open(os.path.join(folder, "_info.json")) as file:
        info = json.load(file)
    assert "sha256:" + info["digest"].removeprefix("sha256:") == digest
    shards = sorted(glob.glob(os.path.join(folder, "*.tar")))
    assert shards and len(shards) == len(info["shards"])
    samples = manifest(folder, digest)
    print(f"zstd and sha256sum: {len(samples)} samples, the digest is the version's")
    print(f"GNU tar: {gnu_tar(shards, samples)} samples of {len(shards)} shards, every digest is the manifest's")
    print(f"tarfile: {python_tarfile(shards, samples)} samples, sizes and labels as in the manifest")
    web_dataset(folder, info["splits"])
    timm_trains(folder, info["splits"])
    print("5 passed, 0 failed")


if __name__ == "__main__":
    main()
