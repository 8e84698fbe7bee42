"""Texts that are made to take long."""

HOSTILE = [
    *("a", " ", "a ", "a.", ".", "-", "ab-", "'", "漢", "漢的", "あ", "😀"),
    *("\u200b", "אב ", "a\u0301", "A. ", "?!"),
]
"""What a megabyte is made of."""
