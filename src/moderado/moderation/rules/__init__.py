"""What the blocklist looks for: rules, the packs that ship with the product, and the matcher."""
