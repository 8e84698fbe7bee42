"""The front page: that the server runs, and what a newcomer does first, with the server's own address."""

from html import escape

from mainstay.transports.rest.looks import page

_STORE = """# The key that the first start has printed:
export MAINSTAY_API_KEY=mk_…

curl -H "Authorization: Bearer $MAINSTAY_API_KEY" -H "Content-Type: application/json" \\
  -d '{"collection": "notes", "text": "The meeting is on Monday at nine."}' \\
  "URL/v1/documents?wait=true"
"""
_ASK = """curl -H "Authorization: Bearer $MAINSTAY_API_KEY" -H "Content-Type: application/json" \\
  -d '{"question": "When is the meeting?", "collection": "notes"}' \\
  URL/v1/knowledge/answer
"""
_PYTHON = """from mainstay.client import Mainstay

with Mainstay("URL", key="mk_…") as mainstay:
    print(mainstay.knowledge.answer("When is the meeting?", collection="notes").answer)
"""
_MCP = """# Streamable HTTP, with the key as Authorization: Bearer mk_…
URL/mcp
"""
_STEPS = {
    "Store a document": _STORE,
    "Ask": _ASK,
    "Ask from Python": _PYTHON,
    "Ask from an assistant, by MCP": _MCP,
}
_LINKS = {
    "/account/sign-in": "Sign in",
    "/desk": "Desk, where people answer what bots pass on",
    "/docs": "Reference, to read and to try",
    "/openapi.json": "OpenAPI document",
    "/healthz": "Health",
    "/readyz": "Readiness",
}


def front_page(version: str, url: str) -> str:
    """Give the page; `url` is the server's address as the reader knows it."""
    links = "".join(f'<li><a href="{path}">{text}</a></li>' for path, text in _LINKS.items())
    steps = "".join(
        f'<h2>{title}</h2><pre tabindex="0">{escape(text.replace("URL", url))}</pre>'
        for title, text in _STEPS.items()
    )
    return page(
        "Mainstay",
        "<header><h1>Mainstay</h1><p>Search and grounded answers over your own documents. "
        f"Version {escape(version)}.</p></header>"
        f'<nav aria-label="Pages"><ul>{links}</ul></nav><main>{steps}</main>',
    )
