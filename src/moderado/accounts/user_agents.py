"""Names devices by their User-Agent header, for the list of sessions. Never used to decide."""

import re

MAX_LENGTH = 200

# The first match names the client: later browsers claim to be earlier ones.
_CLIENTS = (
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad|iPod", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[A-Za-z][\w.\-]{0,39}")


def cleaned(user_agent: str) -> str:
    """Return what is stored of a User-Agent header: printable ASCII, cut."""
    return re.sub(r"[^ -~]", "", user_agent).strip()[:MAX_LENGTH]


def device_name(user_agent: str) -> str:
    """Return a short name such as `Firefox, Linux`, or an empty string."""
    client, system = _first(_CLIENTS, user_agent), _first(_SYSTEMS, user_agent)
    if not client:
        program = _PROGRAM.match(user_agent)
        client = program.group() if program and program.group() != "Mozilla" else ""
    return ", ".join(filter(None, (client, system)))


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, text)), "")
