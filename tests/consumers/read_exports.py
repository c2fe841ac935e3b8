"""Opens what `augmint export` wrote with those who are meant to read it: torchvision and Pillow, pandas and polars, Hugging
Face `datasets` and DuckDB, webdataset and timm; and each checksum with sha256sum.

    read_exports.py FOLDER VERSION DIGEST SOURCES     FOLDER/folders, /csv, /parquet, /webdataset: exports of all sets of
                                                      VERSION, the folder <store>/versions/<digest>; FOLDER/sources/…: of
                                                      the contest's folder SOURCES, without a version; FOLDER/predicted:
                                                      folders of FOLDER/csv/val.csv as if a model had said it

What they say is compared with the version's manifest. Every check prints one line; the last line counts them.
"""

import collections
import glob
import hashlib
import io
import os
import subprocess
import sys

from read_version import manifest

SETS = ["train", "val", "noisy_val"]


def heaviest(sample):
    return max(sample["label"], key=lambda part: (part[1], -part[0]))[0]


def weights(sample, classes):
    row = [0.0] * classes
    for number, weight in sample["label"]:
        row[number] = weight / 65536
    return row


def of_set(samples, name):
    return {key: sample for key, sample in samples.items() if sample["set"] == name}


def checksums(folder):
    for name in ["folders", "csv", "parquet", "webdataset"]:
        path = os.path.join(folder, name)
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=path, check=True)
        with open(os.path.join(path, "SHA256SUMS")) as file:
            listed = sum(not line.startswith("#") for line in file)
        there = sum(len(files) for _, _, files in os.walk(path))
        assert listed + 1 == there, f"{name}: {listed} listed, {there} there"
        print(f"sha256sum: {listed} files of {name}, and none besides")


def image_folder(folder, samples):
    import pandas
    from torchvision.datasets import ImageFolder

    table = pandas.read_csv(os.path.join(folder, "classes.csv"), keep_default_na=False)
    targets = dict(zip(table.folder, table.target, strict=True))
    for name in SETS:
        data = ImageFolder(os.path.join(folder, name))
        wanted = of_set(samples, name)
        assert len(data) == len(wanted), f"{name}: {len(data)}"
        for path, index in data.samples:
            sample = wanted[os.path.basename(path).split(".")[0]]
            with open(path, "rb") as file:
                assert hashlib.sha256(file.read()).hexdigest() == sample["digest"], path
            assert targets[data.classes[index]] == heaviest(sample), path
        image, _ = data[0]
        assert image.mode == "RGB" and image.size[0] > 0
        print(f"torchvision: {len(data)} images of {name} in {len(data.classes)} class folders")
    soft = pandas.read_csv(os.path.join(folder, "soft_labels.csv"))
    assert (soft.groupby("path").weight.sum() == 1).all() and soft.path.nunique() == len(samples)


def tables(folder, samples):
    import pandas
    import polars

    meta = pandas.read_csv(os.path.join(folder, "meta.csv"))
    assert list(meta.columns) == ["target", "class_name"]
    for name in SETS:
        wanted = of_set(samples, name)
        by_pandas = pandas.read_csv(os.path.join(folder, f"{name}.csv"))
        by_polars = polars.read_csv(os.path.join(folder, f"{name}.csv"))
        pairs = dict(zip(by_pandas.ID, by_pandas.target, strict=True))
        assert pairs == dict(by_polars.iter_rows())
        assert pairs == {f"{key}.{sample['file']}": heaviest(sample) for key, sample in wanted.items()}
        assert sorted(os.listdir(os.path.join(folder, name))) == sorted(pairs)
        print(f"pandas and polars: {len(pairs)} rows of {name}, {meta.class_name.nunique()} class names")
    soft = polars.read_csv(os.path.join(folder, "train_soft.csv"))
    sums = soft.group_by("ID").agg(polars.col("weight").sum())
    assert (sums["weight"] == 1).all() and len(sums) == len(of_set(samples, "train"))


def hugging_face(folder, samples):
    import datasets

    datasets.disable_progress_bars()
    read = datasets.load_dataset(folder, cache_dir=os.path.join(folder, "..", "cache"))
    assert sorted(read) == sorted(SETS), read
    for name in SETS:
        data, wanted = read[name], of_set(samples, name)
        assert isinstance(data.features["image"], datasets.Image), data.features
        assert isinstance(data.features["label"], datasets.ClassLabel), data.features
        classes = len(data.features["label"].names)
        assert data.num_rows == len(wanted)
        for row in data:
            sample = wanted[row["key"]]
            assert row["image"].size == (sample["width"], sample["height"]), row["key"]
            assert row["label"] == heaviest(sample), row["key"]
            assert row["soft_label"] == weights(sample, classes), row["key"]
        raw = data.cast_column("image", datasets.Image(decode=False))
        for row in raw:
            found = hashlib.sha256(row["image"]["bytes"]).hexdigest()
            assert found == wanted[row["key"]]["digest"], row["key"]
        print(f"datasets: {data.num_rows} rows of {name}, {classes} classes ({data.features['label'].names[0]}, …)")
    streamed = datasets.load_dataset(folder, split="train", streaming=True)
    assert next(iter(streamed))["image"].size[0] > 0


