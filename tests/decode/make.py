#!/usr/bin/env python3
"""Writes the golden inputs of the decoding table (src/pixels/decode.rs), one or more per row, and expected.tsv.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install Pillow numpy && /tmp/venv/bin/python tests/decode/make.py

expected.tsv: file, width, height, tolerance, SHA-256 of the RGB pixels; or file, -, -, -, the error message.
Every pixel row has an expectation that our code has no part in: numpy's arithmetic, Pillow or LittleCMS. Tolerance 0: the
hash is that of those pixels. Tolerance n > 0 (lossy, or colour-managed): they are in reference/<file>.png, none of ours
may differ by more than n, and the hash pins ours; it is kept from the old expected.tsv ('?' at first: run the test, which
prints it). Everything is written by formulas, but other releases of Pillow may compress differently: the committed files
count, and are made anew only on purpose.
"""
import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

HERE = Path(__file__).parent
REFERENCE = HERE / "reference"
WIDTH, HEIGHT = 20, 12
OLD = {}
if (HERE / "expected.tsv").exists():
    for line in (HERE / "expected.tsv").read_text().splitlines()[1:]:
        OLD[line.split("\t")[0]] = line.split("\t")[4]
ROWS = []

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
SMOOTH = np.stack([x * 12 + 10, y * 20 + 15, 235 - x * 6 - y * 9], -1).astype(np.uint8)  # unlike in every corner
SHARP = np.stack([x * 53 % 256, y * 97 % 256, (x * y * 31 + 7) % 256], -1).astype(np.uint8)
GREY = SMOOTH[..., 1]
ALPHA = np.clip(x * 14 - y * 3, 0, 255).astype(np.uint8)
DEEP = (np.stack([x * 3449, y * 5903, x * y * 311], -1) % 65536).astype(np.uint16)


def rgb(array):
    return np.repeat(array[..., None], 3, -1) if array.ndim == 2 else array


