"""Policies: documents that people write, and what they compile to."""
