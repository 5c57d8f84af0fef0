"""The token issuer: signs blind for signed-in accounts, on the shop's side. Runs apart from the relay, and knows no report."""