def to8(array):
    return ((array.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def over_white(colour, alpha):
    alpha = alpha[..., None].astype(np.uint32)
    return ((rgb(colour) * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def ok(name, data, expected, tolerance=0):
    expected = np.ascontiguousarray(rgb(np.asarray(expected)).astype(np.uint8))
    assert len(data) < 4096, (name, len(data))
    (HERE / name).write_bytes(data)
    digest = hashlib.sha256(expected.tobytes()).hexdigest()
    if tolerance:
        Image.fromarray(expected).save(REFERENCE / f"{name}.png", optimize=True)
        digest = OLD.get(name, "?")
    ROWS.append((name, expected.shape[1], expected.shape[0], tolerance, digest))


def bad(name, data, message):
    assert len(data) < 4096, (name, len(data))
    (HERE / name).write_bytes(data)
    ROWS.append((name, "-", "-", "-", message))


def save(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


# ---- ICC profiles, version 2, by hand (ICC.1:2001-04) ----
def icc(space, pcs, tags, kind=b"mntr"):
    table, body, offset = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for signature, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", signature, offset + len(body), len(data))
        body += data
    white = struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"none", 0x02400000, kind, space, pcs)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + white
    return head + b"\0" * (128 - len(head)) + table + body


def xyz(*values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


COMMON = [(b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78),
          (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz(0.9642, 1, 0.8249))]
# Display P3's primaries, adapted to D50, with a plain gamma of 2.2.
WIDE = icc(b"RGB ", b"XYZ ", COMMON + [
    (b"rXYZ", xyz(0.51512, 0.2412, -0.00105)), (b"gXYZ", xyz(0.29198, 0.69225, 0.04189)),
    (b"bXYZ", xyz(0.1571, 0.06657, 0.78407))] + [(t, gamma(2.2)) for t in (b"rTRC", b"gTRC", b"bTRC")])
DARK_GREY = icc(b"GRAY", b"XYZ ", COMMON + [(b"kTRC", gamma(1.4))])


def ink_table():
    """mft2: four nodes per ink, inks multiply, to Lab (version 2's 16-bit code)."""
    # Pale inks, that stay within sRGB: at its border interpolation decides how much is clipped.
    inks = [(0.50, 0.58, 0.74), (0.62, 0.42, 0.46), (0.86, 0.88, 0.45), (0.08, 0.08, 0.08)]
    nodes = b""
    for node in range(4 ** 4):
        parts = [1.0, 1.0, 1.0]
        for ink in range(4):
            amount = (node // 4 ** (3 - ink) % 4) / 3
            parts = [p * (1 - amount + amount * q) for p, q in zip(parts, inks[ink])]
        f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in parts]
        lab = (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))
        code = (lab[0] * 652.8, (lab[1] + 128) * 256, (lab[2] + 128) * 256)
        nodes += struct.pack(">3H", *(min(65535, max(0, round(c))) for c in code))
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = struct.pack(">2H", 0, 65535)
    return b"mft2\0\0\0\0" + bytes([4, 3, 4, 0]) + unit + struct.pack(">2H", 2, 2) + ramp * 4 + nodes + ramp * 3


INKS = icc(b"CMYK", b"Lab ", COMMON + [(b"A2B0", ink_table())], b"prtr")
SRGB = ImageCms.createProfile("sRGB")


def managed(image, profile):
    # Relative, since LittleCMS adds black point compensation of its own to "perceptual"; our profiles have one table.
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, profile, SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB", flags=0x0100))


def exif(orientation):
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


# ---- JPEG ----
smooth = Image.fromarray(SMOOTH)
full = dict(quality=95, subsampling=0)
plain = save(smooth, "JPEG", **full)
ok("jpeg-444.jpg", plain, pillow(plain), 2)
for name, sampling in (("422", 1), ("420", 2)):
    data = save(smooth, "JPEG", quality=95, subsampling=sampling)
    ok(f"jpeg-{name}.jpg", data, pillow(data), 4)
data = save(smooth, "JPEG", progressive=True, **full)
ok("jpeg-progressive.jpg", data, pillow(data), 2)
data = save(Image.fromarray(GREY), "JPEG", quality=95)
ok("jpeg-grey.jpg", data, pillow(data), 2)
data = save(smooth, "JPEG", restart_marker_blocks=2, **full)
ok("jpeg-restarts.jpg", data, pillow(data), 2)
data = save(Image.new("RGB", (1, 1), (200, 30, 60)), "JPEG", **full)
ok("jpeg-1x1.jpg", data, pillow(data), 2)
ok("jpeg-trailing-bytes.jpg", plain + plain[:300], pillow(plain), 2)
for orientation in range(1, 9):
    data = save(smooth, "JPEG", exif=exif(orientation), **full)
    ok(f"jpeg-exif-{orientation}.jpg", data, np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))), 2)
data = save(smooth, "JPEG", keep_rgb=True, **full)
ok("jpeg-rgb.jpg", data, pillow(data), 2)
# The same with components 1, 2, 3: only Adobe's marker says that they are not YCbCr.
frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
renamed = bytearray(data)
for i in range(3):
    renamed[frame + 10 + 3 * i] = renamed[scan + 5 + 2 * i] = i + 1
ok("jpeg-rgb-adobe.jpg", bytes(renamed), pillow(bytes(renamed)), 2)

INK = np.stack([x * 13, y * 21, 240 - x * 9, y * 6 + x * 4], -1).clip(0, 255).astype(np.uint8)
inks = Image.fromarray(INK, "CMYK")
naive = ((255 - INK[..., :3].astype(np.uint32)) * (255 - INK[..., 3:].astype(np.uint32)) + 127) // 255
best = dict(quality=100, subsampling=0)
adobe = save(inks, "JPEG", **best)
ok("jpeg-cmyk-adobe.jpg", adobe, naive, 4)
at = adobe.index(b"\xff\xee")
length = struct.unpack(">H", adobe[at + 2:at + 4])[0]
# Without the marker what is stored are amounts of ink.
inverted = save(Image.fromarray(255 - INK, "CMYK"), "JPEG", **best)
ok("jpeg-cmyk-plain.jpg", inverted[:at] + inverted[at + 2 + length:], naive, 4)
# YCCK: Y, Cb, Cr of the complement of the (inverted) CMY, and K; written as if CMYK, then the marker is changed.
ycc = np.asarray(Image.fromarray(INK[..., :3]).convert("YCbCr"))
raw = np.concatenate([ycc, 255 - INK[..., 3:]], -1)
data = bytearray(save(Image.fromarray(255 - raw, "CMYK"), "JPEG", **best))
assert data[at + 4:at + 9] == b"Adobe" and data[at + 15] == 0
data[at + 15] = 2
ok("jpeg-ycck-adobe.jpg", bytes(data), naive, 6)
assert np.abs(pillow(bytes(data)).astype(int) - naive).max() <= 6  # Pillow agrees
data = save(smooth, "JPEG", icc_profile=WIDE, **full)
ok("jpeg-icc-rgb.jpg", data, managed(Image.open(io.BytesIO(data)), WIDE), 4)
data = save(Image.fromarray(GREY), "JPEG", icc_profile=DARK_GREY, quality=95)
ok("jpeg-icc-grey.jpg", data, managed(Image.open(io.BytesIO(data)), DARK_GREY), 4)
data = save(inks, "JPEG", icc_profile=INKS, **best)
ok("jpeg-icc-cmyk.jpg", data, managed(inks, INKS), 6)
PROFILE = "the ICC profile cannot be applied: {}; convert the image to sRGB, or remove the profile"
bad("jpeg-icc-of-other-channels.jpg", save(smooth, "JPEG", icc_profile=INKS, **full),
    PROFILE.format("it is for Cmyk and the pixels are Rgb"))
data = save(smooth, "JPEG", icc_profile=WIDE, **full)
bad("jpeg-icc-piece-missing.jpg", data.replace(b"ICC_PROFILE\0\1\1", b"ICC_PROFILE\0\1\2"),
    PROFILE.format("its JPEG segments are incomplete"))
bad("jpeg-icc-broken.jpg", save(smooth, "JPEG", icc_profile=b"not a profile" * 20, **full),
    PROFILE.format("Invalid ICC profile"))
TRUNCATED = "the {} is truncated: the file ends before the image does; get a whole copy"
bad("jpeg-truncated-pixels.jpg", plain[:-40], TRUNCATED.format("JPEG"))
bad("jpeg-truncated-end-marker.jpg", plain[:-2], TRUNCATED.format("JPEG"))
bad("jpeg-truncated-header.jpg", plain[:200], TRUNCATED.format("JPEG"))
bad("jpeg-rows-missing.jpg", plain[:-60] + b"\xff\xd9", "?")
data = bytearray(plain)
data[data.index(b"\xff\xc0") + 1] = 0xC9
bad("jpeg-arithmetic.jpg", bytes(data), "this kind of JPEG is not taken: lossless, hierarchical or arithmetic coding; "
    "save it as a plain JPEG or PNG")

# ---- PNG ----
def png(width, height, depth, colour, rows, before=b"", after=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    extra = lambda chunks: b"".join(chunk(name, data) for name, data in chunks)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra(before or []) +
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r.tobytes() for r in rows), 9)) + extra(after or []) +
            chunk(b"IEND", b""))


