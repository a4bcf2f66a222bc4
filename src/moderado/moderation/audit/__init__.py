"""Audits of chats that other systems exported: parsers, figures, and one page."""
