"""Errors of the bundler; the tree stands in `browser_runtime/__init__.py`."""

from contracts import IntentlyError


class BundleError(IntentlyError):
    """Base of this package."""


class BundlerMissing(BundleError):
    """esbuild or onnxruntime-web is not installed."""


class BundleFailed(BundleError):
    """The bundle could not be built."""


class BundleUnreadable(BundleError):
    """A folder that holds no bundle of ours, or one that was altered after it was built."""


class NotOfTheFamily(BundleError):
    """A model that the kernel does not compute; the sentence names the operator."""