ok("png-rgb.png", save(Image.fromarray(SHARP), "PNG"), SHARP)
ok("png-16-bit-rgb.png", png(WIDTH, HEIGHT, 16, 2, DEEP.astype(">u2")), to8(DEEP))
ok("png-16-bit-grey.png", png(WIDTH, HEIGHT, 16, 0, DEEP[..., 0].astype(">u2")), to8(DEEP[..., 0]))
deep_alpha = np.concatenate([DEEP, DEEP[..., 1:2]], -1)
ok("png-16-bit-rgba.png", png(WIDTH, HEIGHT, 16, 6, deep_alpha.astype(">u2")), over_white(to8(DEEP), to8(DEEP[..., 1])))
ok("png-grey.png", save(Image.fromarray(GREY), "PNG"), GREY)
ok("png-grey-alpha.png", png(WIDTH, HEIGHT, 8, 4, np.stack([GREY, ALPHA], -1)), over_white(GREY, ALPHA))
ok("png-rgba.png", png(WIDTH, HEIGHT, 8, 6, np.dstack([SHARP, ALPHA])), over_white(SHARP, ALPHA))
BITS = ((x * y + x) % 3 == 0).astype(np.uint8)
ok("png-1-bit.png", png(WIDTH, HEIGHT, 1, 0, np.packbits(BITS, axis=1)), BITS * 255)
FOURS = ((x + y) % 16).astype(np.uint8)
ok("png-4-bit.png", png(WIDTH, HEIGHT, 4, 0, (FOURS[:, ::2] << 4 | FOURS[:, 1::2]).astype(np.uint8)), FOURS * 17)
PALETTE = np.array([[i * 16, 255 - i * 9, i * i % 256] for i in range(16)], np.uint8)
OPACITY = np.array([0, 30, 128, 200, 255], np.uint8)
data = png(WIDTH, HEIGHT, 8, 3, FOURS, [(b"PLTE", PALETTE.tobytes()), (b"tRNS", OPACITY.tobytes())])
ok("png-palette-transparent.png", data, over_white(PALETTE[FOURS], np.pad(OPACITY, (0, 11), constant_values=255)[FOURS]))
data = png(WIDTH, HEIGHT, 8, 2, SMOOTH, [(b"tRNS", struct.pack(">3H", *SMOOTH[3, 4]))])
clear = np.full((HEIGHT, WIDTH), 255, np.uint8)
clear[3, 4] = 0
ok("png-transparent-colour.png", data, over_white(SMOOTH, clear))
ok("png-gamma.png", png(WIDTH, HEIGHT, 8, 2, SHARP, [(b"gAMA", struct.pack(">I", 100000))]), SHARP)
ok("png-exif-6.png", png(WIDTH, HEIGHT, 8, 2, SHARP, after=[(b"eXIf", exif(6)[6:])]), np.rot90(SHARP, -1))
ok("png-1x1.png", png(1, 1, 8, 2, np.array([[[1, 2, 3]]], np.uint8)), np.array([[[1, 2, 3]]]))
ok("png-icc-rgb.png", save(smooth, "PNG", icc_profile=WIDE), managed(smooth, WIDE), 2)
grey_on_rgb = save(Image.fromarray(GREY), "PNG", icc_profile=WIDE)
ok("png-icc-rgb-on-grey.png", grey_on_rgb, managed(Image.fromarray(rgb(GREY)), WIDE), 2)
alpha_icc = png(WIDTH, HEIGHT, 8, 6, np.dstack([SMOOTH, ALPHA]), [(b"iCCP", b"p\0\0" + zlib.compress(WIDE))])
ok("png-icc-rgba.png", alpha_icc, over_white(managed(smooth, WIDE), ALPHA), 2)
bad("png-icc-broken.png", png(WIDTH, HEIGHT, 8, 2, SHARP, [(b"iCCP", b"p\0\0garbage")]),
    PROFILE.format("its PNG chunk is corrupt"))
