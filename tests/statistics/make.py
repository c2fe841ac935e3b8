"""Writes what OpenCV, scikit-image and SciPy say of images of ours, for `src/statistics/reference.rs` to compare with.

pip install opencv-python-headless==5.0.0.93 scikit-image==0.26.0 scipy==1.17.1 numpy==2.4.6; python tests/statistics/make.py
"""

from pathlib import Path

import cv2
import numpy as np
from scipy import stats
from skimage.transform import radon

HERE = Path(__file__).parent
GOLDEN = ["affine", "bleed_through", "blur", "contrast", "crumple", "gaussian_noise", "grey", "halftone", "invert"]
GOLDEN += ["paper_color", "rotate", "saturation", "shadow", "stains", "white_balance"]
# Cosine and sine in 10,000ths of the lines' direction, and the amplitude of the grain.
PAGES = {"level": (10000, 0, 0), "turned": (9925, 1219, 0), "grainy": (8387, -5446, 2), "upright": (0, 10000, 1)}


def page(cos, sin, grain):
    """Broken lines of ink on paper, by whole numbers: as `page` in `src/statistics/reference.rs`."""
    y, x = np.mgrid[0:360, 0:300].astype(np.int64)
    right, down = 2 * x - 299, 2 * y - 359
    along, across = right * cos - down * sin, right * sin + down * cos
    ink = (across % 240000 < 100000) & ((along // 20000 * 7 + across // 240000 * 31) % 40 < 29)
    colors = np.where(ink[..., None], [40, 44, 60], [236, 230, 214])
    noise = grain * ((x * 7919 + y * 104729 + x * y) % 31 - 15)
    return np.clip(colors + noise[..., None], 0, 255).astype(np.uint8)


def skew(grey):
    """Degrees and confidence, by scikit-image's Radon transform of the disc in the middle."""
    height, width = grey.shape
    shorter = min(height, width)
    if shorter > 192:
        size = (round(width * 192 / shorter), round(height * 192 / shorter))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        height, width = grey.shape
        shorter = min(height, width)
    if shorter < 32:
        return None
    mean = cv2.blur(grey.astype(np.float64), (15, 15), borderType=cv2.BORDER_REFLECT_101)
    depth = np.maximum(mean - grey, 0)
    left, top = (width - shorter) // 2, (height - shorter) // 2
    depth = depth[top : top + shorter, left : left + shorter]
    y, x = np.mgrid[0:shorter, 0:shorter] - (shorter - 1) / 2
    depth[x * x + y * y > (shorter / 2) ** 2] = 0

    def jumps(degrees):
        # A column of the transform at 90° sums the rows; angles are counter-clockwise in both.
        sums = radon(depth, 90 + np.asarray(degrees, np.float64), circle=True)
        return np.abs(np.diff(sums, axis=0)).sum(0)

    whole = np.arange(-89, 91)
    found = jumps(whole)
    if found.max() == 0:
        return None
    best = whole[found.argmax()]
    apart = np.abs((whole - best + 90) % 180 - 90)
    near = best + np.arange(-3, 4) / 4
    degrees = near[jumps(near).argmax()]
    return degrees, 1 - found[apart >= 5].max() / found.max()


def reach(outwards, peak, half):
    far, inner = 0.0, peak
    for outer in outwards:
        if outer < half:
            return far + (inner - half) / (inner - outer)
        far, inner = far + 1, outer
    return far + 0.5


def runs(line, threshold):
    """First, last + 1 and width of each run of a line."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line > threshold, [0]]).astype(int)))
    starts, ends = edges[0::2], edges[1::2]
    for index, (start, end) in enumerate(zip(starts, ends)):
        peak = start + line[start:end].argmax()
        before = ends[index - 1] if index else 0
        after = starts[index + 1] if index + 1 < len(starts) else len(line)
        half = line[peak] / 2
        width = reach(line[before:peak][::-1], line[peak], half) + reach(line[peak + 1 : after], line[peak], half)
        yield start, end, width


def stroke(grey, noise):
    height, width = grey.shape
    radius = min(max(max(height, width) // 32, 7), 127)
    side = 2 * radius + 1
    mean = cv2.blur(grey.astype(np.float64), (side, side), borderType=cv2.BORDER_REFLECT_101)
    differ = np.floor(mean - grey + 0.5)
    depth = np.clip(-differ if (differ**3).sum() < 0 else differ, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    deep = depth > threshold
    if not deep.any() or deep.all() or depth[deep].mean() - depth[~deep].mean() < max(12, 4 * noise):
        return None
    level = int(depth[deep].mean() / 2)
    ink = depth > level
    if ink.mean() < 0.001:
        return None
    places = np.arange(depth.size).reshape(depth.shape)
    least = np.full(depth.size, np.inf)
    lines = [(row, 1.0) for row in places] + [(column, 1.0) for column in places.T]
    for way in (places, places[:, ::-1]):
        lines += [(way.diagonal(offset), np.sqrt(2)) for offset in range(1 - height, width)]
    for line, unit in lines:
        for start, end, wide in runs(depth.ravel()[line].astype(np.float64), level):
            inside = line[start:end]
            least[inside] = np.minimum(least[inside], wide * unit)
    widths = np.sort(least[ink.ravel()])
    weights = np.cumsum(1 / widths)
    return widths[np.searchsorted(weights, weights[-1] / 2)]


def measures(pixels):
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    saturation = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[..., 1]
    red, green, blue = pixels.reshape(-1, 3).astype(np.float64).mean(0)
    kernel = np.float64([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    noise = np.median(np.abs(cv2.filter2D(grey.astype(np.float64), -1, kernel)[1:-1, 1:-1])) / (6 * 0.6745)
    turned = skew(grey)
    wide = stroke(grey, noise)
    return {
        "brightness": grey.mean(),
        "contrast": grey.std(),
        "saturation": saturation.astype(np.float64).mean(),
        "warmth": red - blue,
        "tint": green - (red + blue) / 2,
        "sharpness": cv2.Laplacian(grey, cv2.CV_64F).var(),
        "noise": noise,
        "skew": turned and turned[0],
        "confidence": turned and turned[1],
        "stroke": wide,
    }


def number(value):
    return "-" if value is None else f"{value:.6f}"


images = {f"golden/{name}": cv2.imread(str(HERE.parent / "golden" / f"{name}.png"))[..., ::-1].copy() for name in GOLDEN}
images |= {f"page/{name}": page(*numbers) for name, numbers in PAGES.items()}
found = {name: measures(pixels) for name, pixels in images.items()}
columns = list(next(iter(found.values())))
lines = ["\t".join(["image", *columns])]
lines += ["\t".join([name, *(number(row[column]) for column in columns)]) for name, row in found.items()]
(HERE / "expected.tsv").write_text("\n".join(lines) + "\n")

# Between the first seven images and the others.
lines = ["measure\tdelta\tcohen_d\tks"]
for column in columns[:7]:
    values = np.array([row[column] for row in found.values()])
    a, b = values[:7], values[7:]
    delta = 2 * stats.mannwhitneyu(b, a).statistic / (len(a) * len(b)) - 1
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2))
    lines.append("\t".join([column, *map(number, [delta, (b.mean() - a.mean()) / pooled, stats.ks_2samp(a, b).statistic])]))
(HERE / "shifts.tsv").write_text("\n".join(lines) + "\n")
