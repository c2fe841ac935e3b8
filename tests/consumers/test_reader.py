"""python/augmint.py against versions that the program built: what it gives, what it refuses, and a timm epoch on it.

    test_reader.py FOLDER REF PROGRAM     FOLDER: holds sample-data and datasets, and in them the version REF, with soft
                                          labels and held-out sources; PROGRAM: the path of augmint

What it says is compared with the manifest as zstd and sha256sum read it. What is broken on purpose is broken in a copy, and
mended again by the command that the error names. Every check prints one line; the last line counts them.
"""

import ast
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from read_exports import heaviest
from read_version import manifest

READER = Path(__file__).resolve().parents[2] / "python" / "augmint.py"
sys.path.insert(0, str(READER.parent))

import augmint  # noqa: E402



class House:
    """A folder with sources and datasets, and the program run in it."""

    def __init__(self, folder, program):
        self.folder, self.program = Path(folder), program

    def run(self, *words):
        found = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)
        assert found.returncode == 0, f"{words}: {found.stderr}"
        return found.stdout

    def copy(self, to):
        """The datasets with their store, to be broken; links stay links. Sources are where they were, seen from it."""
        shutil.copytree(self.folder / "datasets", Path(to) / "datasets", symlinks=True)
        for name in ["recipes", "sample-data"]:
            (Path(to) / name).symlink_to(self.folder / name)
        return House(to, self.program)

    def dataset(self, *args, **kwargs):
        return augmint.Dataset(*args, datasets=self.folder / "datasets", **kwargs)

    def samples(self, version):
        return manifest(self.folder / "datasets" / ".store" / "versions" / version.digest, f"sha256:{version.digest}")


def refused(kind, *parts):
    """Checks that what is done raises this error, whose text has these parts."""

    class Refused:
        def __enter__(self):
            return self

        def __exit__(self, found, error, _):
            assert found is not None, f"nothing was refused, where {kind.__name__} was expected"
            if not issubclass(found, kind):
                return False
            for part in parts:
                assert part in str(error), f"'{part}' is not in: {error}"
            return True

    return Refused()


def to_tensor(image):
    """[3, 64, 64] float32."""
    image = image.resize((64, 64), Image.Resampling.BILINEAR)
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(64, 64, 3).permute(2, 0, 1) / 255 - 0.5


def syntax():
    nodes = list(ast.walk(ast.parse(READER.read_text(), feature_version=(3, 9))))
    imported = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    imported += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    others = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert others == {"PIL", "torch"}, others
    print("syntax: of Python 3.9; imports the standard library, Pillow and torch")


def equal_to_the_manifest(house, ref):
    samples = house.samples(augmint.resolve(ref, house.folder / "datasets"))
    seen = 0
    for split in ["train", "val", "noisy_val"]:
        data = house.dataset(ref, split)
        wanted = {key: sample for key, sample in samples.items() if sample["set"] == split}
        assert data.keys == list(wanted), f"{split}: the keys are not those of the manifest, in its order"
        for index, (key, sample) in enumerate(wanted.items()):
            assert hashlib.sha256(data.read(index)).hexdigest() == sample["digest"], key
            target = data.soft_target(index)
            assert target.sum().item() == 1 and target.dtype == torch.float32, key
            assert {c: round(w.item() * 65536) for c, w in enumerate(target) if w > 0} == dict(sample["label"]), key
        assert data.targets.tolist() == [heaviest(sample) for sample in wanted.values()]
        assert torch.equal(data.label_mass(), sum(data.soft_target(i).double() for i in range(len(data))))
        seen += len(data)
    assert seen == len(samples)
    print(f"reader: {seen} samples, bytes and labels are the manifest's, each label sums to 1")


def random_access(house, ref):
    data, samples = house.dataset(ref), house.samples(augmint.resolve(ref, house.folder / "datasets"))
    places = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:100].tolist()
    for place in [0, -1, len(data) - 1, *places]:
        image, target, key = data[place]
        assert image.mode == "RGB" and image.size == (samples[key]["width"], samples[key]["height"])
        assert data.index_of(key) == place % len(data) and torch.equal(target, data.soft_target(place))
    for outside in [len(data), -len(data) - 1]:
        with refused(IndexError, str(outside)):
            data[outside]
    for unknown in ["0" * 32, "f" * 32, "", "x"]:
        with refused(KeyError, "has no sample"):
            data.index_of(unknown)
    print(f"random access: {3 + len(places)} of {len(data)}, by place and by key")


