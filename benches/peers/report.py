"""docs/performance.md from the results of `benches/peers/run`."""

NAMES = {
    "augmint": "**augmint**",
    "albumentations": "albumentations",
    "augrs": "augrs",
    "opencv": "OpenCV by hand",
}
ROWS = [
    ("jpeg", "JPEG q90 4:2:0, SHA-256, a file", "jpeg"),
    ("png", "PNG, peers at OpenCV's default", "png"),
    ("png1", "PNG, peers at OpenCV level 1", "png"),
    ("tensor", "tensor: no encoding, no hash", "tensor"),
    ("streamed", "tensor after a JPEG round trip", "streamed"),
    ("webp", "lossless WebP, SHA-256, a file", "webp"),
]
STAGES = {
    "draw": "keys, draws, lowering, folding",
    "resample": "flips and rotation, one resampling",
    "noise": "Gaussian noise",
    "colour": "colour shift",
    "blend": "mixup",
    "other": "other passes",
}
ENDINGS = {
    "jpeg": [("jpeg", "JPEG encoding"), ("jpeg hash", "SHA-256"), ("jpeg write", "the file")],
    "png": [("png", "PNG encoding"), ("png hash", "SHA-256"), ("png write", "the file")],
    "tensor": [("tensor", "to planes")],
}
# Milliseconds of the fastest that we know of with AVX2 alone, for 512×640 RGB: throw-away sketches and published libraries,
# each measured alone. Colour shift and mixup ride along in the loop that adds the noise.
KNOWN = {
    "resample": (0.40, "fixed-point AVX2, warm source"),
    "noise": (0.36, "eight 16-level tables through `pshufb`, colour shift included"),
    "colour": (0.0, "in the noise"),
    "blend": (0.02, "in the noise"),
    "jpeg": (1.09, "libjpeg-turbo on a noisy page"),
    "png": (0.95, "Huffman-only sketch"),
}
HASH_GB_PER_S = 1.9  # SHA-NI


def ratio(theirs, ours):
    return f"{theirs / ours:.1f}×"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def time_of(result, who, mode):
    return result["times"].get(who, {}).get(mode)


def versus(result):
    """(row, our figure, {peer: its figure})"""
    for mode, title, our_mode in ROWS:
        ours = time_of(result, "augmint", our_mode)
        peers = {who: time_of(result, who, mode) for who in ("albumentations", "augrs", "opencv")}
        if ours:
            yield title, ours, {who: figure for who, figure in peers.items() if figure}


def speed_table(result):
    rows = []
    for title, ours, peers in versus(result):
        cell = lambda who: f"{peers[who]['ms']:.2f} ({ratio(peers[who]['ms'], ours['ms'])})" if who in peers else ""
        rows.append([title, f"**{ours['ms']:.2f}**", cell("albumentations"), cell("augrs"), cell("opencv")])
    return table(["ms per sample (times ours)", *NAMES.values()], rows)


def spread_line(result):
    widest = max(
        (figure["most"] / figure["least"], who, mode)
        for who, modes in result["times"].items()
        for mode, figure in modes.items()
    )
    waits = max(figure["wall"] for modes in result["times"].values() for figure in modes.values())
    text = f"Between rounds the widest spread is {100 * (widest[0] - 1):.0f} % ({widest[1]}, {widest[2]})."
    if waits > 1.05 or result["others"] > 0.1:
        text += (
            f" **The machine was busy** (others used {result['others']:.1f} cores on the average; wall time up to {waits:.2f} times"
            " CPU time): figures are CPU time, but caches and memory were shared."
        )
    return text


def known_of(stage, result, mode):
    if stage in KNOWN:
        return KNOWN[stage]
    if stage.endswith(" hash"):
        size = result["times"]["augmint"][mode]["bytes"]
        return size / HASH_GB_PER_S / 1e6, f"SHA-NI, {HASH_GB_PER_S} GB/s"
    return None


def theirs_of(stage, result):
    name = {"jpeg hash": "hash", "png hash": None}.get(stage, stage)
    return result["their_stages"]["ms"].get(name)


def roofline(result, mode):
    stages = result["stages"]
    listed = [(name, title) for name, title in STAGES.items() if name in stages] + ENDINGS[mode]
    total = sum(stages[name]["ms"] for name, _ in listed)
    rows, floor = [], 0.0
    for name, title in listed:
        ours, on = stages[name]["ms"], stages[name]["on"]
        known, theirs = known_of(name, result, mode), theirs_of(name, result)
        # What a stage costs at least: what is known, and nothing where nothing is.
        share = on if name == "blend" else 1.0
        floor += known[0] * share if known else ours
        rows.append(
            [
                title,
                f"{ours:.3f}",
                f"{100 * ours / total:.0f} %",
                f"{theirs * share:.3f}" if theirs is not None else "",
                f"{known[0] * share:.3f} ({known[1]})" if known else "as ours",
            ]
        )
    measured = result["times"]["augmint"][mode]["ms"]
    rows.append(["**sum**", f"**{total:.3f}**", "", "", f"**{floor:.3f}**"])
    head = ["stage", "ours, ms", "share", "OpenCV here, ms", "fastest known, ms"]
    text = table(head, rows)
    return text + (
        f"\n\nA sample takes {measured:.3f} ms in the table above, {total:.3f} ms as the sum of its stages; the floor that the "
        f"fastest known stages add up to is {floor:.3f} ms, {100 * floor / measured:.0f} % of it."
    )


