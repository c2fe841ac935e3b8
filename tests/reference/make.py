"""Writes what the well-known libraries make of the canary page, for `src/ops/reference.rs` to compare with.

pip install opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6; python tests/reference/make.py
"""

import io
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


# A page with shades, on which being a little off is seen as little: for geometry. A formula, as in `src/ops/reference.rs`.
WIDTH, HEIGHT = 160, 200
x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
sheet = np.stack([255 - (x * x + 3 * y) // 160 % 200, 60 + (x + 2 * y) % 160, 40 + (x ^ y) % 180], -1).astype(np.uint8)
sheet[(y // 10 % 3 == 1) & (x * 7 % 11 > 3)] = (40, 44, 60)
WHITE = (255, 255, 255)


def warp(inverse, flags=cv2.INTER_LINEAR):
    """By a map from the result back to the sheet, whose whole numbers are at the edges of pixels."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    inverse = np.linalg.inv(half) @ np.asarray(inverse, np.float64) @ half
    flags |= cv2.WARP_INVERSE_MAP
    border = dict(borderMode=cv2.BORDER_CONSTANT, borderValue=WHITE)
    if np.allclose(inverse[2], [0, 0, 1], atol=0):
        return cv2.warpAffine(sheet, inverse[:2], (WIDTH, HEIGHT), flags=flags, **border)
    return cv2.warpPerspective(sheet, inverse, (WIDTH, HEIGHT), flags=flags, **border)


def about_centre(matrix):
    """A forward 2×2 matrix, y upwards as in books, as an inverse map about the centre, y downwards."""
    (a, b), (c, d) = np.linalg.inv(np.array([[1, 0], [0, -1]]) @ np.array(matrix) @ np.array([[1, 0], [0, -1]]))
    u, v = WIDTH / 2, HEIGHT / 2
    return [[a, b, u - a * u - b * v], [c, d, v - c * u - d * v], [0, 0, 1]]


def turn(degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return about_centre([[cos, -sin], [sin, cos]])


for degrees in [7, 33, 90, 141, -100]:
    save(f"rotate_{degrees}".replace("-", "minus_"), warp(turn(degrees)))
save("rotate_nearest", warp(turn(33), cv2.INTER_NEAREST))
# Of the libraries, only Pillow's resize has Catmull-Rom's spline.
doubled = Image.fromarray(sheet).resize((2 * WIDTH, 2 * HEIGHT), Image.Resampling.BICUBIC)
save("scale_bicubic", doubled.crop((WIDTH // 2, HEIGHT // 2, WIDTH * 3 // 2, HEIGHT * 3 // 2)))
save("scale", warp(about_centre([[1.27, 0], [0, 1.27]])))
save("shear", warp(about_centre([[1, np.tan(np.radians(12))], [0, 1]])))
save("shift", warp([[1, 0, -0.13 * WIDTH], [0, 1, 0.07 * HEIGHT], [0, 0, 1]]))
save("perspective", warp([[1.08, 0.05, -9], [-0.03, 1.1, -4], [0.0002, 0.0004, 1]]))
u, v = (np.stack([x, y], -1) + 0.5 - [WIDTH / 2, HEIGHT / 2]).transpose(2, 0, 1)
bent = 1 + 0.2 * (u * u + v * v) / (WIDTH * WIDTH + HEIGHT * HEIGHT) * 4
maps = [(u * bent + WIDTH / 2 - 0.5).astype(np.float32), (v * bent + HEIGHT / 2 - 0.5).astype(np.float32)]
save("optical_distortion", cv2.remap(sheet, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=WHITE))
save("resize_half", Image.fromarray(sheet).resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BICUBIC))
save("resize_larger", Image.fromarray(sheet).resize((WIDTH * 3 // 2, HEIGHT * 3 // 2), Image.Resampling.BICUBIC))
save("brightness", ImageEnhance.Brightness(page).enhance(1.2))
save("contrast", np.clip(np.rint((pixels.astype(np.float64) - 128) * 1.3 + 128), 0, 255).astype(np.uint8))
save("gamma", np.rint(255 * (pixels / 255) ** 0.7).astype(np.uint8))
save("grey", page.convert("L"))
save("invert", ImageOps.invert(page))
hsv = cv2.cvtColor(np.float32(pixels) / 255, cv2.COLOR_RGB2HSV)
hsv[..., 0] = (hsv[..., 0] + 25) % 360
hsv[..., 1:] = np.clip(hsv[..., 1:] * [1.3, 0.9], 0, 1)
save("hsv_shift", np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).astype(np.uint8))
file = io.BytesIO()
Image.fromarray(sheet).save(file, "JPEG", quality=35, subsampling="4:2:0")
save("jpeg_compress", Image.open(file))
save("mixup", cv2.addWeighted(sheet, 1 - 77 / 256, sheet[::-1, ::-1].copy(), 77 / 256, 0))

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