def workers(house, ref):
    data = house.dataset(ref, transform=to_tensor)
    expected = {key: (image, target) for image, target, key in (data[index] for index in range(64))}
    for context in ["fork", "spawn"]:
        subset = torch.utils.data.Subset(data, range(64))
        loader = torch.utils.data.DataLoader(subset, 16, shuffle=True, num_workers=2, multiprocessing_context=context)
        for _ in range(2):
            seen = set()
            for images, targets, keys in loader:
                for image, target, key in zip(images, targets, keys):
                    assert torch.equal(image, expected[key][0]) and torch.equal(target, expected[key][1]), key
                    seen.add(key)
            assert seen == set(expected), context
    again = pickle.loads(pickle.dumps(data))
    assert again[5][2] == data[5][2] and len(pickle.dumps(data)) < 1000 * len(data)
    print("DataLoader: 2 workers, forked and spawned, two epochs each: every sample once, and the same")


def described(house, ref):
    data = house.dataset(ref, "val")
    records = house.folder / "datasets" / data.version.name / "records"
    record = json.loads((records / f"{data.version.digest}.json").read_text())
    config = data.as_config()
    assert all(isinstance(value, (str, int)) for value in config.values()), config
    assert config["dataset_digest"] == f"sha256:{record['digest']}" == data.digest
    assert config["dataset_validation_digest"] == f"sha256:{record['validation']['digest']}"
    recipe = house.folder / "recipes" / "quickstart.toml"
    assert config["dataset_recipe_sha256"] == hashlib.sha256(recipe.read_bytes()).hexdigest()
    assert config["dataset_split_samples"] == len(data) == config["dataset_samples_val"]
    assert config["dataset_samples"] == record["samples"] and config["dataset_ref"] == ref
    assert ref.split("@")[1] in config["dataset_tags"].split()
    assert "dataset_fold" not in config
    assert data.class_names == [record["classes"][str(number)] for number in range(len(record["classes"]))]
    print(f"as_config: {len(config)} flat values")


def references(house, ref):
    root = house.folder / "datasets"
    version = augmint.resolve(ref, root)
    name, hexa = version.name, version.digest
    for text in [f"{name}@sha256:{hexa[:4]}", f"sha256:{hexa[:12].upper()}", f"sha256:{hexa}"]:
        assert augmint.resolve(text, root)[:2] == (name, hexa), text
    for text, parts in {
        name: ["alone does not say which version", ref],
        f"{name}@consumer": ["has no tag 'consumer'", "did you mean 'consumers'?"],
        "quikstart@v1": ["there is no dataset 'quikstart'", "did you mean 'quickstart'?"],
        "sha256:abc": ["give 4 to 64 hexadecimal digits"],
        "sha256:" + "0" * 12: ["no version's digest starts with"],
        "../x@v1": ["cannot be a dataset's name"],
    }.items():
        with refused(augmint.UnknownVersion, *parts):
            augmint.resolve(text, root)
    with refused(augmint.UnknownVersion, "say where they are with datasets= or AUGMINT_DATASETS"):
        augmint.resolve(ref, house.folder / "nowhere")
    os.environ["AUGMINT_DATASETS"] = str(root)
    try:
        assert len(augmint.Dataset(ref, "val")) > 0
    finally:
        del os.environ["AUGMINT_DATASETS"]
    for bad in [{"split": "test"}, {"split": "train", "fold": 0}]:
        with refused(augmint.UnknownVersion, "test" if bad["split"] == "test" else "no fold 0: it has no folds"):
            house.dataset(ref, **bad)
    print("references: tags and digests as the command line takes them, and what there is where there is none")


