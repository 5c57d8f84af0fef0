"""The browser's half: TypeScript below `src/`, and what bundles it for one shop.

IntentlyError
└── BundleError            base of this package
    ├── BundlerMissing     no Node modules: esbuild or onnxruntime-web is not there
    ├── BundleFailed       esbuild refused the sources, or the bundle could not be written
    ├── BundleUnreadable   a folder that holds no bundle, or one that was altered
    └── NotOfTheFamily     a model that the kernel does not compute
"""

from browser_runtime.bundle import BUNDLE_FILES, BundleFile, BundleRecord, build_bundle, check_bundle, read_bundle
from browser_runtime.errors import BundleError, BundleFailed, BundlerMissing, BundleUnreadable, NotOfTheFamily
from browser_runtime.kernel import Packed, pack_model

__all__ = [
    "BUNDLE_FILES",
    "BundleError",
    "BundleFailed",
    "BundleFile",
    "BundleRecord",
    "BundleUnreadable",
    "BundlerMissing",
    "NotOfTheFamily",
    "Packed",
    "build_bundle",
    "check_bundle",
    "pack_model",
    "read_bundle",
]
