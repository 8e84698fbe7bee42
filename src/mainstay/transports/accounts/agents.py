"""Programs in short words: of a browser its name and its system, of anything else what it calls itself."""

import re

_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
"""By what stands in the header, the most telling first: nearly all call themselves Chrome or Safari too."""
_SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
_PRODUCT = re.compile(r"(?!Mozilla\b)[A-Za-z][\w.-]{0,39}")


def in_short(agent: str) -> str:
    """Give a User-Agent in a few words; it says what it likes, so nothing follows from it."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(agent)
    return product[0] if product else "An unknown program"
