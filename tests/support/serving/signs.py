"""Names of classes, and whether a model whose classes are called so reads signs."""

SIGNS = {
    "digits": tuple(map(str, range(10))),
    "numbers": ("0", "10", "255"),
    "characters": ("A", "b", "?", "\u00e9", "\u3042", "\U0001d538"),
    "EMNIST's letters": ("N/A", "Aa", "Bb", "Zz"),
}
"""What signs are called."""

WORDS = {
    "clothes": ("Trouser", "Bag"),
    "one word among digits": ("0", "1", "two"),
    "two letters": ("Ab", "Ba"),
    "a letter twice": ("AA", "bb"),
    "small before capital": ("aA",),
    "two characters without case": ("--",),
    "another N/A": ("n/a",),
}
"""What else classes are called."""
