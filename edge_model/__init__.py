"""Session logs in, a compact session model for the browser out."""
