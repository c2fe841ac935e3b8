"""Writes what the well-known libraries make of the canary page, for `src/ops/reference.rs` to compare with.

pip install opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6; python tests/reference/make.py
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

HERE = Path(__file__).parent
# The page stands at the left of every golden strip.
page = Image.open(HERE.parent / "golden" / "invert.png").convert("RGB").crop((0, 0, 96, 72))
pixels = np.asarray(page)
luma = ((pixels.astype(np.uint32) @ np.array([4899, 9617, 1868], np.uint32) + 8192) >> 14).astype(np.uint8)


def save(name, image):
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.convert("RGB").save(HERE / f"{name}.png", optimize=True)


def disc(radius, fine=64):
    """How much of each pixel a disc covers."""
    reach = int(np.ceil(radius))
    at = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    covered = (at[:, None] ** 2 + at[None, :] ** 2 < radius**2).astype(np.float64)
    kernel = covered.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean((1, 3))
    return kernel / kernel.sum()


def line(length, degrees, fine=256):
    """A segment, each of its points shared by the four pixels around it."""
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for along in (np.arange(fine) + 0.5) / fine * length - length / 2:
        x, y = along * np.cos(np.radians(degrees)) + reach, -along * np.sin(np.radians(degrees)) + reach
        left, top = int(x), int(y)
        for dx, dy in [(0, 0), (1, 0), (0, 1), (1, 1)]:
            kernel[top + dy, left + dx] += (1 - abs(x - left - dx)) * (1 - abs(y - top - dy))
    return kernel / kernel.sum()


MIRROR = cv2.BORDER_REFLECT_101
save("blur", cv2.GaussianBlur(pixels, (13, 13), 2, borderType=MIRROR))
save("box_blur", cv2.blur(pixels, (5, 5), borderType=MIRROR))
save("box_blur_fraction", page.filter(ImageFilter.BoxBlur(1.4)))
for radius in [1, 2, 3, 5]:
    save(f"median_blur_{radius}", cv2.medianBlur(pixels, 2 * radius + 1))
save("motion_blur", cv2.filter2D(pixels, -1, np.full((1, 7), 1 / 7), borderType=MIRROR))
save("motion_blur_turned", cv2.filter2D(pixels, -1, line(9, 30), borderType=MIRROR))
save("defocus", cv2.filter2D(pixels, -1, disc(3), borderType=MIRROR))
save("defocus_small", cv2.filter2D(pixels, -1, disc(1.4), borderType=MIRROR))
zooms = [1.2 ** (step / 63) for step in range(64)]
turned = [cv2.warpAffine(pixels, np.float64([[z, 0, 47.5 - 47.5 * z], [0, z, 35.5 - 35.5 * z]]), (96, 72)) for z in zooms]
save("zoom_blur", np.mean(turned, 0).round().astype(np.uint8))
small = cv2.resize(pixels, (48, 36), interpolation=cv2.INTER_AREA)
save("downscale", cv2.resize(small, (96, 72), interpolation=cv2.INTER_LINEAR))
save("downscale_nearest", cv2.resize(small, (96, 72), interpolation=cv2.INTER_NEAREST))
save("posterize", ImageOps.posterize(page, 3))
save("sharpen", ImageEnhance.Sharpness(page).enhance(3))
halo = cv2.GaussianBlur(pixels, (13, 13), 2, borderType=MIRROR).astype(int)
save("unsharp_mask", np.clip(pixels + 1.5 * (pixels.astype(int) - halo), 0, 255).round().astype(np.uint8))
save("solarize", ImageOps.solarize(page, 128))
save("equalize", ImageOps.equalize(page))
save("auto_contrast", ImageOps.autocontrast(page, 5))
save("auto_contrast_luma", ImageOps.autocontrast(page, 5, preserve_tone=True))
save("clahe_grey", cv2.createCLAHE(3, (8, 8)).apply(luma))
save("saturation", ImageEnhance.Color(page).enhance(0.5))
save("saturation_more", ImageEnhance.Color(page).enhance(1.7))
save("sepia", cv2.transform(pixels, np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])))
