"""Rules of the blocklist: rule format, packs that ship with the product, and the matcher."""
