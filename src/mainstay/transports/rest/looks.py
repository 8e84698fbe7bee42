"""How the door's own pages look: one style sheet and one small script, nothing fetched from elsewhere."""

import base64
import hashlib
from html import escape

STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#526071;--paper:#fff;--box:#f3f5f8;
--line:#d5dbe3;--link:#0b57a4;--get:#0a6b3d;--post:#0b57a4;--delete:#a3221b}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#a5b1c2;--paper:#12171e;--box:#1b222c;--line:#364252;
--link:#7db7f5;--get:#6fd39d;--post:#7db7f5;--delete:#ff9a92}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main,header,nav{max-width:60rem;margin:auto;padding:0 1rem}
header{padding-top:1.5rem}h1{margin:0}h2{margin-top:2.5rem}
a{color:var(--link)}code,pre,textarea,input,.path{font-family:ui-monospace,monospace;font-size:.92em}
pre,textarea{overflow:auto;background:var(--box);border:1px solid var(--line);border-radius:.4rem;
padding:.7rem;max-height:24rem;color:inherit}pre{white-space:pre-wrap;overflow-wrap:anywhere}
textarea{width:100%;min-height:9rem}
input{padding:.45rem;border:1px solid var(--line);border-radius:.4rem;background:var(--box);
color:inherit;width:100%}
label{display:block;margin:.5rem 0 .2rem}
button{font:inherit;padding:.5rem 1.2rem;margin:.8rem 0;border:1px solid var(--link);border-radius:.4rem;
background:var(--link);color:var(--paper);cursor:pointer}
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;padding:0 .9rem}
summary{cursor:pointer;padding:.6rem 0;overflow-wrap:anywhere}
.method{font-weight:700;display:inline-block;min-width:4.2rem}.get{color:var(--get)}.post{color:var(--post)}
.delete{color:var(--delete)}.what{color:var(--soft);display:block}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:.35rem .6rem .35rem 0;
overflow-wrap:break-word}th,td:not(:last-child){white-space:nowrap}
caption{text-align:left;font-weight:700;padding:.6rem 0 .2rem}td p{margin:0 0 .3rem}td p:last-child{margin:0}
pre:has(output:empty){padding:0;border:0;margin:0}
@media(max-width:40rem){table,caption,tbody,tr,td:last-child{display:block}
tr{border-bottom:1px solid var(--line);padding:.4rem 0}th,td{border:0;padding:0}
th,td:not(:last-child){display:inline-block;margin-right:.7rem;white-space:normal}td:empty{display:none}}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1rem;list-style:none;padding:0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
"""

SCRIPT = """
document.querySelectorAll('form[data-path]').forEach(form => form.addEventListener('submit', async event => {
  event.preventDefault();
  const out = form.querySelector('output'), query = new URLSearchParams();
  let path = form.dataset.path, body;
  const headers = {'X-API-Key': document.getElementById('key').value};
  out.textContent = 'Waiting …';
  try {
    const fields = new FormData();
    form.querySelectorAll('[data-in]').forEach(field => {
      const name = field.name, place = field.dataset.in;
      if (place === 'file') { if (field.files[0]) fields.append(name, field.files[0]); return; }
      if (field.value === '') return;
      if (place === 'path') path = path.replace('{' + name + '}', encodeURIComponent(field.value));
      if (place === 'query') query.set(name, field.value);
      if (place === 'header') headers[name] = field.value;
      if (place === 'form') fields.append(name, field.value);
      if (place === 'body') { body = field.value; headers['Content-Type'] = 'application/json'; }
    });
    if (form.dataset.form) body = fields;
    const address = path + (query.size ? '?' + query : '');
    const answer = await fetch(address, {method: form.dataset.method, headers, body});
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch (error) { shown = text; }
    out.textContent = answer.status + ' ' + answer.statusText + '\\n\\n' + shown;
  } catch (error) { out.textContent = String(error); }
}));
"""


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


STYLE_SOURCE = _digest(STYLE)
"""What a page's policy has to let in for the style sheet."""
POLICY = (
    f"default-src 'none'; style-src {STYLE_SOURCE}; script-src {_digest(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(title: str, body: str, *, script: bool = False) -> str:
    """Give a whole page around ready HTML."""
    scripted = f"<script>{SCRIPT}</script>" if script else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}{scripted}</body></html>"
    )
