"""The kernel tier: C source and its built module, and what packs an exported model for it."""

from browser_runtime.kernel.pack import Packed, pack_model

__all__ = ["Packed", "pack_model"]