def folding(result):
    folded, alone = (result["times"][who]["tensor"]["ms"] for who in ("twelve", "twelve, one after the other"))
    return (
        f"`benches/recipes/twelve.toml` has twelve ops, all always on. Folded, a sample takes {folded:.2f} ms to its tensor; "
        f"with the same kernels one op after the other {alone:.2f} ms: folding leaves **{100 * folded / alone:.0f} %** of the time."
    )


def threads(result):
    blocks = result["blocks"]
    here = table(
        ["threads here", "samples/s", "efficiency"],
        [
            [str(row["threads"]), f"{row['samples_per_second']:.0f}", f"{100 * row['efficiency']:.0f} %"]
            for row in blocks["threads"]
        ],
    )
    many = table(
        ["threads", "seconds", "efficiency, rendering alone", "with the writers", "writers", "busy"],
        [
            [
                str(row["threads"]),
                f"{row['seconds']:.1f}",
                f"{100 * row['efficiency']:.1f} %",
                f"{100 * row['efficiency_with_writer']:.1f} %",
                str(row["writers"]),
                f"{100 * row['writer_busy']:.0f} %",
            ]
            for row in blocks["makespan"]
        ],
    )
    spread = blocks["block_ms"]
    return f"""A block is 16 copies of one source, made from its file: read, hashed, decoded, rendered, encoded, hashed, described.
{blocks['blocks']} blocks of sources of 360×450 to 770×960 pixels take {spread['least']:.0f} to {spread['most']:.0f} ms, {spread['mean']:.0f} on
average, so {blocks['ms_per_sample']:.2f} ms per sample and {blocks['write_ms_per_sample']:.3f} ms to write it into its shard.
Efficiency is (time on one thread) / (threads × time).

{here}

For many threads the makespan of {blocks['version']:,} samples is computed from these block times: blocks in order to whoever is
free, at most four blocks per thread ahead of the first that is not written, each shard written in order by one of a few
writers. It leaves out memory bandwidth, clock speeds and the disk.

{many}"""


def facts(result):
    machine, peers = result["machine"], result["facts"]
    build = f"{machine['rustc']}, profile {result['profile']}, {peers['augmint']['profile']}"
    hidden = (
        "AVX-512 is hidden: from augmint by `AUGMINT_SIMD=avx2`, from OpenCV by `OPENCV_CPU_DISABLE=AVX512-SKX` and "
        "`OPENCV_IPP=avx2`, from numpy by `NPY_DISABLE_CPU_FEATURES`, from simsimd and stringzilla by their own switches, from "
        "the C library by `GLIBC_TUNABLES`; the Python libraries were asked afterwards what they still see. augrs chooses between "
        "scalar and AVX2 code, and its program holds no AVX-512 instruction: there is nothing to hide"
        if result["avx512_hidden"]
        else "AVX-512 is not hidden"
    )
    pin = "pinned to one core" if result["pinned"] else "not pinned to a core"
    return "\n".join(
        [
            f"- machine: {machine['cpu']}; {machine['cores']} cores; {', '.join(machine['caches'])}; {', '.join(machine['flags'])}; "
            f"Linux {machine['kernel']}",
            f"- {hidden}",
            f"- augmint {machine['commit']}, {build}",
            f"- albumentations {peers['albumentations']['version']}, augrs {peers['augrs']['version']} (the package `augrs-py`), "
            f"OpenCV {peers['opencv']['opencv']}, numpy {peers['opencv']['numpy']}, Python {machine['python']}",
            f"- {result['date']}, {result['rounds']} rounds in turn of {result['samples']} samples a mode, one thread, {pin}, medians; "
            f"{result['seconds']} s in all",
            f"- command: `{result['command']}`",
        ]
    )


def page(result):
    return f"""# Performance

Written by `benches/peers/run`; do not edit by hand.

Recipe R: flips (each with probability ½), rotation by up to ±180° (bilinear, white corners, the canvas kept), Gaussian noise of
σ 5 to 40, a colour shift of up to ±20 per channel, and for a quarter of the samples mixup with another source. Pages are
512×640 RGB, made by a formula, decoded before the clock starts, and the same for everyone; 16 copies of one, then of the
next. Figures are milliseconds of CPU time per sample on one thread, everything included that a user would pay for.

{speed_table(result)}

{spread_line(result)}

{facts(result)}

What each does: albumentations runs its own ops in one `Compose`; augrs its own, and OpenCV's addition for the colour shift,
which it has not; OpenCV by hand folds the flips into the rotation's matrix and the shift into the noise's mean, and keeps its
buffers. None of them has mixup: it is `cv2.addWeighted`. They stay in BGR throughout and have no thread pool. All partners have
the canvas's size, so nobody resizes them. A tensor is `[3, h, w]` u8, contiguous (`cv2.split` into an array that is there): a
trainer turns a batch of them into floats on its device. The round trip is what streaming a lossy version costs.

## Where each millisecond goes

A stage's time is what a sample takes with it, less what it takes without it and all that follows; so fused passes are counted
once. Each is the least of five runs, and a mean over samples. "OpenCV here" is the same stage by OpenCV (hash: OpenSSL), on the
same core on the same day. "Fastest known" are figures of sketches and libraries, each measured alone on a Zen 5 core.

### To JPEG

{roofline(result, "jpeg")}

### To PNG

{roofline(result, "png")}

### To a tensor

{roofline(result, "tensor")}

## What folding saves

{folding(result)}

## Threads

{threads(result)}
"""


def summary(result):
    """A few lines for the terminal."""
    lines = []
    for title, ours, peers in versus(result):
        ratios = ", ".join(f"{who} {ratio(figure['ms'], ours['ms'])}" for who, figure in peers.items())
        lines.append(f"{title:36} {ours['ms']:7.2f} ms   {ratios}")
    return "\n".join([*lines, folding(result).replace("**", "")])
