"""Delivery: static files with the right headers. Any web server could do it; this one is the embedded default."""
