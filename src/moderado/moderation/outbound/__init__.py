"""What remote providers send: masked texts, prompts, and the parsing of answers. Pure."""
