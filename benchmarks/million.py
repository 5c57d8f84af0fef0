"""A catalogue of a million items in codes: `python3 noxfile.py -s bench -- million [--quick]`.

Vectors are made up (2,000 centres and noise), since no set here is that large: time and memory are those of a real one, the error
is not. Last line: items, dim, codes, seconds to fit and to encode, bytes of the codes raw and after brotli (quality 5: this is a
check of size, not a release), memory of a browser's int8 rows, seconds to decode them, and the most memory that Python held.
"""

from __future__ import annotations

import resource
import sys
import time

import brotli
import numpy as np

from benchmarks.result import publish
from edge_model.quantization.product import fit_product
from edge_model.quantization.tables import CodeTable, int8_centroids
from edge_model.weights import unit_rows

ITEMS, DIM, CODES, CENTRES = 1_000_000, 64, 16, 2_000


def main() -> int:
    items = 50_000 if "--quick" in sys.argv[1:] else ITEMS
    source = np.random.default_rng(1)
    centres = source.standard_normal((CENTRES, DIM), np.float32)
    vectors = unit_rows(centres[source.integers(0, CENTRES, items)] + 0.7 * source.standard_normal((items, DIM), np.float32))
    began = time.monotonic()
    fitted = fit_product(vectors, CODES, np.ones(items, np.float32), None, np.random.default_rng(0))
    fit_s = time.monotonic() - began
    table = CodeTable(fitted.codes, int8_centroids(fitted.centroids))
    began = time.monotonic()
    rows = table.rows()
    decode_s = time.monotonic() - began
    publish(
        "million_quick" if items < ITEMS else "million",
        {
            "items": items, "dim": DIM, "codes": CODES, "fit_s": round(fit_s, 1), "decode_s": round(decode_s, 2),
            "code_bytes": fitted.codes.nbytes, "code_bytes_brotli": len(brotli.compress(fitted.codes.tobytes(), quality=5)),
            "row_bytes": rows.nbytes, "mean_squared_error": round(fitted.error, 4),
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        },
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
