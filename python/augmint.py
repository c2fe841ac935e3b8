"""Reads a stored augmint version in Python: the standard library, Pillow and torch, and nothing else.

    from augmint import Dataset

    train = Dataset("docs17@v3", "train", transform=to_tensor)
    image, soft_target, sample_key = train[0]
    wandb.init(config={**train.as_config(), "lr": 3e-4})

`Dataset` is a map-style dataset with random access into the version's shards: any `Sampler` and any number of `DataLoader`
workers do, and a plain `shuffle=True` is a global shuffle. Copy this file beside your trainer, or put its folder on
`PYTHONPATH`; it needs Python 3.9 or newer, and neither the program `augmint` nor zstd.

What is checked: on opening, that the record and the entries of the store's shards are those that the version's digest stands
for, and so are the validation digest, labels, sizes and each image's own digest; at each access, unless `verify=False`, that
the image has that digest. What is never done: rendering, writing into the datasets or the store (but for the lock that keeps
`augmint evict` away while you read), or going on with a sample that is not what the version says.

docs/format.md of augmint specifies everything that is read here.
"""

from __future__ import annotations

import array
import bisect
import contextlib
import difflib
import functools
import hashlib
import io
import json
import os
import re
import struct
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional, Union

import torch
import torch.utils.data
from PIL import Image

try:
    import fcntl
except ImportError:  # Windows, where augmint itself does not run either
    fcntl = None  # type: ignore[assignment]

__all__ = ["AugmintError", "DamagedSample", "Dataset", "DigestMismatch", "PixelsMissing", "UnknownVersion", "resolve"]

WHOLE = 1 << 16
"""A label's weights are whole numbers that sum to this."""

_SPLITS = ("train", "val", "noisy_val")
_SET = re.compile(r"(?:f(?P<fold>0|[1-9][0-9]*)(?:-(?P<held>val|noisy_val))?|(?P<whole>train|val|noisy_val))\Z")
_BLOCK = 512
_AT_ONCE = 256 << 20
_OPEN_FILES = 256


class AugmintError(Exception):
    """What is wrong, where, and what to do about it."""


class UnknownVersion(AugmintError):
    """The reference names no version, or the version has no such split or fold."""


class PixelsMissing(AugmintError):
    """The store does not hold the pixels: they were evicted, or are not on this machine."""


class DigestMismatch(AugmintError):
    """The record or the store is not what the version's digest stands for."""


class DamagedSample(AugmintError):
    """The bytes of one image are not those that the version names."""


class Version(NamedTuple):
    """A version that exists: it has a record."""

    name: str
    digest: str
    """64 hexadecimal digits."""
    tag: Optional[str]
    """The tag that it was named by."""

    def __str__(self) -> str:
        return f"{self.name}@{self.tag or 'sha256:' + self.digest[:12]}"


def resolve(ref: str, datasets: Union[str, os.PathLike, None] = None) -> Version:
    """The version that `name@tag`, `name@sha256:prefix` or `sha256:prefix` names in the folder of datasets, as the
    command line resolves it. By default the folder is $AUGMINT_DATASETS, or `datasets` where you are.

    Raises UnknownVersion, with the names, tags or versions that there are.
    """
    root = _datasets(datasets)
    if ref.startswith("sha256:"):
        return _by_prefix(root, _names(root), _prefix(ref, ref[7:]))
    name, at, which = ref.partition("@")
    _check_name(name)
    names = _names(root)
    if not names:
        raise UnknownVersion(f"there is no dataset in {root.absolute()}: say where they are with datasets= or AUGMINT_DATASETS")
    if name not in names:
        raise UnknownVersion(f"there is no dataset '{name}' in {root}: {_meant(name, names)}")
    tags = _tags(root, name)
    if not at:
        raise UnknownVersion(f"'{name}' alone does not say which version: {_listed(f'{name}@{tag}' for tag in tags)}")
    if which.startswith("sha256:"):
        return _by_prefix(root, [name], _prefix(ref, which[7:]))
    if which not in tags:
        raise UnknownVersion(f"{name} has no tag '{which}': {_meant(which, list(tags))}")
    if not _record_path(root, name, tags[which]).is_file():
        raise UnknownVersion(
            f"{ref} names sha256:{tags[which]}, which has no record in {root}; records and tags belong together in git: "
            "pull the missing file"
        )
    return Version(name, tags[which], which)


