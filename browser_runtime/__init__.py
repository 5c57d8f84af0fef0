"""The browser's half: TypeScript below `src/`, and what bundles it for one shop.

IntentlyError
└── BundleError            base of this package
    ├── BundlerMissing     no Node modules: esbuild or onnxruntime-web is not there
    ├── BundleFailed       esbuild refused the sources, or the bundle could not be written
    └── BundleUnreadable   a folder that holds no bundle, or one that was altered
"""

from browser_runtime.bundle import BUNDLE_FILES, BundleFile, BundleRecord, build_bundle, check_bundle, read_bundle
from browser_runtime.errors import BundleError, BundleFailed, BundlerMissing, BundleUnreadable

__all__ = [
    "BUNDLE_FILES",
    "BundleError",
    "BundleFailed",
    "BundleFile",
    "BundleRecord",
    "BundleUnreadable",
    "BundlerMissing",
    "build_bundle",
    "check_bundle",
    "read_bundle",
]