frames = [Image.fromarray(SHARP), Image.fromarray(255 - SHARP)]
SEVERAL = "{}, and only single images are taken; save the ones that you want as files of their own"
small = [f.resize((8, 6)) for f in frames]
bad("png-animated.png", save(small[0], "PNG", save_all=True, append_images=small[1:]),
    SEVERAL.format("the PNG is an animation (APNG)"))
data = save(Image.fromarray(SHARP), "PNG")
bad("png-truncated.png", data[:len(data) // 2], TRUNCATED.format("PNG"))
bad("png-truncated-end.png", data[:-12], TRUNCATED.format("PNG"))
bad("png-rows-missing.png", png(WIDTH, HEIGHT, 8, 2, SHARP[:7]),
    "the PNG is corrupt: IDAT or fDAT chunk does not have enough data for image.")
data = bytearray(data)
data[len(data) // 2] ^= 0x10
bad("png-bit-flipped.png", bytes(data), "?")
bad("png-bomb.png", png(60000, 60000, 8, 2, [np.zeros(99, np.uint8)]),
    "60000×60000 is 3600.0 megapixels, over the limit of 100; `[source] max_megapixels` raises it")

# ---- WebP ----
data = save(Image.fromarray(SHARP), "WEBP", lossless=True)
ok("webp-lossless.webp", data, SHARP)
clear_rgba = Image.fromarray(np.dstack([SHARP, np.maximum(ALPHA, 1)]))
ok("webp-lossless-alpha.webp", save(clear_rgba, "WEBP", lossless=True, exact=True),
   over_white(SHARP, np.maximum(ALPHA, 1)))
lossy = save(smooth, "WEBP", quality=90)
ok("webp-lossy.webp", lossy, pillow(lossy), 2)
data = save(Image.fromarray(np.dstack([SMOOTH, ALPHA])), "WEBP", quality=90, exact=True)
pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
ok("webp-lossy-alpha.webp", data, over_white(pixels[..., :3], pixels[..., 3]), 2)
ok("webp-exif-8.webp", save(Image.fromarray(SHARP), "WEBP", lossless=True, exif=exif(8)), np.rot90(SHARP))
ok("webp-icc.webp", save(smooth, "WEBP", lossless=True, icc_profile=WIDE), managed(smooth, WIDE), 2)
ok("webp-1x1.webp", save(Image.new("RGB", (1, 1), (9, 8, 7)), "WEBP", lossless=True), np.array([[[9, 8, 7]]]))
bad("webp-animated.webp", save(small[0], "WEBP", save_all=True, append_images=small[1:], lossless=True),
    SEVERAL.format("the WebP is an animation"))
bad("webp-truncated.webp", lossy[:len(lossy) // 2], TRUNCATED.format("WebP"))
cut = lossy[:len(lossy) // 2 & ~1]
cut = cut[:4] + struct.pack("<I", len(cut) - 8) + cut[8:]
bad("webp-truncated-inside.webp", cut[:16] + struct.pack("<I", len(cut) - 20) + cut[20:], "?")

# ---- TIFF ----
def tiff(array, photometric, extra=(), bits=None, width=WIDTH, planar=1, data=None):
    """One strip, little-endian, uncompressed."""
    channels = array.shape[2] if array.ndim == 3 else 1
    bits = bits or array.dtype.itemsize * 8
    data = data if data is not None else array.tobytes()
    tags = {256: (3, [width]), 257: (3, [array.shape[0]]), 258: (3, [bits] * channels), 259: (3, [1]),
            262: (3, [photometric]), 273: (4, [8]), 277: (3, [channels]), 278: (3, [array.shape[0]]),
            279: (4, [len(data)]), 284: (3, [planar])} | {tag: (3, [value]) for tag, value in extra}
    if planar == 2:
        part = len(data) // channels
        tags[273], tags[279] = (4, [8 + i * part for i in range(channels)]), (4, [part] * channels)
    data += b"\0" * (len(data) % 2)
    at = 8 + len(data) + 2 + 12 * len(tags) + 4
    table, far = struct.pack("<H", len(tags)), b""
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            packed, far = struct.pack("<I", at + len(far)), far + packed
        table += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + table + b"\0" * 4 + far


for method in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
    ok(f"tiff-{method.replace('tiff_', '').replace('_', '-')}.tif",
       save(Image.fromarray(SHARP), "TIFF", compression=method), SHARP)
data = save(Image.fromarray(BITS * 255).convert("1"), "TIFF", compression="group4")
ok("tiff-fax-group4.tif", data, BITS * 255)
data = save(smooth, "TIFF", compression="jpeg", quality=95)
ok("tiff-jpeg.tif", data, pillow(data), 6)
ok("tiff-16-bit.tif", tiff(DEEP, 2), to8(DEEP))
ok("tiff-grey.tif", save(Image.fromarray(GREY), "TIFF"), GREY)
ok("tiff-grey-16-bit.tif", tiff(DEEP[..., 0], 1), to8(DEEP[..., 0]))
ok("tiff-4-bit.tif", tiff(FOURS, 1, bits=4, data=(FOURS[:, ::2] << 4 | FOURS[:, 1::2]).astype(np.uint8).tobytes()),
   FOURS * 17)
ok("tiff-1-bit.tif", tiff(BITS, 1, bits=1, data=np.packbits(BITS, axis=1).tobytes()), BITS * 255)
ok("tiff-1-bit-white-is-zero.tif", tiff(BITS, 0, bits=1, data=np.packbits(BITS, axis=1).tobytes()), 255 - BITS * 255)
ok("tiff-white-is-zero.tif", tiff(GREY, 0), 255 - GREY)
ok("tiff-grey-alpha.tif", tiff(np.stack([GREY, ALPHA], -1), 1, [(338, 2)]), over_white(GREY, ALPHA))
ok("tiff-alpha.tif", tiff(np.dstack([SHARP, ALPHA]), 2, [(338, 2)]), over_white(SHARP, ALPHA))
premultiplied = (SMOOTH.astype(np.uint32) * ALPHA[..., None] // 255).astype(np.uint8)
ok("tiff-associated-alpha.tif", tiff(np.dstack([premultiplied, ALPHA]), 2, [(338, 1)]),
   premultiplied + (255 - ALPHA)[..., None], 1)
ok("tiff-planar.tif", tiff(SHARP, 2, planar=2, data=np.moveaxis(SHARP, 2, 0).tobytes()), SHARP)
ok("tiff-cmyk.tif", save(inks, "TIFF", compression="tiff_lzw"), naive)
ok("tiff-cmyk-icc.tif", save(inks, "TIFF", compression="tiff_lzw", icc_profile=INKS), managed(inks, INKS), 2)
ok("tiff-icc.tif", save(smooth, "TIFF", compression="tiff_lzw", icc_profile=WIDE), managed(smooth, WIDE), 2)
ok("tiff-orientation-5.tif", tiff(SHARP, 2, [(274, 5)]), np.swapaxes(SHARP, 0, 1))
bad("tiff-two-pages.tif", save(small[0], "TIFF", save_all=True, append_images=small[1:]),
    SEVERAL.format("the TIFF has several pages"))
data = save(Image.fromarray(SHARP), "TIFF", compression="tiff_lzw")
bad("tiff-truncated.tif", data[:len(data) // 2], TRUNCATED.format("TIFF"))
data = tiff(DEEP[:2], 2)
bad("tiff-truncated-pixels.tif", data.replace(struct.pack("<HHII", 279, 4, 1, 240), struct.pack("<HHII", 279, 4, 1, 9999)),
    TRUNCATED.format("TIFF"))
bad("tiff-float.tif", tiff(DEEP.astype(np.float32)[:4], 2, [(339, 3)]),
    "this kind of TIFF is not taken: pixels of RGB(32); save it as a plain TIFF or PNG")

# ---- BMP ----
ok("bmp-24.bmp", save(Image.fromarray(SHARP), "BMP"), SHARP)
ok("bmp-8.bmp", save(Image.fromarray(FOURS * 17), "BMP"), FOURS * 17)
ok("bmp-1.bmp", save(Image.fromarray(BITS * 255).convert("1"), "BMP"), BITS * 255)
# 32 bits without an alpha mask: the fourth byte is padding.
info = struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, 32, 0, 0, 0, 0, 0, 0)
body = np.dstack([SHARP[..., ::-1], ALPHA]).tobytes()
ok("bmp-32.bmp", b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + info + body, SHARP)
info = struct.pack("<IiiHHIIiiII4I", 108, WIDTH, -HEIGHT, 1, 32, 3, 0, 0, 0, 0, 0, 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
info += b"\0" * (108 - len(info))
ok("bmp-32-alpha.bmp", b"BM" + struct.pack("<IHHI", 122 + len(body), 0, 0, 122) + info + body, over_white(SHARP, ALPHA))
data = save(Image.fromarray(SHARP), "BMP")
bad("bmp-truncated.bmp", data[:len(data) // 2], TRUNCATED.format("BMP"))

# ---- others ----
bad("gif-animated.gif", save(small[0].convert("P"), "GIF", save_all=True, append_images=[f.convert("P") for f in small[1:]]),
    "GIF is not taken; convert it to one of JPEG, PNG, WebP, TIFF, BMP")
bad("empty.jpg", b"", "the file is empty")
bad("text.jpg", b"<html>404 not found</html>\n", "not an image: the first bytes are not those of a JPEG, PNG, WebP, TIFF or BMP")
ok("png-named.jpg", save(Image.fromarray(SHARP), "PNG"), SHARP)

ROWS = [row[:4] + (OLD.get(row[0], "?"),) if row[4] == "?" else row for row in ROWS]
lines = ["file\twidth\theight\ttolerance\tsha256 or error"] + ["\t".join(map(str, row)) for row in sorted(ROWS)]
(HERE / "expected.tsv").write_text("\n".join(lines) + "\n")
