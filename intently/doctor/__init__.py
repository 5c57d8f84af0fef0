"""`intently doctor URL`: what a shop's policy, caches, compression or types break, found by asking as a browser does."""

from intently.doctor.examine import NotAPage, examine
from intently.doctor.finding import Finding

__all__ = ["Finding", "NotAPage", "examine"]
