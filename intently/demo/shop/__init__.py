"""The demo shop: its pages and their build."""
