"""The embedded classifier of abuse: hashed character n-grams, 8-bit weights, a sum over words.

`docs/classifier.md` describes the file format and the arithmetic, so that another language can
compute the same scores.
"""