class Dataset(torch.utils.data.Dataset):
    """The samples of one split of a stored version, in the manifest's order (that of their keys, which is unrelated to
    sources and classes).

    `ds[i]` is `(image, soft_target, sample_key)`: the image as `PIL.Image` in RGB, or what `transform` makes of it; a
    float32 tensor `[num_classes]` that sums to exactly 1, indexed by class number; and the key as 32 hexadecimal digits,
    by which `augmint show REF --samples` lists how the sample was made.

    ref         name@tag, name@sha256:prefix or sha256:prefix
    split       train, val (the held-out sources as they are) or noisy_val
    fold        of a version with folds, which one is held out: train is every fold but this, val and noisy_val are of it
    transform   called with the PIL image
    datasets    the folder of datasets; by default $AUGMINT_DATASETS, or `datasets` where you are
    store       where pixels are; by default $AUGMINT_STORE, or `.store` in the folder of datasets
    verify      whether each image is compared with its digest when it is read

    Workers may be forked or spawned: nothing is shared but read-only tables (about 100 bytes per sample), and every read is
    a `pread` at a place of its own.
    """

    def __init__(
        self,
        ref: str,
        split: str = "train",
        fold: Optional[int] = None,
        *,
        transform: Optional[Callable[[Image.Image], Any]] = None,
        datasets: Union[str, os.PathLike, None] = None,
        store: Union[str, os.PathLike, None] = None,
        verify: bool = True,
    ) -> None:
        root = _datasets(datasets)
        self.version = resolve(ref, root)
        self.split, self.fold, self.transform, self.verify = split, fold, transform, verify
        self._store = Path(store or os.environ.get("AUGMINT_STORE") or root / ".store").absolute()
        self._record = _read_record(root, self.version)
        self._tags = [tag for tag, digest in _tags(root, self.version.name).items() if digest == self.version.digest]
        self._recipe_digest = _sha256("\n".join(self._record["recipe"]["text"]).encode())
        sets = _sets_of(self.version, list(self._record["counts"]), split, fold)
        self._files: dict[int, int] = {}
        self._lock: Optional[int] = None
        self._hold()
        shards = _shards(self._store, self.version)
        _check_digest(root, self._store, self.version, self._record, shards)
        self._index([shard for shard in shards if shard["set"] in sets], sets)

    # --- what it holds

    def __len__(self) -> int:
        return len(self._shard_of)

    def __getitem__(self, index: int) -> tuple[Any, torch.Tensor, str]:
        index = self._place(index)
        image = Image.open(io.BytesIO(self.read(index)))
        image = image if image.mode == "RGB" else image.convert("RGB")
        image.load()
        return (image if self.transform is None else self.transform(image)), self.soft_target(index), self.key(index)

    def __repr__(self) -> str:
        of = self.split if self.fold is None else f"{self.split}, fold {self.fold}"
        return f"<augmint {self.version} {of}: {len(self)} samples, {self.num_classes} classes>"

    @property
    def digest(self) -> str:
        """The version's digest, as `sha256:` and 64 hexadecimal digits."""
        return f"sha256:{self.version.digest}"

    @property
    def validation_digest(self) -> Optional[str]:
        """Names what is held out, and stands beside every score; None where nothing is. Scores on different validation
        digests cannot be compared."""
        validation = self._record["validation"]
        return validation and f"sha256:{validation['digest']}"

    @property
    def class_names(self) -> list[str]:
        """The name of each class number from 0; `no class 3` where a number is not used."""
        named = {int(number): name for number, name in self._record["classes"].items()}
        return [named.get(number, f"no class {number}") for number in range(max(named) + 1)]

    @property
    def num_classes(self) -> int:
        """The length of a soft target: one more than the largest class number."""
        return 1 + max(map(int, self._record["classes"]))

    @property
    def keys(self) -> list[str]:
        """The key of each sample."""
        return [self.key(index) for index in range(len(self))]

    @property
    def targets(self) -> torch.Tensor:
        """The class of the most weight of each sample, the lowest number where several have it; `[n]` int64. For samplers
        and for metrics that want one class."""
        return torch.tensor([_heaviest(self._label(index)) for index in range(len(self))], dtype=torch.int64)

    def label_mass(self) -> torch.Tensor:
        """The sum of all soft targets; `[num_classes]` float64. `mass.sum() / (num_classes * mass)` are balanced class
        weights, where no class has none."""
        classes = torch.tensor(self._classes, dtype=torch.int64)
        weights = torch.tensor(self._weights, dtype=torch.float64) / WHOLE
        return torch.zeros(self.num_classes, dtype=torch.float64).index_add_(0, classes, weights)

    # --- one sample

    def key(self, index: int) -> str:
        """The key of a sample."""
        index = self._place(index)
        return self._keys[16 * index : 16 * index + 16].hex()

    def index_of(self, key: str) -> int:
        """The place of the sample with this key. Raises KeyError where this split has none."""
        wanted = bytes.fromhex(key) if re.fullmatch("[0-9a-f]{32}", key) else b""
        place = bisect.bisect_left(_Pieces(self._keys, 16), wanted)
        if not wanted or self._keys[16 * place : 16 * place + 16] != wanted:
            raise KeyError(f"{self!r} has no sample '{key}'")
        return place

    def soft_target(self, index: int) -> torch.Tensor:
        """The label of a sample: `[num_classes]` float32, summing to exactly 1."""
        target = torch.zeros(self.num_classes)
        for number, weight in self._label(self._place(index)):
            target[number] = weight / WHOLE
        return target

    def read(self, index: int) -> bytes:
        """The stored bytes of a sample: a whole JPEG, PNG or WebP file.

        Raises DamagedSample where they are cut off or, unless `verify` is False, not those that the version names, and
        PixelsMissing where the shard is gone.
        """
        index = self._place(index)
        shard, size, place = self._shard_of[index], self._sizes[index], self._offsets[index]
        data = self._pread(shard, size, place)
        if len(data) == size and not self.verify:
            return data
        expected, found = self._digests[32 * index : 32 * index + 32], hashlib.sha256(data).digest()
        if found != expected:
            raise DamagedSample(
                f"sample {self.key(index)} of {self.version}, at byte {place} of {self._tar(shard)}, was changed: its digest "
                f"is sha256:{found.hex()} instead of sha256:{expected.hex()}; `augmint restore {self.version}` makes it again"
            )
        return data

    # --- for the run's record

    def as_config(self) -> dict[str, Union[str, int]]:
        """What a run should remember of its data: flat, text and whole numbers alone, each with `dataset_` in front, for
        `wandb.init(config=…)` or `mlflow.log_params(…)`. What does not apply (fold, validation) is left out.
        """
        record = self._record
        counts = {f"dataset_samples_{name}": sum(classes.values()) for name, classes in record["counts"].items()}
        config = {
            "dataset_name": self.version.name,
            "dataset_ref": str(self.version),
            "dataset_digest": self.digest,
            "dataset_validation_digest": self.validation_digest,
            "dataset_tags": " ".join(self._tags),
            "dataset_recipe_sha256": self._recipe_digest,
            "dataset_split": self.split,
            "dataset_fold": self.fold,
            "dataset_split_samples": len(self),
            "dataset_samples": record["samples"],
            "dataset_bytes": record["bytes"],
            "dataset_classes": len(record["classes"]),
            **counts,
        }
        return {name: value for name, value in config.items() if value is not None}

    # --- how it is done

    def _place(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return place

    def _label(self, index: int) -> list[tuple[int, int]]:
        start, end = self._starts[index], self._starts[index + 1]
        return list(zip(self._classes[start:end], self._weights[start:end]))

    def _index(self, shards: list[dict], sets: set[str]) -> None:
        """Where each sample is, from the entries of the shards, which have been checked."""
        self._shard_keys = [shard["key"] for shard in shards]
        found = []
        for number, shard in enumerate(shards):
            start = 0
            for line in _lines(self._store, self.version, shard["key"]):
                # What was drawn is most of a line, and not needed here.
                entry = json.loads(line[: line.index(b',"steps":[')] + b"}")
                if entry["set"] not in sets:
                    raise self._broken(f"{shard['key']}.jsonl holds a sample of {entry['set']}")
                key, digest = bytes.fromhex(entry["key"]), bytes.fromhex(entry["digest"])
                found.append((key, number, start + _BLOCK, entry["bytes"], digest, entry["label"]))
                start += 2 * _BLOCK + _padded(entry["bytes"]) + _padded(_described(entry, self._record["classes"]))
            self._check_tar(number, start + 2 * _BLOCK)
        planned = sum(sum(self._record["counts"][name].values()) for name in sets)
        if len(found) != planned:
            raise self._broken(f"_info.json lists shards of {len(found)} samples where the record counts {planned}")
        found.sort()
        self._keys = b"".join(sample[0] for sample in found)
        self._shard_of = array.array("I", (sample[1] for sample in found))
        self._offsets = array.array("Q", (sample[2] for sample in found))
        self._sizes = array.array("Q", (sample[3] for sample in found))
        self._digests = b"".join(sample[4] for sample in found)
        self._classes, self._weights, self._starts = array.array("I"), array.array("I"), array.array("Q", [0])
        for *_, label in found:
            self._classes.extend(number for number, _ in label)
            self._weights.extend(weight for _, weight in label)
            self._starts.append(len(self._classes))

    def _broken(self, problem: str) -> DigestMismatch:
        return DigestMismatch(
            f"the store {self._store} contradicts the record of {self.version}: {problem}; "
            f"`augmint restore {self.version}` makes it again"
        )

    def _tar(self, shard: int) -> Path:
        return self._store / "shards" / f"{self._shard_keys[shard]}.tar"

    def _check_tar(self, shard: int, length: int) -> None:
        try:
            found = self._tar(shard).stat().st_size
        except OSError as error:
            raise _missing(self._store, self.version, error) from error
        if found != length:
            raise DigestMismatch(
                f"{self._tar(shard)} was changed or cut off: it has {found} bytes instead of {length}; "
                f"`augmint restore {self.version}` makes it again"
            )

    def _pread(self, shard: int, size: int, place: int) -> bytes:
        """Reads from a shard. A file once opened stays open, so that no thread meets one that another has closed."""
        file = self._files.get(shard)
        try:
            if file is not None:
                return os.pread(file, size, place)
            file = os.open(self._tar(shard), os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            if len(self._files) < _OPEN_FILES and self._files.setdefault(shard, file) == file:
                return os.pread(file, size, place)
            try:
                return os.pread(file, size, place)
            finally:
                os.close(file)
        except FileNotFoundError as error:
            raise _missing(self._store, self.version, error) from error

    def _hold(self) -> None:
        """Takes the version's lock for reading: nobody frees its pixels meanwhile. A store that cannot be written has
        nobody who could."""
        if fcntl is None or not self._store.is_dir():
            return
        path = self._store / "locks" / f"{self.version.digest}.lock"
        try:
            path.parent.mkdir(exist_ok=True)
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            try:
                self._lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PixelsMissing(
                f"the pixels of {self.version} are being freed by another process; `augmint restore {self.version}` makes "
                "them again"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hold()

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # In a forked worker this closes the worker's copies; the parent's stay.
        for file in [*self.__dict__.get("_files", {}).values(), self.__dict__.get("_lock")]:
            if file is not None:
                try:
                    close(file)
                except OSError:
                    pass


# --- references (src/store/name.rs, src/store/resolve.rs)


def _datasets(datasets: Union[str, os.PathLike, None]) -> Path:
    return Path(datasets or os.environ.get("AUGMINT_DATASETS") or "datasets")


def _check_name(name: str) -> None:
    for part in name.split("/"):
        good = re.fullmatch(r"[\w.-]+", part) and part[0] not in ".-" and len(part.encode()) <= 100
        if not good or part in ("records", "tags", "sources"):
            raise UnknownVersion(f"'{name}' cannot be a dataset's name; say name@tag, name@sha256:prefix or sha256:prefix")


def _names(root: Path) -> list[str]:
    """All datasets below a folder: the folders that hold `records`."""

    def below(folder: Path, prefix: str) -> Iterator[str]:
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            try:
                _check_name(path.name)
            except UnknownVersion:
                continue
            if path.is_dir():
                if (path / "records").is_dir():
                    yield prefix + path.name
                yield from below(path, f"{prefix}{path.name}/")

    return sorted(below(root, ""))


def _tags(root: Path, name: str) -> dict[str, str]:
    """What each tag of a dataset names: numbered ones by number, after all others by name."""
    folder = root / name / "tags"
    found = {}
    for path in folder.iterdir() if folder.is_dir() else []:
        if path.name.startswith((".", "-")):
            continue
        digest = path.read_text(encoding="utf-8").strip()
        if not re.fullmatch("(sha256:)?[0-9a-f]{64}", digest):
            raise DigestMismatch(f"{path}, line 1: '{digest}' is not a digest; take the committed file back with git")
        found[path.name] = digest[-64:]

    def order(item: tuple[str, str]) -> tuple[int, str]:
        number = re.fullmatch("v([0-9]+)", item[0])
        return (int(number[1]) if number else -1, item[0])

    return dict(sorted(found.items(), key=order))


def _prefix(ref: str, digits: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{4,64}", digits):
        raise UnknownVersion(f"'{ref}' is not the start of a digest: give 4 to 64 hexadecimal digits after 'sha256:'")
    return digits.lower()


def _record_path(root: Path, name: str, digest: str) -> Path:
    return root / name / "records" / f"{digest}.json"


def _by_prefix(root: Path, names: list[str], prefix: str) -> Version:
    found: dict[str, str] = {}
    for name in names:
        for path in (root / name / "records").iterdir():
            digest = re.fullmatch(r"([0-9a-f]{64})\.json", path.name)
            if digest and digest[1].startswith(prefix):
                # The same version in two datasets is one version.
                found.setdefault(digest[1], name)
    if len(found) == 1:
        (digest, name), = found.items()
        return Version(name, digest, None)
    several = [f"{name}@sha256:{digest[:12]}" for digest, name in sorted(found.items())]
    if several:
        raise UnknownVersion(f"several versions' digests start with '{prefix}': {', '.join(several)}; give more digits")
    raise UnknownVersion(f"no version's digest starts with '{prefix}' in {root}; `augmint list` lists all versions")


def _listed(names: Any) -> str:
    names = list(names)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "there are: " + ", ".join(names[:12]) + more if names else "there are none"


def _meant(text: str, names: list[str]) -> str:
    near = difflib.get_close_matches(text, names, 1)
    return (f"did you mean '{near[0]}'? " if near else "") + _listed(names)


def _sets_of(version: Version, known: list[str], split: str, fold: Optional[int]) -> set[str]:
    """The sets that a split is made of."""
    if split not in _SPLITS:
        raise UnknownVersion(f"'{split}' is not a split: say {', '.join(_SPLITS)}, and with folds `fold=`")
    parsed = {name: match for name in known if (match := _SET.match(name))}
    folds = sorted({int(match["fold"]) for match in parsed.values() if match["fold"]})
    if folds and fold is None:
        raise UnknownVersion(f"{version} has folds: say which one is held out, fold={folds[0]} to fold={folds[-1]}")
    if fold is not None and fold not in folds:
        has = f"folds {', '.join(map(str, folds))}" if folds else "no folds"
        raise UnknownVersion(f"{version} has no fold {fold}: it has {has}")
    if fold is None:
        found = {name for name in parsed if name == split}
    elif split == "train":
        found = {name for name, match in parsed.items() if not match["held"] and match["fold"] != str(fold)}
    else:
        found = {name for name in parsed if name == f"f{fold}-{split}"}
    if not found:
        raise UnknownVersion(f"{version} has no split '{split}': it has {', '.join(sorted(parsed))}")
    return found


# --- the store (docs/format.md)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_record(root: Path, version: Version) -> dict:
    path = _record_path(root, version.name, version.digest)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DigestMismatch(f"{path} is no record: {error}; take the committed file back with git") from error
    if not isinstance(record, dict) or record.get("format") != 1:
        found = record.get("format") if isinstance(record, dict) else None
        raise AugmintError(f"{path} is a record of format {found}, and this file reads format 1: use a newer augmint.py")
    if record["digest"] != version.digest:
        raise DigestMismatch(f"{path} is the record of sha256:{record['digest']}, under the name of sha256:{version.digest}")
    return record


def _missing(store: Path, version: Version, error: OSError) -> PixelsMissing:
    evicted = (store / "versions" / version.digest / "evicted").exists()
    why = "its pixels were evicted" if evicted else f"{error.filename} is not there"
    return PixelsMissing(
        f"the store {store} does not hold all of {version}: {why}; `augmint restore {version}` makes it again, bit for bit "
        "(or say where the pixels are with store= or AUGMINT_STORE)"
    )


def _shards(store: Path, version: Version) -> list[dict]:
    path = store / "versions" / version.digest / "_info.json"
    try:
        shards = json.loads(path.read_text(encoding="utf-8"))["shards"]
        return [{"set": str(shard["set"]), "key": str(shard["key"])} for shard in shards]
    except OSError as error:
        raise _missing(store, version, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DigestMismatch(f"{path} is not what augmint wrote ({error!r}); `augmint restore {version}` makes it again") from error


def _lines(store: Path, version: Version, key: str) -> list[bytes]:
    """The entries of a shard, in its order."""
    try:
        return (store / "shards" / f"{key}.jsonl").read_bytes().splitlines()
    except OSError as error:
        raise _missing(store, version, error) from error


def _check_digest(root: Path, store: Path, version: Version, record: dict, shards: list[dict]) -> None:
    """Compares record and entries with what the version's digest stands for.

    The digest is that of the manifest: a header, and a line for each sample, sorted by key. The manifest is stored with
    zstd, which Python has only since 3.14. But all of it is there as plain text too: its lines are those of the shards'
    `.jsonl`, and its header follows from the record and the list of sources.
    """
    header = {
        "format": "augmint manifest 1",
        "recipe": record["recipe"]["meaning"],
        "engine": record["revisions"],
        "classes": {name: int(number) for number, name in record["classes"].items()},
        "sources": _sources_digest(root / version.name / "sources" / f"{record['sources']}.tsv", record["sources"]),
        "samples": record["samples"],
    }
    whole, held_out = hashlib.sha256(_canonical(header).encode() + b"\n"), hashlib.sha256()
    recipe = record["recipe"]["meaning"]
    measured = recipe.get("noisy_val", {}).get("recipe", recipe)
    about = {"format": "augmint validation 1", "noisy": "noisy_val" in recipe}
    held_out.update(_canonical({**about, "output": measured["output"], "steps": measured["steps"]}).encode() + b"\n")
    for line in _sorted_lines(store, version, [shard["key"] for shard in shards]):
        whole.update(line + b"\n")
        if b'val","source":"' in line:
            held_out.update(line + b"\n")
    checks = [("the version", whole.hexdigest(), version.digest)]
    if record["validation"]:
        checks.append(("what is held out", held_out.hexdigest(), record["validation"]["digest"]))
    for what, found, expected in checks:
        if found != expected:
            raise DigestMismatch(
                f"{version} is not what its digest stands for: {what} has the digest sha256:{found} instead of "
                f"sha256:{expected}. `augmint verify {version}` says what was changed; `augmint restore {version}` makes the "
                f"store's part again, and git has the record: {_record_path(root, version.name, version.digest)}"
            )


def _sorted_lines(store: Path, version: Version, keys: list[str]) -> Iterator[bytes]:
    """The entries of all shards sorted by key, of which at most about 256 MB are held: more are read in several passes."""
    size = 0
    for key in keys:
        with contextlib.suppress(OSError):
            size += (store / "shards" / f"{key}.jsonl").stat().st_size
    passes = size // _AT_ONCE + 1
    bounds = [b"", *(f"{(number << 32) // passes:08x}".encode() for number in range(1, passes)), b"\xff"]
    for first, end in zip(bounds, bounds[1:]):
        held = []
        for key in keys:
            for line in _lines(store, version, key):
                at = line.find(b',"key":"') + 8
                name = line[at : at + 32]
                if first <= name < end:
                    held.append((name, line))
        held.sort()
        for _, line in held:
            yield line


def _sources_digest(path: Path, expected: str) -> str:
    """What the manifest's header knows of the sources: digest, class, group and part of each."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DigestMismatch(f"{path} cannot be read: {error.strerror}; it belongs in git with its record") from error
    if _sha256(text) != expected:
        raise DigestMismatch(f"{path} was changed: its digest is sha256:{_sha256(text)}; take the committed file back with git")
    escapes = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    rows = [line.split("\t") for line in text.decode().split("\n")[2:-1]]

    def field(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    def number(value: int) -> bytes:
        return field(struct.pack("<Q", value))

    hasher = hashlib.sha256(field(b"augmint sources 1") + number(len(rows)))
    for digest, label, group, _, part, *_ in rows:
        group = re.sub(r"\\[\\tnr]", lambda match: escapes[match[0]], group)
        hasher.update(field(bytes.fromhex(digest)) + number(int(label)) + field(group.encode()) + field(part.encode()))
    return hasher.hexdigest()


def _canonical(value: Any) -> str:
    """Canonical JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(name)}:{_canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub("[\x00-\x1f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def _heaviest(label: Any) -> int:
    """The class of the most weight, the lowest number where several have it."""
    return label[0][0] if len(label) == 1 else max(label, key=lambda part: (part[1], -part[0]))[0]


def _described(entry: dict, classes: dict[str, str]) -> int:
    """How long a sample's `.json` is in its shard, in bytes."""
    label = entry["label"]
    target = _heaviest(label)
    # {"class":NAME,"copy":N,"label":[[N,W],[N,W]],"role":"NAME","set":"NAME","source":"DIGEST","target":N}
    fixed = len('{"class":,"copy":,"label":[],"role":"","set":"","source":"","target":}') + 64 - 1
    parts = sum(4 + len(str(number)) + _fraction_length(weight) for number, weight in label)
    name = _text_length(classes.get(str(target), str(target)))
    return fixed + parts + name + len(f"{entry['copy']}{entry['role']}{entry['set']}{target}")


@functools.lru_cache(maxsize=None)
def _text_length(text: str) -> int:
    return len(_text(text).encode())


@functools.lru_cache(maxsize=None)
def _fraction_length(weight: int) -> int:
    """How long the exact decimal of weight / 65536 is."""
    return 1 if weight == WHOLE else len("0." + f"{weight * 5**16:016d}".rstrip("0"))


def _padded(length: int) -> int:
    return -(-length // _BLOCK) * _BLOCK


class _Pieces:
    """Bytes as a sequence of pieces of one length, for bisect."""

    def __init__(self, data: bytes, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return len(self.data) // self.length

    def __getitem__(self, index: int) -> bytes:
        return self.data[self.length * index : self.length * (index + 1)]
