"""The accountant: the standard library alone, so that it also runs in an auditor's browser. Everything rounds up."""

from privacy.accounting.amplification import shuffled_epsilon, shuffled_epsilon_at_least
from privacy.accounting.chain import ChainFault, open_envelope
from privacy.accounting.composition import Batches, composed_epsilon
from privacy.accounting.guarantees import check_receipt, guarantees
from privacy.accounting.limits import limit_faults
from privacy.accounting.local import Spending, epsilon_micro, forecast, local_epsilon, round_up, spending
from privacy.accounting.public_check import verify_files
from privacy.accounting.public_files import Fault, PublicFiles

__all__ = [
    "Batches", "ChainFault", "Fault", "PublicFiles", "Spending", "check_receipt", "composed_epsilon", "epsilon_micro", "forecast",
    "guarantees", "limit_faults", "local_epsilon", "open_envelope", "round_up", "shuffled_epsilon", "shuffled_epsilon_at_least",
    "spending", "verify_files",
]  # fmt: skip