def queries(folder, samples):
    import duckdb
    import polars

    files = os.path.join(folder, "data", "*.parquet")
    count, bytes, sums = duckdb.sql(
        f"select count(*), sum(octet_length(image.bytes)), sum(list_sum(soft_label)) from '{files}'").fetchall()[0]
    assert (count, bytes, sums) == (len(samples), sum(s["bytes"] for s in samples.values()), len(samples))
    counts = collections.Counter(heaviest(sample) for sample in samples.values())
    assert dict(duckdb.sql(f"select label, count(*) from '{files}' group by label").fetchall()) == dict(counts)
    table = polars.read_parquet(files)
    assert table["image"].struct.field("bytes").bin.size().sum() == bytes
    print(f"DuckDB and polars: {count} rows, {bytes} bytes of images, {sums:.0f} of label mass")


def shuffled(folder, samples):
    import timm
    import webdataset

    for name in SETS:
        shards = sorted(glob.glob(os.path.join(folder, f"{name}-*.tar")))
        data = webdataset.WebDataset(shards, shardshuffle=False).decode("pil")
        data = data.to_tuple("__key__", "jpg;png;webp", "cls", "json")
        wanted, order = of_set(samples, name), []
        for key, image, target, about in data:
            sample = wanted[key]
            assert image.size == (sample["width"], sample["height"]), key
            assert target == about["target"] == heaviest(sample), key
            assert [[c, round(w * 65536)] for c, w in about["label"]] == sample["label"], key
            order.append(key)
        assert sorted(order) == sorted(wanted), f"{name}: {len(order)}"
        pairs = [wanted[a]["source"] == wanted[b]["source"] for a, b in zip(order, order[1:])]
        assert sum(pairs) < 0.1 * len(pairs) + 3, f"{name}: {sum(pairs)} of {len(pairs)} neighbours are of one source"
        print(f"webdataset: {len(order)} samples of {name}, {sum(pairs)} neighbours of one source")
    data = timm.data.create_dataset("wds/export", root=folder, split="train", is_training=False, batch_size=1)
    targets = collections.Counter(target for _, target in data)
    assert targets == collections.Counter(heaviest(s) for s in of_set(samples, "train").values())
    print(f"timm: {targets.total()} samples of train")


def of_sources(folder, sources):
    """Exports of images that have no version, by the contest's own tables."""
    import datasets
    import pandas
    import webdataset
    from torchvision.datasets import ImageFolder

    table = pandas.read_csv(os.path.join(sources, "train.csv"))
    wanted = dict(zip(table.ID, table.target, strict=True))
    names = dict(pandas.read_csv(os.path.join(sources, "meta.csv")).itertuples(index=False))

    def same(path, name):
        with open(path, "rb") as found, open(os.path.join(sources, "train", name), "rb") as source:
            assert found.read() == source.read(), path

    checksums(folder)
    listed = pandas.read_csv(os.path.join(folder, "folders", "classes.csv"), keep_default_na=False)
    targets = dict(zip(listed.folder, listed.target, strict=True))
    data = ImageFolder(os.path.join(folder, "folders"))
    found = {os.path.basename(path): targets[data.classes[index]] for path, index in data.samples}
    assert found == wanted
    for path, _ in data.samples:
        same(path, os.path.basename(path))
    again = pandas.read_csv(os.path.join(folder, "csv", "train.csv"))
    assert dict(zip(again.ID, again.target, strict=True)) == wanted
    rows = datasets.load_dataset(os.path.join(folder, "parquet"), split="train", cache_dir=os.path.join(folder, "cache"))
    assert {f"{row['key']}.jpg": row["label"] for row in rows} == wanted
    assert rows.features["label"].names == [names[number] for number in sorted(names)]
    shards = sorted(glob.glob(os.path.join(folder, "webdataset", "*.tar")))
    tars = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("__key__", "jpg", "cls")
    assert {f"{key}.jpg": target for key, image, target in tars if image.size[0] > 0} == wanted
    print(f"torchvision, pandas, datasets, webdataset: {len(wanted)} sources without a version")


def predicted(folder):
    """Class folders of what a model said."""
    import pandas
    from torchvision.datasets import ImageFolder

    said = pandas.read_csv(os.path.join(folder, "csv", "val.csv"))
    names = dict(pandas.read_csv(os.path.join(folder, "csv", "meta.csv")).itertuples(index=False))
    wanted = {name: names[target] for name, target in said.itertuples(index=False)}
    data = ImageFolder(os.path.join(folder, "predicted"))
    found = {os.path.basename(path): data.classes[index] for path, index in data.samples}
    listed = pandas.read_csv(os.path.join(folder, "folders", "classes.csv"), keep_default_na=False)
    folders = dict(zip(listed.target, listed.folder, strict=True))
    by_folder = {names[target]: name for target, name in folders.items()}
    assert found == {name: by_folder[class_name] for name, class_name in wanted.items()}
    print(f"torchvision: {len(found)} images in {len(data.classes)} folders of what was said")


def main():
    folder, version, digest, sources = sys.argv[1:]
    samples = manifest(version, digest)
    assert any(len(sample["label"]) > 1 for sample in samples.values()), "no label is soft"
    checksums(folder)
    image_folder(os.path.join(folder, "folders"), samples)
    tables(os.path.join(folder, "csv"), samples)
    hugging_face(os.path.join(folder, "parquet"), samples)
    queries(os.path.join(folder, "parquet"), samples)
    shuffled(os.path.join(folder, "webdataset"), samples)
    of_sources(os.path.join(folder, "sources"), sources)
    predicted(folder)
    print("8 passed, 0 failed")


if __name__ == "__main__":
    main()