def damage_is_noticed(house, ref, temporary):
    house = house.copy(temporary)
    root = house.folder / "datasets"
    version = augmint.resolve(ref, root)
    store = root / ".store"
    good = house.dataset(ref)
    tar, place, size = good._tar(good._shard_of[7]), good._offsets[7], good._sizes[7]

    def change(path, at, data=None):
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(data if data is not None else bytes([byte ^ 1]))

    change(tar, place + size // 2)
    with refused(augmint.DamagedSample, good.key(7), str(tar), "sha256:", f"augmint restore {ref}"):
        house.dataset(ref)[7]
    assert len(house.dataset(ref, verify=False).read(7)) == size
    assert house.dataset(ref)[8][2] == good.key(8), "its neighbour is as good as before"
    os.truncate(tar, tar.stat().st_size - 512)
    with refused(augmint.DigestMismatch, "was changed or cut off", f"augmint restore {ref}"):
        house.dataset(ref)
    with refused(augmint.DamagedSample, good.key(7)):
        good[7]
    house.run("restore", ref)
    assert len(house.dataset(ref).read(7)) == size

    # A digit of one entry, which no image's digest would tell of.
    entries = tar.with_suffix(".jsonl")
    before = entries.read_bytes()
    digit = before.index(b',"label":[[') + 11
    change(entries, digit, b"8" if before[digit:].startswith(b"9") else b"9")
    with refused(augmint.DigestMismatch, f"sha256:{version.digest}", "augmint verify", "augmint restore"):
        house.dataset(ref)
    house.run("restore", ref)
    assert entries.read_bytes() == before and len(house.dataset(ref)) == len(good)

    # The digest that a tag names is not that of the record, and the record is not what it was.
    record = root / version.name / "records" / f"{version.digest}.json"
    text = record.read_text()
    for old, new, parts in [
        ('"seed": 17', '"seed": 18', [f"instead of sha256:{version.digest}", str(record)]),
        (f'"digest": "{version.digest}"', f'"digest": "{"0" * 64}"', ["under the name of", version.digest]),
        ('"format": 1', '"format": 2', ["a record of format 2"]),
        ("{", "", ["is no record", "git"]),
    ]:
        assert old in text
        record.write_text(text.replace(old, new))
        with refused(augmint.AugmintError, *parts):
            house.dataset(ref)
    held_out = json.loads(text)["validation"]["digest"]
    record.write_text(text.replace(held_out, "1" * 64))
    with refused(augmint.DigestMismatch, "what is held out", held_out, "1" * 64):
        house.dataset(ref)
    record.write_text(text)
    tag = root / version.name / "tags" / "other"
    tag.write_text(f"sha256:{'1' * 64}\n")
    with refused(augmint.UnknownVersion, "has no record"):
        house.dataset(f"{version.name}@other")
    tag.write_text("v1\n")
    with refused(augmint.DigestMismatch, str(tag), "is not a digest"):
        house.dataset(ref)
    tag.unlink()
    info = store / "versions" / version.digest / "_info.json"
    text = info.read_text()
    for broken in [text[:50], "[]", text.replace('"set": "val"', '"set": "train"')]:
        info.write_text(broken)
        with refused(augmint.DigestMismatch, f"augmint restore {ref}"):
            house.dataset(ref)
    info.write_text(text)
    at_once, augmint._AT_ONCE = augmint._AT_ONCE, 100_000
    assert len(house.dataset(ref)) == len(good), "in several passes the digest is another one"
    augmint._AT_ONCE = at_once
    print("damage: a byte, a cut, an entry, the record, a tag, _info.json: each is told, and restore mends the store")


def evicted(house, ref, temporary):
    house = house.copy(temporary)
    reading = house.dataset(ref)
    version = reading.version
    found = subprocess.run([house.program, "evict", ref], cwd=house.folder, capture_output=True, text=True)
    assert found.returncode == 2 and "is being read" in found.stderr, found
    copy = pickle.loads(pickle.dumps(reading))
    del reading
    found = subprocess.run([house.program, "evict", ref], cwd=house.folder, capture_output=True, text=True)
    assert found.returncode == 2 and "is being read" in found.stderr, found
    del copy
    house.run("evict", ref)
    with refused(augmint.PixelsMissing, "evicted", f"augmint restore {ref}"):
        house.dataset(ref)
    house.run("restore", ref)
    assert house.dataset(ref, "val")[0][0].mode == "RGB"
    shutil.move(house.folder / "datasets" / ".store", house.folder / "far store")
    with refused(augmint.PixelsMissing, f"augmint restore {ref}", "AUGMINT_STORE"):
        house.dataset(ref)
    moved = house.dataset(ref, "val", store=house.folder / "far store")
    assert moved.version == version and len(moved) > 0
    print("evict: refused while it is read, told afterwards, and undone by restore; a store may lie elsewhere")


def folds(program, sources, temporary):
    """Korean names, blanks and quotes in classes and paths, numbers in every form, three folds, WebP, no table of classes."""
    house = House(Path(temporary) / "한글 폴더", program)
    names = {"7": "여권 사본", "8": '계약서 "갑"', "14": "a\\b"}
    with open(Path(sources) / "train.csv") as file:
        for name, number in (line.strip().split(",") for line in file.readlines()[1:]):
            if number in names:
                folder = house.folder / "이미지" / names[number]
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(sources) / "train" / name, folder / f"쪽 {name}")
    (house.folder / "recipe.toml").write_text(
        'name = "팀/문서"\nseed = 5\n[source]\nfolders = "이미지"\n[split]\nfolds = 3\n[amount]\ncopies = 3\n'
        'class."여권 사본" = { copies = 5 }\n'
        "[[step]]\nop.rotate = { degrees = [-0.000001, 12.5] }\nchance = 0.00001\n"
        "[[step]]\nop.mixup = { alpha = 0.4 }\nchance = 0.5\n"
        "[output]\nfit.within = { width = 80, height = 80 }\nencode.webp = {}\n"
    )
    digest = json.loads(house.run("build", "recipe.toml", "--tag", "첫", "--json"))["digest"]
    samples = house.samples(augmint.Version("팀/문서", digest[7:], None))
    for fold in range(3):
        for split in ["train", "val"]:
            data = house.dataset("팀/문서@첫", split, fold)
            of = [f"f{other}" for other in range(3) if other != fold] if split == "train" else [f"f{fold}-val"]
            assert data.keys == [key for key, sample in samples.items() if sample["set"] in of], (fold, split)
            for index in range(len(data)):
                assert hashlib.sha256(data.read(index)).hexdigest() == samples[data.key(index)]["digest"]
    assert data.class_names == sorted(names.values(), key=lambda name: name.encode()), data.class_names
    assert data.as_config()["dataset_fold"] == 2 and data[0][0].mode == "RGB"
    with refused(augmint.UnknownVersion, "has folds: say which one is held out, fold=0 to fold=2"):
        house.dataset("팀/문서@첫")
    with refused(augmint.UnknownVersion, "has no fold 3: it has folds 0, 1, 2"):
        house.dataset("팀/문서@첫", fold=3)
    with refused(augmint.UnknownVersion, "has no split 'noisy_val'"):
        house.dataset("팀/문서@첫", "noisy_val", fold=1)
    print(f"folds: {len(samples)} samples of 3 folds, Korean names, digest checked")


