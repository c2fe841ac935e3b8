"""The peers: recipe R (benches/recipes/r.toml) with other libraries, each at its best, on one thread.

What "at its best" means here: sources are decoded once, and stay in BGR, so that nobody converts colours for OpenCV's
encoders; OpenCV has no thread pool; buffers are used again where the library lets one; mixup is OpenCV's addWeighted,
since none of the libraries has a mixup; SHA-256 is OpenSSL's. The clock is CPU time of the process. Prints one JSON object.

    peers.py --who opencv --mode jpeg --samples 256 --pages FOLDER --out FOLDER
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import cv2
import numpy as np

HEIGHT, WIDTH = 640, 512
BLOCK = 16  # copies of a source that are made one after the other, as augmint makes them


class Albumentations:
    """albumentations' own ops, in one Compose."""

    def __init__(self):
        import albumentations as A

        self.compose = A.Compose(
            [
                A.HorizontalFlip(p=0.5),
                A.VerticalFlip(p=0.5),
                A.Rotate(
                    limit=(-180, 180),
                    interpolation=cv2.INTER_LINEAR,
                    border_mode=cv2.BORDER_CONSTANT,
                    fill=255,
                    p=1,
                ),
                A.GaussNoise(std_range=(5 / 255, 40 / 255), p=1),
                A.RGBShift(r_shift_limit=(-20, 20), g_shift_limit=(-20, 20), b_shift_limit=(-20, 20), p=1),
            ],
            seed=17,
        )
        self.version = A.__version__

    def sample(self, image):
        return self.compose(image=image)["image"]


class Augrs:
    """augrs' own ops, and OpenCV's saturating addition for the colour shift, which augrs has not."""

    def __init__(self):
        import augrs as A

        self.compose = A.Compose(
            [
                A.HorizontalFlip(p=0.5),
                A.VerticalFlip(p=0.5),
                A.Rotate(limit=(-180, 180), interpolation=1, border_mode=0, fill=255, p=1),
                A.GaussNoise(std_range=(5 / 255, 40 / 255), p=1),
            ],
            seed=17,
        )
        self.version = A.__version__
        self.draw = random.Random(17)

    def sample(self, image):
        image = self.compose(image=image)["image"]
        shift = [self.draw.uniform(-20, 20) for _ in range(3)]
        return cv2.add(image, (*shift, 0.0), dst=image)


class OpenCV:
    """What somebody who knows OpenCV writes: the flips are in the rotation's matrix, the shift is the noise's mean, and
    every result goes into memory that is there already."""

    def __init__(self):
        self.version = cv2.__version__
        self.draw = random.Random(17)
        cv2.setRNGSeed(17)
        self.turned = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        self.noise = np.empty((HEIGHT, WIDTH, 3), np.float32)

    def sample(self, image):
        draw = self.draw
        matrix = cv2.getRotationMatrix2D(((WIDTH - 1) / 2, (HEIGHT - 1) / 2), draw.uniform(-180, 180), 1)
        if draw.random() < 0.5:  # read from right to left
            matrix[:, 2] += matrix[:, 0] * (WIDTH - 1)
            matrix[:, 0] *= -1
        if draw.random() < 0.5:  # read from bottom to top
            matrix[:, 2] += matrix[:, 1] * (HEIGHT - 1)
            matrix[:, 1] *= -1
        cv2.warpAffine(
            image,
            matrix,
            (WIDTH, HEIGHT),
            dst=self.turned,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255, 255, 255),
        )
        shift = [draw.uniform(-20, 20) for _ in range(3)]
        # A scalar deviation would noise the first channel alone.
        cv2.randn(self.noise, (*shift, 0.0), (draw.uniform(5, 40),) * 3)
        return cv2.add(self.turned, self.noise, dst=self.turned, dtype=cv2.CV_8U)


WHO = {"albumentations": Albumentations, "augrs": Augrs, "opencv": OpenCV}


class Mixup:
    """Another cached source, a quarter of the time; the same for all peers."""

    def __init__(self, sources):
        self.sources = sources
        self.draw = random.Random(18)

    def apply(self, image, source):
        if self.draw.random() >= 0.25:
            return image
        partner = self.draw.randrange(len(self.sources) - 1)
        other = self.sources[partner + (partner >= source)]
        if other.shape != image.shape:
            other = cv2.resize(other, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_AREA)
        weight = self.draw.betavariate(0.4, 0.4)
        return cv2.addWeighted(image, 1 - weight, other, weight, 0, dst=image)


