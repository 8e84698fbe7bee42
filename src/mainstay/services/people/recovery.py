"""Recovery codes: for whoever has lost the authenticator app, typed from paper, each of 50 random bits."""

CODES = 10
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O and U
LENGTH = 10
_LOOKALIKES = str.maketrans("OIL", "011", " -")


def code_of(random: bytes) -> str:
    """Give the code that ten random bytes make; 32 letters divide a byte's values evenly."""
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in random[:LENGTH])
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"


def typed(code: str) -> str:
    """Give the one form of a code, however it was typed."""
    return code.upper().translate(_LOOKALIKES)
