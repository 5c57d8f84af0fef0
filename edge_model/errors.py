"""Errors of the edge_model package.

IntentlyError
└── EdgeModelError           base: a log, a model or a training that cannot be used, in one sentence
    ├── LogUnreadable        the file is absent, truncated or no file of its kind
    ├── LogRefused           the file was read, but its content is no usable session log
    ├── FeedRefused          a product feed that cannot be used, or that would give an index to another item
    ├── FeatureError         events that the feature spec cannot encode
    ├── TrainExtraMissing    training was asked for without the `train` extra
    ├── TrainingFailed       training ended without a usable model
    ├── QuantizationError    the model cannot be made as small as was asked, or not in that way
    ├── ModelFileError       an exported model that is absent, broken or made for another feature spec
    └── ParityError          the exported model does not compute what the trainer computes
"""

from __future__ import annotations

from contracts import IntentlyError


class EdgeModelError(IntentlyError):
    """Base of every error that edge_model raises on purpose."""


class LogUnreadable(EdgeModelError):
    """The file is absent, truncated or not of its kind."""


class LogRefused(EdgeModelError):
    """The file was read, but its content is no usable session log."""


class FeedRefused(EdgeModelError):
    """A product feed cannot be used, or would give an index to another item."""


class FeatureError(EdgeModelError):
    """The feature spec cannot encode these events."""


class TrainExtraMissing(EdgeModelError):
    """Training needs JAX, which only the `train` extra installs."""


class TrainingFailed(EdgeModelError):
    """Training ended without a usable model."""


class QuantizationError(EdgeModelError):
    """The model cannot be quantized so."""


class ModelFileError(EdgeModelError):
    """The exported model is absent, broken or made for another feature spec."""


class ParityError(EdgeModelError):
    """The exported model does not compute what the trainer computes."""