JPEG = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
ENCODED = {
    "jpeg": (".jpg", JPEG),
    "png": (".png", []),  # OpenCV's default: level 1, run-length strategy
    "png1": (".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]),
}


class Ending:
    """What is done with a sample's pixels."""

    def __init__(self, mode, out):
        self.mode = mode
        self.folder = Path(out) / f"{os.getpid()}-{mode}"
        self.folder.mkdir(parents=True)
        self.files = 0
        self.planes = np.empty((3, HEIGHT, WIDTH), np.uint8)

    def tensor(self, image):
        """[3, h, w] u8, contiguous, in RGB."""
        cv2.split(image, [self.planes[2], self.planes[1], self.planes[0]])
        return self.planes.nbytes

    def finish(self, image):
        if self.mode == "tensor":
            return self.tensor(image)
        if self.mode == "streamed":
            data = cv2.imencode(*ENCODED["jpeg"][:1], image, JPEG)[1]
            return self.tensor(cv2.imdecode(data, cv2.IMREAD_COLOR))
        suffix, options = ENCODED[self.mode]
        data = cv2.imencode(suffix, image, options)[1]
        hashlib.sha256(data).digest()
        with open(self.folder / f"{self.files:06}", "wb", buffering=0) as file:
            file.write(data)
        self.files += 1
        return len(data)

    def clean(self):
        shutil.rmtree(self.folder)


def measure(peer, sources, mode, samples, warm_up, out):
    mixup = Mixup(sources)
    ending = Ending(mode, out)
    total = 0
    for number in range(-warm_up, samples):
        if number == 0:
            cpu, wall, total = time.process_time(), time.perf_counter(), 0
        source = (number + warm_up) // BLOCK % len(sources)
        total += ending.finish(mixup.apply(peer.sample(sources[source]), source))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ending.clean()
    ms = 1e3 / samples
    return {"mode": mode, "ms": cpu * ms, "wall_ms": wall * ms, "samples": samples, "bytes": total / samples}


def stages(sources, samples):
    """The least of five runs of each stage that OpenCV has, as a mean over samples: what ours are held against."""
    peer, image = OpenCV(), sources[0]
    noisy = peer.sample(image).copy()
    matrix = cv2.getRotationMatrix2D(((WIDTH - 1) / 2, (HEIGHT - 1) / 2), 33.3, 1)
    planes = np.empty((3, HEIGHT, WIDTH), np.uint8)
    target = np.empty_like(image)
    jpeg = cv2.imencode(".jpg", noisy, JPEG)[1]
    white = (255, 255, 255)
    constant = cv2.BORDER_CONSTANT

    def turn(number):
        cv2.warpAffine(
            sources[number % len(sources)], matrix, (WIDTH, HEIGHT), dst=target, borderMode=constant, borderValue=white
        )

    def noise(_):
        cv2.randn(peer.noise, (3.0, -4.0, 5.0, 0.0), (20.0, 20.0, 20.0))
        cv2.add(image, peer.noise, dst=target, dtype=cv2.CV_8U)

    runs = {
        "resample": turn,
        "noise": noise,
        "colour": lambda _: cv2.add(image, (3.0, -4.0, 5.0, 0.0), dst=target),
        "blend": lambda number: cv2.addWeighted(image, 0.7, sources[number % len(sources)], 0.3, 0, dst=target),
        "jpeg": lambda _: cv2.imencode(".jpg", noisy, JPEG),
        "png": lambda _: cv2.imencode(".png", noisy),
        "decode": lambda _: cv2.imdecode(jpeg, cv2.IMREAD_COLOR),
        "hash": lambda _: hashlib.sha256(jpeg).digest(),
        "tensor": lambda _: cv2.split(noisy, [planes[2], planes[1], planes[0]]),
        "copy": lambda _: np.copyto(target, image),
    }
    result = {}
    for name, run in runs.items():
        times = []
        for number in range(samples):
            least = float("inf")
            for _ in range(5):
                start = time.perf_counter()
                run(number)
                least = min(least, time.perf_counter() - start)
            times.append(least)
        result[name] = 1e3 * sum(times) / len(times)
    return {"ms": result, "jpeg_bytes": len(jpeg)}


def hide_avx512():
    """What has no variable of its own. The rest is in the environment, which `run` sets; here it is only looked at."""
    import simsimd
    import stringzilla

    for name in ("skylake", "ice", "genoa", "sapphire", "turin"):
        simsimd.disable_capability(name)
    keep = [name for name in stringzilla.__capabilities__ if name not in ("skylake", "icelake")]
    stringzilla.reset_capabilities(keep)


def features():
    """What OpenCV, IPP, numpy and the rest think that this CPU has; a `?` in OpenCV's line is what was hidden."""
    import simsimd
    import stringzilla
    from numpy._core import _multiarray_umath as numpy_core

    dispatched = [name for name in numpy_core.__cpu_dispatch__ if numpy_core.__cpu_features__[name]]
    return {
        "opencv": cv2.getCPUFeaturesLine(),
        "ipp": cv2.ipp.getIppVersion(),
        "numpy": " ".join(dispatched),
        "simsimd": " ".join(name for name, there in simsimd.get_capabilities().items() if there),
        "stringzilla": " ".join(stringzilla.__capabilities__),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--who", choices=sorted(WHO), required=True)
    parser.add_argument("--mode", default="jpeg,png,png1,tensor")
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--warm-up", type=int, default=16)
    parser.add_argument("--pages", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--hide-avx512", action="store_true")
    parser.add_argument("--show", help="write one sample of this peer here, and end")
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    if arguments.hide_avx512:
        hide_avx512()
    paths = sorted(Path(arguments.pages).glob("*.png"))
    sources = [cv2.imread(str(path)) for path in paths]
    if len(sources) < 2 or any(source.shape != (HEIGHT, WIDTH, 3) for source in sources):
        sys.exit(f"{arguments.pages}: no pages of {WIDTH}×{HEIGHT}")
    peer = WHO[arguments.who]()
    if arguments.show:
        cv2.imwrite(arguments.show, peer.sample(sources[0]))
        return
    result = {"who": arguments.who, "version": peer.version, "numpy": np.__version__, "opencv": cv2.__version__}
    result["features"] = features()
    if arguments.stages:
        result["stages"] = stages(sources, arguments.samples)
    else:
        run = lambda mode: measure(peer, sources, mode, arguments.samples, arguments.warm_up, arguments.out)
        result["modes"] = [run(mode) for mode in arguments.mode.split(",")]
    print(json.dumps(result))


main()