def sparse(program, temporary):
    """Class numbers with gaps, a class that no source has, pages of one pixel, PNG, nothing held out, CSV with BOM and CRLF."""
    house = House(Path(temporary) / "sparse", program)
    (house.folder / "images").mkdir(parents=True)
    rows = []
    for number in range(6):
        size = (1, 1) if number == 0 else (9, 5)
        Image.new("RGB", size, (40 * number, 7, 90)).save(house.folder / "images" / f"{number}.png")
        rows.append(f"{number}.png,{2 if number % 2 else 7}")
    (house.folder / "train.csv").write_bytes("\ufeffID,target\r\n".encode() + "\r\n".join(rows).encode() + b"\r\n")
    (house.folder / "meta.csv").write_text('target,class_name\n2,"둘, ""갑"""\n4,no one\n7,일곱\n')
    (house.folder / "recipe.toml").write_text(
        'name = "sparse"\nseed = 5\n[source]\nimages = "images"\nlabels = "train.csv"\nclasses = "meta.csv"\n'
        "[amount]\ncopies = 20\n[[step]]\nop.mixup = { alpha = 0.4 }\n[output]\nencode.png = {}\n"
    )
    house.run("build", "recipe.toml", "--tag", "v1")
    data = house.dataset("sparse@v1")
    absent = [f"no class {number}" for number in range(7)]
    assert data.class_names == [*absent[:2], '둘, "갑"', absent[3], "no one", *absent[5:], "일곱"], data.class_names
    assert data.num_classes == 8 and data.label_mass().sum() == len(data) == 120
    assert {image.size for image, *_ in data} == {(1, 1), (9, 5)}
    assert data.validation_digest is None and "dataset_validation_digest" not in data.as_config()
    with refused(augmint.UnknownVersion, "has no split 'val': it has train"):
        house.dataset("sparse@v1", "val")
    print(f"sparse: {len(data)} samples, classes 2 and 7 of 8, images of one pixel, nothing held out")


def timm_epoch(house, ref):
    import timm

    torch.manual_seed(0)
    torch.set_num_threads(1)  # two on busy cores spin
    data = house.dataset(ref, transform=to_tensor)
    loader = torch.utils.data.DataLoader(data, 32, shuffle=True, num_workers=2, drop_last=True)
    model = timm.create_model("resnet10t", num_classes=data.num_classes, pretrained=False)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    losses, start = [], time.monotonic()
    for images, targets, _ in loader:
        loss = torch.nn.functional.cross_entropy(model(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    first, last = (sum(part) / len(part) for part in (losses[:8], losses[-8:]))
    assert len(losses) == len(data) // 32 and last < 0.8 * first, losses
    seconds = time.monotonic() - start
    print(f"timm: an epoch of {len(losses)} batches with soft labels in {seconds:.0f} s, loss {first:.2f} -> {last:.2f}")


def main():
    folder, ref, program = sys.argv[1:]
    house = House(folder, program)
    syntax()
    equal_to_the_manifest(house, ref)
    random_access(house, ref)
    workers(house, ref)
    described(house, ref)
    references(house, ref)
    for check in [damage_is_noticed, evicted]:
        with tempfile.TemporaryDirectory() as temporary:
            check(house, ref, temporary)
    with tempfile.TemporaryDirectory() as temporary:
        folds(program, house.folder / "sample-data", temporary)
        sparse(program, temporary)
    timm_epoch(house, ref)
    print("11 passed, 0 failed")


if __name__ == "__main__":
    main()
