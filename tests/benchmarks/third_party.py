"""The super-resolution net that others trained, against the picture in its own package.

`python -m tests.benchmarks.third_party OUTPUT` converts it at the golden picture's size for
LiteRT and OpenVINO and compares each bundle's output with the package's golden PNG.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import edgekit
from edgekit.data.images import png
from edgekit.metrics import psnr
from tests.thirdparty import esrgan


def main(output: Path) -> None:
    """Convert, enlarge the package's input, and print the PSNR against its golden picture."""
    image, golden = esrgan.golden()
    with tempfile.TemporaryDirectory() as scratch:
        net = Path(scratch) / "esrgan.keras"
        esrgan.build().save(net)
        report = edgekit.convert(
            net,
            targets=["linux-litert", "linux-openvino"],
            output=output,
            sizes=(image.shape[:2],),
            input_range=(0.0, 255.0),
            output_range=(0.0, 255.0),
            force=True,
        )
    for target in report.targets:
        if target.bundle is None:
            continue
        enlarged = edgekit.load(target.bundle).transform(image[None].astype(np.float32))[0]
        pixels = esrgan.to_image(enlarged)
        (output / f"{target.name}.png").write_bytes(png(pixels))
        quality = psnr.measure(golden, pixels, 255.0)
        worst = np.abs(golden.astype(int) - pixels).max()
        print(f"{target.name}: {target.chosen}, {quality:.1f} dB, worst {worst} levels of 255")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
