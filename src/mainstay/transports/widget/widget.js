// The widget of Mainstay: <script src="https://…/widget.js" data-widget="widget_…" async></script>
// Everything it shows is text; nothing that is said or stored becomes markup, and no other host is asked.
(() => {
  "use strict";

  const script = document.currentScript;
  const id = script?.dataset.widget ?? "";
  const started = (globalThis.mainstayWidgets ??= new Set());
  if (!/^[\w-]{1,64}$/.test(id) || started.has(id)) return;
  started.add(id);
  const api = new URL(`v1/assistant/widgets/${id}/`, script.src).href;

  const WORDS = {
    en: {
      open: "Open the chat", opened: "Close the chat", unread: (n) => `Open the chat, ${n} new`,
      close: "Close", anew: "Start anew", log: "Conversation", label: "Your message", send: "Send",
      hint: "Write a message", person: "Talk to a person", waiting: "A person will answer here. Please wait.",
      undo: "Never mind",
      agent: (name) => `${name} answers`, somebody: "A person answers", closed: "The conversation has ended.",
      offline: "No connection. Trying again …", failed: "That did not work. Please try again.",
      gone: "The chat is not available now.", you: "You", bot: "Assistant", team: "Person",
      good: "Helpful", bad: "Not helpful", thanks: "Thank you.", comment: "What was missing? (optional)",
      tell: "Send comment", source: (n) => `Source ${n}`, sources: "Sources", suggested: "Suggestions",
      choose: "Choose one", busy: "Too many messages. Trying again …",
    },
    de: {
      open: "Chat öffnen", opened: "Chat schließen", unread: (n) => `Chat öffnen, ${n} neu`,
      close: "Schließen", anew: "Neu beginnen", log: "Gespräch", label: "Ihre Nachricht", send: "Senden",
      hint: "Nachricht schreiben", person: "Mit einem Menschen sprechen",
      waiting: "Ein Mensch wird hier antworten. Bitte warten Sie.", undo: "Doch nicht nötig",
      agent: (name) => `${name} antwortet`, somebody: "Ein Mensch antwortet",
      closed: "Das Gespräch ist beendet.", offline: "Keine Verbindung. Neuer Versuch …",
      failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
      gone: "Der Chat ist gerade nicht verfügbar.", you: "Sie", bot: "Assistent", team: "Mensch",
      good: "Hilfreich", bad: "Nicht hilfreich", thanks: "Danke.", comment: "Was hat gefehlt? (freiwillig)",
      tell: "Kommentar senden", source: (n) => `Quelle ${n}`, sources: "Quellen", suggested: "Vorschläge",
      choose: "Wählen Sie", busy: "Zu viele Nachrichten. Neuer Versuch …",
    },
    fr: {
      open: "Ouvrir la discussion", opened: "Fermer la discussion",
      unread: (n) => `Ouvrir la discussion, ${n} nouveau(x) message(s)`,
      close: "Fermer", anew: "Recommencer", log: "Conversation", label: "Votre message", send: "Envoyer",
      hint: "Écrivez un message", person: "Parler à une personne",
      waiting: "Une personne vous répondra ici. Veuillez patienter.", undo: "Finalement, ce n’est pas la peine",
      agent: (name) => `${name} vous répond`, somebody: "Une personne vous répond",
      closed: "La conversation est terminée.", offline: "Pas de connexion. Nouvel essai…",
      failed: "Cela n’a pas marché. Veuillez réessayer.",
      gone: "La discussion n’est pas disponible pour le moment.", you: "Vous", bot: "Assistant",
      team: "Personne", good: "Utile", bad: "Pas utile", thanks: "Merci.",
      comment: "Que manquait-il ? (facultatif)", tell: "Envoyer le commentaire",
      source: (n) => `Source ${n}`, sources: "Sources", suggested: "Suggestions", choose: "Choisissez",
      busy: "Trop de messages. Nouvel essai…",
    },
    es: {
      open: "Abrir el chat", opened: "Cerrar el chat", unread: (n) => `Abrir el chat, ${n} sin leer`,
      close: "Cerrar", anew: "Empezar de nuevo", log: "Conversación", label: "Su mensaje", send: "Enviar",
      hint: "Escriba un mensaje", person: "Hablar con una persona",
      waiting: "Una persona le responderá aquí. Espere, por favor.", undo: "Ya no hace falta",
      agent: (name) => `Responde ${name}`, somebody: "Responde una persona",
      closed: "La conversación ha terminado.", offline: "Sin conexión. Reintentando…",
      failed: "No ha funcionado. Inténtelo de nuevo.", gone: "El chat no está disponible ahora.",
      you: "Usted", bot: "Asistente", team: "Persona", good: "Útil", bad: "No es útil", thanks: "Gracias.",
      comment: "¿Qué faltaba? (opcional)", tell: "Enviar comentario", source: (n) => `Fuente ${n}`,
      sources: "Fuentes", suggested: "Sugerencias", choose: "Elija", 
      busy: "Demasiados mensajes. Reintentando…",
    },
  };

  const STYLE = `
    :host { all: initial; color-scheme: light dark;
      --accent: #1d4ed8; --on-accent: #fff; --page: #fff; --soft: #f1f3f6; --text: #16181d; --dim: #565d69;
      --line: #868d99; --hair: #dfe3e8; --focus: var(--ring-day, #1d4ed8);
      --font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
    @media (prefers-color-scheme: dark) { :host { --page: #16181d; --soft: #24272e; --text: #f2f4f7;
      --dim: #b1b8c4; --line: #7d8592; --hair: #353a43; --focus: var(--ring-night, #8fb4ff); } }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    .launch, .panel { position: fixed; z-index: 2147483000; font: 400 16px/1.45 var(--font); }
    .launch { inset-block-end: calc(20px + env(safe-area-inset-bottom));
      inset-inline-end: calc(20px + env(safe-area-inset-right)); width: 56px; height: 56px; border-radius: 50%;
      border: 1px solid transparent; background: var(--accent); color: var(--on-accent); cursor: pointer;
      display: grid; place-items: center; box-shadow: 0 6px 20px rgb(0 0 0 / .28); }
    .count { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-width: 22px; height: 22px;
      padding: 0 6px; border-radius: 11px; background: #b42318; color: #fff; font: 600 13px/22px var(--font);
      border: 1px solid transparent; }
    .panel { inset-block-end: calc(88px + env(safe-area-inset-bottom));
      inset-inline-end: calc(20px + env(safe-area-inset-right)); width: 384px;
      height: min(620px, 100dvh - 116px); display: flex; flex-direction: column; overflow: hidden;
      background: var(--page); color: var(--text); border: 1px solid var(--hair); border-radius: 16px;
      box-shadow: 0 16px 48px rgb(0 0 0 / .26); animation: rise .16s ease-out; }
    @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    header { display: flex; align-items: center; gap: 4px; padding: 12px 10px 12px 18px;
      border-block-end: 1px solid var(--hair); }
    [dir=rtl] header { padding: 12px 18px 12px 10px; }
    h2 { flex: 1; margin: 0; font: 600 17px/1.3 var(--font); overflow-wrap: anywhere; min-width: 0; }
    button { font: inherit; color: inherit; }
    .icon { width: 40px; height: 40px; flex: none; border: 0; border-radius: 10px; background: none;
      color: var(--dim); cursor: pointer; display: grid; place-items: center; }
    .icon:hover { background: var(--soft); color: var(--text); }
    .status { margin: 0; padding: 8px 18px; background: var(--soft); color: var(--text);
      border-block-end: 1px solid var(--hair); font-size: 14px; }
    .status:empty { display: none; }
    .log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 18px; display: flex;
      flex-direction: column; gap: 14px; }
    hr { border: 0; border-top: 1px solid var(--hair); width: 100%; margin: 4px 0; }
    .turn { display: flex; flex-direction: column; gap: 10px; }
    .bubble { max-width: 88%; padding: 10px 14px; border-radius: 14px; white-space: pre-wrap;
      overflow-wrap: anywhere; background: var(--soft); align-self: flex-start; border: 1px solid transparent;
      border-end-start-radius: 4px; margin: 0; }
    .mine { background: var(--accent); color: var(--on-accent); align-self: flex-end;
      border-radius: 14px; border-end-end-radius: 4px; }
    .words { display: block; }
    .who { font-size: 13px; color: var(--dim); margin: 0 0 -6px; }
    .dots { display: inline-flex; gap: 5px; padding: 6px 0; }
    .dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--dim);
      animation: blink 1.2s infinite both; }
    .dots i:nth-child(2) { animation-delay: .2s; } .dots i:nth-child(3) { animation-delay: .4s; }
    @keyframes blink { 40% { opacity: .25; } }
    .row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
    .chip { border: 1px solid var(--line); background: var(--page); border-radius: 18px; padding: 7px 14px;
      cursor: pointer; text-align: start; font-size: 15px; min-height: 36px; overflow-wrap: anywhere; }
    .chip:hover { background: var(--soft); }
    .notes { display: flex; flex-direction: column; gap: 6px; max-width: 88%; }
    details { border: 1px solid var(--hair); border-radius: 10px; font-size: 14px; overflow: hidden; }
    summary { cursor: pointer; padding: 7px 12px; overflow-wrap: anywhere; list-style: none; display: flex;
      gap: 8px; }
    summary::-webkit-details-marker { display: none; }
    summary::after { content: "+"; margin-inline-start: auto; color: var(--dim); }
    details[open] summary::after { content: "–"; }
    summary b { font-weight: 600; color: var(--dim); }
    blockquote { margin: 0; padding: 2px 12px 10px; white-space: pre-wrap; overflow-wrap: anywhere;
      color: var(--text); max-height: 220px; overflow-y: auto; }
    .judge { display: flex; gap: 4px; align-items: center; margin-block-start: -6px; color: var(--dim);
      font-size: 14px; }
    .judge .icon { width: 32px; height: 32px; }
    .judge .icon[aria-pressed=true] { background: var(--soft); color: var(--text);
      box-shadow: inset 0 0 0 1px var(--line); }
    .say { display: flex; gap: 8px; align-items: flex-end; padding: 12px 14px; border: 0; margin: 0;
      border-block-start: 1px solid var(--hair); }
    .more { padding: 0 14px 12px; }
    textarea { flex: 1; min-width: 0; font: 400 16px/1.4 var(--font); color: var(--text);
      background: var(--page); border: 1px solid var(--line); border-radius: 12px; padding: 9px 12px;
      resize: none; height: 42px; max-height: 140px; margin: 0; }
    textarea::placeholder { color: var(--dim); opacity: 1; }
    .send { width: 42px; height: 42px; flex: none; border: 1px solid transparent; border-radius: 12px;
      background: var(--accent); color: var(--on-accent); cursor: pointer; display: grid; place-items: center; }
    .comment { display: flex; flex-direction: column; gap: 8px; align-items: flex-start; max-width: 88%;
      width: 100%; font-size: 14px; }
    .comment label { color: var(--dim); }
    .comment textarea { width: 100%; height: 62px; flex: none; }
    .away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap; }
    :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
    textarea:focus-visible { outline-offset: -1px; border-color: var(--focus); }
    .log:focus-visible, summary:focus-visible { outline-offset: -3px; }
    .launch:focus-visible { box-shadow: 0 0 0 2px var(--page), 0 6px 20px rgb(0 0 0 / .28); }
    svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 2;
      stroke-linecap: round; stroke-linejoin: round; }
    .launch svg { width: 26px; height: 26px; }
    [dir=rtl] .send svg { transform: scaleX(-1); }
    @media (max-width: 480px), (max-height: 460px) {
      .panel { inset: 0; width: auto; height: 100vh; height: 100dvh; border: 0; border-radius: 0; animation: none;
        padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom)
          env(safe-area-inset-left); }
      .launch.under { display: none; }
      .icon { width: 44px; height: 44px; }
      .judge .icon { width: 40px; height: 40px; }
      .chip { min-height: 44px; }
      .send, textarea { min-height: 44px; } }
    @media (prefers-reduced-motion: reduce) { *, .panel { animation: none !important; } }
    @media (forced-colors: active) { .launch, .send, .bubble, .count { border-color: CanvasText; }
      .launch, .send { background: ButtonFace; color: ButtonText; }
      .judge .icon[aria-pressed=true] { outline: 2px solid Highlight; } }
    @media print { .launch, .panel { display: none; } }
  `;

  const ICONS = {
    chat: "M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12Z",
    down: "m6 9 6 6 6-6",
    close: "M6 6l12 12M18 6 6 18",
    anew: "M4 12a8 8 0 1 0 2.6-5.9M4 4v5h5",
    send: "M4 12h15M13 6l6 6-6 6",
    good: "M7 11v9H4v-9h3Zm0 0 4-7c1.5 0 2.3 1 2 2.6L12.400 10H18a2 2 0 0 1 2 2.400l-1.200 6A2 2 0 0 1 16.800 20H7",
    bad: "M17 13V4h3v9h-3Zm0 0-4 7c-1.500 0-2.300-1-2-2.600l.600-3.400H6a2 2 0 0 1-2-2.400l1.200-6A2 2 0 0 1 7.200 4H17",
  };

  // What lasts over a reload of the page, in this tab alone.
  const place = `mainstay.${id}`;
  const kept = { token: "", ends: 0, conversation: "", pending: null, open: false, rated: {} };
  try { Object.assign(kept, JSON.parse(sessionStorage.getItem(place) ?? "{}")); } catch { /* not kept then */ }
  const keep = (changed) => {
    Object.assign(kept, changed);
    try { sessionStorage.setItem(place, JSON.stringify(kept)); } catch { /* not kept then */ }
  };

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };
  const pause = (ms, signal) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
    addEventListener("online", resolve, { once: true });
  });

  // How the house is asked.
  class Refused extends Error {
    constructor(status, code, waitS) { super(code); Object.assign(this, { status, code, waitS }); }
  }
  const ask = async (method, path, body, signal, stream = false) => {
    const headers = { Accept: stream ? "text/event-stream" : "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (kept.token) headers.Authorization = `Bearer ${kept.token}`;
    const sent = { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store",
      credentials: "omit", referrerPolicy: "no-referrer" };
    const answer = await fetch(api + path, sent);
    if (answer.ok) return answer;
    let code = "";
    try { code = (await answer.json()).code ?? ""; } catch { /* a proxy answered */ }
    throw new Refused(answer.status, code, Number(answer.headers.get("Retry-After")) || 0);
  };
  const visit = async () => {
    const before = kept.token;
    keep({ token: "" });
    let told;
    try {
      told = await (await ask("POST", "visits", before ? { token: before } : {})).json();
    } catch (failure) { keep({ token: before }); throw failure; }
    const same = kept.visitor === told.visitor_id;
    keep({ token: told.token, ends: told.ends_ms, visitor: told.visitor_id, began: Date.now() });
    if (!same && kept.conversation) forget();
  };
  let visiting = null;
  const asked = async (...given) => {
    const renew = () => (visiting ??= visit().finally(() => { visiting = null; }));
    const lasts = 3_600_000;  // by this machine's clock from when it was given, whatever that clock says
    if (!kept.token || Date.now() - (kept.began ?? 0) > lasts - 120_000) await renew();
    try { return await ask(...given); } catch (failure) {
      if (failure.status !== 401) throw failure;
      await renew();
      return ask(...given);
    }
  };
  const events = async function* (answer, silentMs) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
      for (;;) {
        let timer;
        const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error("silent")), silentMs); });
        const { done, value } = await Promise.race([reader.read(), late]).finally(() => clearTimeout(timer));
        if (done) throw new Error("broken off");
        text += value;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const lines = text.slice(0, end).split("\n");
          const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
          if (field("event") === "end") return;
          if (field("event") === "problem") {
            const told = JSON.parse(field("data"));
            throw new Refused(told.status, told.code, 0);
          }
          if (field("event") === "piece") yield JSON.parse(field("data"));
        }
      }
    } catch (failure) {
      throw Object.assign(failure, { begun: true });
    } finally { reader.cancel().catch(() => {}); }
  };

  // What is shown.
  const phone = matchMedia("(max-width: 480px), (max-height: 460px)");
  let look, words, host, shadow, root, panel, launch, count, log, note, field, person, undo, restart, actions;
  const build = () => {
    const wanted = look.language || document.documentElement.lang || navigator.language || "en";
    const language = wanted.slice(0, 2).toLowerCase() in WORDS ? wanted.slice(0, 2).toLowerCase() : "en";
    words = WORDS[language];
    host = make("div", { "data-mainstay": id });
    shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    if (look.colour) {
      host.style.setProperty("--accent", look.colour);
      const shine = brightness(look.colour);  // at .1833 black and white contrast alike
      host.style.setProperty("--on-accent", shine > .1833 ? "#111" : "#fff");
      // A ring of this colour, where it contrasts 3 to 1 with the page behind it.
      if (1.05 / (shine + .05) >= 3) host.style.setProperty("--ring-day", look.colour);
      if ((shine + .05) / .0589 >= 3) host.style.setProperty("--ring-night", look.colour);
    }
    const dir = getComputedStyle(document.documentElement).direction;
    root = make("div", { dir, lang: language });
    count = make("span", { class: "count", hidden: true, "aria-hidden": "true" });
    launch = make("button", { class: "launch", type: "button", "aria-expanded": "false",
      onclick: () => (panel.hidden ? open() : close()) }, icon("chat"), count);
    log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": words.log, tabindex: "0" });
    note = make("p", { class: "status", role: "status" });
    field = make("textarea", { id: "say", rows: "1", maxlength: "4000", placeholder: words.hint, dir: "auto",
      enterkeyhint: "send", autocomplete: "off", onkeydown: typed, oninput: grow });
    restart = make("button", { class: "icon", type: "button", "aria-label": words.anew, title: words.anew,
      hidden: true, onclick: anew }, icon("anew"));
    person = make("button", { class: "chip", type: "button", onclick: callPerson }, words.person);
    undo = make("button", { class: "chip", type: "button", onclick: () => { focus(); say(words.undo); } }, words.undo);
    actions = make("div", { class: "row more" }, person, undo);
    panel = make("section", { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true,
        onkeydown: pressed },
      make("header", {}, make("h2", { id: "title", dir: "auto" }, look.title), restart,
        make("button", { class: "icon", type: "button", "aria-label": words.close, title: words.close,
          onclick: close }, icon("close"))),
      note, log,
      make("form", { class: "say", onsubmit: submitted },
        make("label", { class: "away", for: "say" }, words.label), field,
        make("button", { class: "send", type: "submit", "aria-label": words.send, title: words.send },
          icon("send"))),
      actions);
    root.append(panel, launch);
    shadow.append(root);
    document.body.append(host);
    greet();
    unread(0);
    phone.addEventListener("change", modal);
  };
  const brightness = (colour) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
    });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const worded = (text) => make("span", { class: "words", dir: "auto" }, text);
  const greet = () => {
    if (look.greeting) log.append(make("div", { class: "bubble" }, worded(look.greeting)));
    if (!look.suggestions.length) return;
    const chips = look.suggestions.map((text) =>
      make("button", { class: "chip", type: "button", dir: "auto", onclick: () => { focus(); say(text); } }, text));
    log.append(make("div", { class: "row first", role: "group", "aria-label": words.suggested }, ...chips));
  };

  let news = 0;
  const unread = (many) => {
    news = many;
    count.hidden = !many;
    count.textContent = String(many);
    launch.setAttribute("aria-label", !panel.hidden ? words.opened : many ? words.unread(many) : words.open);
  };
  const open = (quietly = false) => {
    panel.hidden = false;
    launch.setAttribute("aria-expanded", "true");
    launch.firstChild.replaceWith(icon("down"));
    launch.classList.add("under");
    unread(0);
    keep({ open: true });
    modal();
    if (!quietly) focus();
    follow();
    bottom();
  };
  const close = () => {
    panel.hidden = true;
    launch.setAttribute("aria-expanded", "false");
    launch.firstChild.replaceWith(icon("chat"));
    launch.classList.remove("under");
    unread(0);
    keep({ open: false });
    modal();
    launch.focus();
    if (!attended()) stop();
  };
  const focus = () => field.focus({ preventScroll: true });
  let overflow = null;
  const modal = () => {
    const is = !panel.hidden && phone.matches;
    panel.setAttribute("aria-modal", String(is));
    const page = document.documentElement.style;
    if (is && overflow === null) { overflow = page.overflow; page.overflow = "hidden"; }
    if (!is && overflow !== null) { page.overflow = overflow; overflow = null; }
  };
  const pressed = (event) => {
    if (event.key === "Escape" && !event.isComposing) { event.stopPropagation(); close(); }
    if (event.key !== "Tab" || !phone.matches) return;
    const all = [...panel.querySelectorAll("button, textarea, summary, [tabindex='0']")]
      .filter((each) => !each.disabled && each.getClientRects().length);
    const [edge, other] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
    if (shadow.activeElement === edge) { event.preventDefault(); other.focus(); }
  };
  const typed = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  };
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 140)}px`;
  };
  const submitted = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || busy) return;
    field.value = "";
    grow();
    say(text, back?.text === text && state !== "closed" ? back.key : undefined);  // what may have arrived is not said twice
  };
  const bottom = () => { log.scrollTop = log.scrollHeight; };
  let frame = 0, down = false;
  const stick = (wanted) => {  // before something is shown; once in a frame, for many turns may come at once
    down = frame ? down || wanted : wanted || log.scrollHeight - log.scrollTop - log.clientHeight < 120;
    frame ||= requestAnimationFrame(() => { frame = 0; if (down) bottom(); });
  };

  // Where the conversation stands.
  let state = "open", agent = "", trouble = "";
  const attended = () => state === "waiting" || state === "claimed";
  const stands = (changed, name) => {
    state = changed;
    agent = name ?? agent;
    if (state !== "claimed") agent = "";
    status();
  };
  const status = () => {
    const told = { open: "", waiting: words.waiting, closed: words.closed,
      claimed: agent ? words.agent(agent) : words.somebody }[state];
    if (note.textContent !== (trouble || told)) note.textContent = trouble || told;
    person.hidden = state !== "open" || !kept.conversation;
    undo.hidden = state !== "waiting";
    actions.hidden = person.hidden && undo.hidden;
    restart.hidden = !kept.conversation;
  };
  const worry = (text) => { trouble = text; status(); };

  // Turns, each shown once whatever tells of it.
  const turns = new Map();
  let choosing = null;
  const show = (turn) => {
    if (active && !active.turn && turn.by === "bot" && turn.text === active.text && !turns.has(turn.turn_id)) {
      begun(turn.turn_id);
    }
    if (active?.turn === turn.turn_id && !turn.answered) return;
    const before = turns.get(turn.turn_id);
    if (before?.told === JSON.stringify(turn)) return;
    stick(Boolean(turn.text));
    const box = before?.box ?? make("div", { class: "turn" });
    box.dataset.number = turn.number;
    const parts = [];
    if (turn.text) parts.push(before?.mine ?? mine(turn.text));
    if (turn.by === "person") parts.push(make("p", { class: "who" }, agent || words.team));
    if (turn.reply) {
      const who = make("span", { class: "away" }, `${turn.by === "person" ? agent || words.team : words.bot}: `);
      parts.push(make("div", { class: "bubble" }, who, worded(turn.reply)));
    }
    if (turn.notes.length) parts.push(notes(turn.notes));
    if (turn.options.length) parts.push(options(turn));
    const answers = turn.kind === "answer" && !turn.options.length;  // older turns do not say that they ask
    const judged = turn.by === "bot" && turn.answered && turn.reply && answers;
    if (judged && (state === "open" || turn.notes.length || turn.turn_id in kept.rated)) parts.push(judge(turn));
    for (const each of [...box.children]) if (!parts.includes(each)) each.remove();
    box.append(...parts.filter((each) => each.parentNode !== box));  // what was read out stays where it is
    if (!box.isConnected) {
      let later = null;
      for (let each = log.lastElementChild; each && each.dataset.number > turn.number;) {
        later = each;
        each = each.previousElementSibling;
      }
      log.insertBefore(box, later);
    }
    turns.set(turn.turn_id, { box, told: JSON.stringify(turn), mine: turn.text ? parts[0] : null });
    log.querySelector(".first")?.remove();
    if (choosing && !box.contains(choosing)) choosing.remove();
    choosing = box.querySelector(".options") ?? choosing;
    if (panel.hidden && turn.reply && turn.by === "person") unread(news + 1);
  };
  const mine = (text) => make("div", { class: "bubble mine" },
    make("span", { class: "away" }, `${words.you}: `), worded(text));
  const notes = (all) => {
    const sources = new Map(all.map((each) => [each.number, { title: each.title, texts: new Set() }]));
    for (const each of all) sources.get(each.number).texts.add(each.text);
    return make("div", { class: "notes", role: "group", "aria-label": words.sources },
      ...[...sources].map(([number, source]) => make("details", {},
        make("summary", {}, make("b", {}, `${number}`),
          make("span", { dir: "auto" }, source.title || words.source(number))),
        ...[...source.texts].map((text) => make("blockquote", { dir: "auto" }, text)))));
  };
  const options = (turn) => make("div", { class: "row options", role: "group", "aria-label": words.choose },
    ...turn.options.map((text) => make("button", { class: "chip", type: "button", dir: "auto",
      onclick: () => { focus(); say(text); } }, text)));
  const judge = (turn) => {
    const told = make("span", { role: "status" });
    const row = make("div", { class: "judge" });
    const press = async (helpful, comment) => {
      keep({ rated: { ...kept.rated, [turn.turn_id]: helpful } });
      mark();
      told.textContent = words.thanks;
      try {
        await asked("POST", `turns/${turn.turn_id}/feedback`, { helpful, comment: comment ?? "" });
      } catch { told.textContent = words.failed; }
    };
    const remark = () => {
      const box = make("form", { class: "comment" });
      const area = make("textarea", { id: `c-${turn.turn_id}`, maxlength: "2000", dir: "auto" });
      box.append(make("label", { for: area.id }, words.comment), area,
        make("button", { class: "chip", type: "submit" }, words.tell));
      box.addEventListener("submit", (event) => {
        event.preventDefault();
        const text = area.value.trim();
        box.remove();
        focus();
        if (text) press(kept.rated[turn.turn_id], text);
      });
      row.parentNode.querySelector(".comment")?.remove();
      row.after(box);
      bottom();
    };
    const button = (name, helpful) => make("button", { class: "icon", type: "button", "aria-label": words[name],
      title: words[name], onclick: () => { press(helpful); remark(); } }, icon(name));
    const both = [[button("good", true), true], [button("bad", false), false]];
    const mark = () => both.forEach(([each, helpful]) =>
      each.setAttribute("aria-pressed", String(kept.rated[turn.turn_id] === helpful)));
    mark();
    row.append(...both.map(([each]) => each), told);
    return row;
  };

  // Saying something: told once to the house, however often it has to be sent. Without a network it waits for
  // one; what is refused for now, or broken off, is tried five times in two minutes, over reloads, then given back.
  const PAUSES_S = [2, 8, 30, 60];
  let active = null, busy = false, back = null;
  const begun = (turnId) => {
    active.turn = turnId;
    const before = turns.get(turnId)?.box;
    if (before !== active.box) before?.remove();
    turns.set(turnId, { box: active.box, told: "", mine: active.mine });
  };
  const say = async (text, key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, refused = 0) => {
    if (busy) return;
    busy = true;
    if (state === "closed") forget(true);
    keep({ pending: { text, key, refused } });
    const dots = make("span", { class: "dots" }, make("i"), make("i"), make("i"));
    const coming = make("div", { class: "bubble", "aria-hidden": "true" }, dots);
    const own = mine(text);
    const box = make("div", { class: "turn", "data-number": "1e9" }, own);
    if (state === "open") box.append(coming);
    active = { text, turn: "", box, mine: own };
    log.append(box);
    log.querySelector(".first")?.remove();
    bottom();
    for (let tries = 0; ; tries++) {
      try {
        await heard(text, key, coming);
        break;
      } catch (failure) {
        if (await hopeless(failure, text, tries)) break;
        coming.replaceChildren(dots);
      }
    }
    active = null;
    busy = false;
    keep({ pending: null });
    if (trouble === words.offline || trouble === words.busy) worry("");
    follow();
  };
  const heard = async (text, key, coming) => {
    const given = { text, turn_key: key };
    if (kept.conversation) given.conversation_id = kept.conversation;
    const answer = await asked("POST", "turns", given, undefined, true);
    worry("");
    let said = "";
    for await (const piece of events(answer, 60_000)) {
      if (piece.conversation_id !== kept.conversation) keep({ conversation: piece.conversation_id });
      if (!active.turn) begun(piece.turn_id);
      said += piece.text;
      if (said) {
        stick(false);
        coming.replaceChildren(worded(said));
      }
      if (piece.result) {
        coming.remove();
        if (!following) stands(piece.state);
        const whole = piece.result;
        active.text = "";
        active.turn = "";
        show(whole);
      }
    }
    status();
  };
  // Say what is done about a failure: true when it is told, false when it is tried again.
  const hopeless = async (failure, text, tries) => {
    if (failure instanceof Refused || failure.begun) {
      if (failure.code === "ConversationMissing" && tries < 3) { keep({ conversation: "" }); return false; }
      if (failure.code === "ConversationBusy" && tries < 8) { await pause(300 * 2 ** tries); return false; }
      if (failure.status === 429 || failure.status >= 500 || !failure.status) {
        const { key, refused } = kept.pending;
        keep({ pending: { text, key, refused: refused + 1 } });
        if (refused < PAUSES_S.length) {
          worry(failure.status === 429 ? words.busy : words.offline);
          await pause(1000 * Math.max(PAUSES_S[refused], Math.min(failure.waitS || 0, 60)));
          return false;
        }
        back = { text, key };
      }
      active.box.remove();
      if (failure.code === "ConversationEnded") stands("closed");
      worry([403, 404, 401].includes(failure.status) ? words.gone : failure.code === "ConversationEnded" ? "" : words.failed);
      field.value = [text, field.value].filter(Boolean).join("\n");
      grow();
      return true;
    }
    worry(words.offline);
    await pause(Math.min(500 * 2 ** tries, 15_000) * (.7 + .6 * Math.random()));
    return false;
  };

  // Following what happens meanwhile.
  let following = null;
  const stop = () => { following?.abort(); following = null; };
  const follow = async () => {
    if (following || !kept.conversation || state === "closed") return;
    const mineOnly = following = new AbortController();
    const { signal } = mineOnly;
    let last = "";
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        const after = last ? `?after=${last}` : "";
        const path = `conversations/${kept.conversation}/follow${after}`;
        const answer = await asked("GET", path, undefined, signal, true);
        if (!busy) worry("");
        for await (const piece of events(answer, 50_000)) {
          if (signal.aborted) return;
          tries = 0;
          stands(piece.state, piece.agent);
          if (piece.turn) {
            show(piece.turn);
            if (piece.turn.answered) last = piece.turn.turn_id;
          }
          if (piece.state === "closed") { stop(); return; }
        }
        await pause(250, signal);
      } catch (failure) {
        if (signal.aborted) return;
        if (failure instanceof Refused && failure.status < 500 && failure.status !== 429) {
          if (failure.status === 401 && tries < 2) { keep({ began: 0 }); continue; }
          if (failure.code === "TurnMissing" && last) { last = ""; continue; }
          if (following === mineOnly) following = null;
          if (failure.code !== "ConversationMissing") worry(words.gone);
          else if (!busy) { forget(); greet(); }
          return;
        }
        worry(words.offline);
        await pause(Math.min(500 * 2 ** tries, 20_000) * (.7 + .6 * Math.random()), signal);
      }
    }
  };
  const callPerson = async () => {
    person.disabled = true;
    try {
      await asked("POST", `conversations/${kept.conversation}/person`);  // whoever follows hears what comes of it
      focus();
      follow();
    } catch { worry(words.failed); }
    person.disabled = false;
  };
  const forget = (shows = false) => {  // what was said before may stand on, above a rule
    stop();
    keep({ conversation: "", rated: {} });
    back = null;
    turns.clear();
    if (shows) log.append(make("hr"));
    else for (const each of [...log.children]) if (each !== active?.box) each.remove();
    trouble = "";
    stands("open", "");
  };
  const anew = () => {
    if (busy) return;
    const ended = state === "closed" ? "" : kept.conversation;
    forget();
    greet();
    focus();
    if (ended) asked("POST", `conversations/${ended}/end`).catch(() => {});
  };

  const start = async () => {
    try { look = await (await ask("GET", "look")).json(); } catch (failure) {
      console.warn(`Mainstay's widget "${id}" cannot be shown: \`data-widget\` may be misspelt, the widget gone, `
        + `the server out of reach, or ${location.origin} not among the widget's origins.`);
      if (failure instanceof Refused && failure.status < 500) return;  // it is not here, or not for this page
      await pause(10_000);
      start();
      return;
    }
    build();
    status();
    if (kept.open) open(true);
    else if (kept.conversation) follow();
    if (kept.pending) say(kept.pending.text, kept.pending.key, kept.pending.refused);
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
