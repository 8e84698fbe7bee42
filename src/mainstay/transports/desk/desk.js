'use strict';
// The desk: what waits, the conversation that is open, and what the person who answers does with it.
(() => {
  const {make, entry, turn} = window.DeskView;
  const part = id => document.getElementById(id);
  const main = part('desk');
  const me = main.dataset.me, corrects = main.dataset.corrects === 'yes';
  const entries = new Map(), drafts = new Map(), titles = new Map(), corrected = new Map();
  let open = null;   // the conversation on the right: its id, what is known of it, its turns
  let stopDesk = () => {}, stopTalk = () => {};
  let known = false, waitingBefore = null, loggedOut = false;

  const say = text => { part('announce').textContent = text; };
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new window.DeskSocket(`${scheme}//${location.host}/v1/socket`, (state, more) => {
    if (state === 'open') begin();
    if (state === 'lost') offline(more);
    if (state === 'unknown') signedOut(more);
  });

  // The connection.

  const begin = () => {
    part('lost').hidden = true;
    main.classList.remove('offline');
    followDesk();
    if (open) followTalk(open.id);
  };

  const offline = seconds => {
    part('lost').hidden = loggedOut;
    part('lost-text').textContent =
      `The connection was lost. What you wrote is kept; it is tried again in ${seconds} s.`;
    main.classList.add('offline');
  };

  const signedOut = failure => {
    loggedOut = true;
    if (failure && failure.code === 'OriginRefused') part('gone-text').textContent = failure.detail;
    part('lost').hidden = true;
    part('gone').hidden = false;
    main.classList.add('offline');
    part('gone').querySelector('a').focus();
  };

  const followDesk = () => {
    stopDesk();
    stopDesk = socket.follow('assistant.follow_desk', {}, deskNews, failure => {
      if (failure === null) followDesk();
      else if (failure.code === 'PermissionMissing') signedOut(failure);
      else if (failure.code !== 'ConnectionLost') setTimeout(followDesk, 1000 * (failure.retry_after_s || 5));
    });
  };

  // The queue.

  const deskNews = news => {
    known = true;
    if (news.fresh) entries.clear();
    news.entries.forEach(each => entries.set(each.conversation_id, each));
    news.gone.forEach(id => entries.delete(id));
    showQueue();
    tellWaiting();
  };

  const longest = (one, other) =>
    (one.since_ms === null) - (other.since_ms === null) || (one.since_ms || 0) - (other.since_ms || 0)
    || one.changed_ms - other.changed_ms;

  const groups = () => {
    const all = [...entries.values()].sort(longest);
    return {
      waiting: all.filter(each => each.state === 'waiting'),
      mine: all.filter(each => each.state === 'claimed' && each.agent === me),
      others: all.filter(each => each.state === 'claimed' && each.agent !== me),
    };
  };

  // Puts rows into a list unless they stand there already: what is not touched keeps its focus, and is not
  // read aloud again. Says whether anything was touched.
  const arranged = (list, rows) => {
    const before = [...list.children];
    const same = rows.length === before.length && rows.every((row, at) => row.isEqualNode(before[at]));
    if (!same) list.replaceChildren(...rows);
    return !same;
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const showQueue = () => {
    const focused = document.activeElement.dataset ? document.activeElement.dataset.id : undefined;
    const found = groups(), several = new Set([...entries.values()].map(each => each.bot)).size > 1;
    let moved = false;
    Object.entries(found).forEach(([name, list]) => {
      const shown = list.map(each => entry(each, me, open && open.id === each.conversation_id, several));
      moved = arranged(part(name), shown) || moved;
      part(`${name}-group`).hidden = list.length === 0;
      write(part(`${name}-count`), String(list.length));
    });
    part('loading').hidden = known;
    part('empty').hidden = !known || entries.size > 0;
    if (focused && moved) {
      const again = document.querySelector(`.entry[data-id="${CSS.escape(focused)}"]`);
      (again || document.querySelector('.entry') || part('queue')).focus();
    }
  };

  const tellWaiting = () => {
    const {waiting, mine} = groups();
    const count = waiting.length + mine.filter(each => each.since_ms !== null).length;
    document.title = `${count ? `(${count}) ` : ''}Desk – Mainstay`;
    if (waitingBefore !== null && waiting.length > waitingBefore) {
      say(`Somebody new waits: ${waiting[waiting.length - 1].asked}`);
    }
    waitingBefore = waiting.length;
  };

  part('queue').addEventListener('click', event => {
    const button = event.target.closest('.entry');
    if (button) go(button.dataset.id);
  });

  part('queue').addEventListener('keydown', event => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    const all = [...document.querySelectorAll('.entry')];
    const at = all.indexOf(document.activeElement);
    const next = all[at === -1 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
    if (next) next.focus();
    event.preventDefault();
  });

  // The conversation.

  const chosen = () => {
    try {
      return decodeURIComponent(location.hash.slice(1)) || null;
    } catch {
      return null;
    }
  };

  const go = id => {
    if (chosen() === id) show(id);
    else location.hash = encodeURIComponent(id);
  };

  const show = id => {
    if (open) drafts.set(open.id, part('text').value);
    stopTalk();
    open = id ? {id, state: null, agent: null, bot_id: null, bot: '', talker: null, turns: new Map(), key: null} : null;
    document.body.dataset.view = open ? 'talk' : 'list';
    part('nothing').hidden = Boolean(open);
    part('talk').hidden = !open;
    fail(null);
    showQueue();
    if (!open) return;
    part('text').value = drafts.get(id) || '';
    part('turns').replaceChildren();
    showState();
    part('title').focus();
    if (socket.open) followTalk(id);
  };

  const followTalk = async (id, again = false) => {
    stopTalk();
    let stopped = false, stop = () => {};
    stopTalk = () => { stopped = true; stop(); };
    part('log').setAttribute('aria-busy', 'true');
    const failed = failure => {
      if (stopped || failure.code === 'ConnectionLost') return;
      fail(failure);
      part('log').setAttribute('aria-busy', 'false');
      if (['ConversationMissing', 'PermissionMissing'].includes(failure.code)) return;
      setTimeout(() => { if (!stopped) followTalk(id, true); }, 1000 * (failure.retry_after_s || 5));
    };
    try {
      const whole = await socket.ask('assistant.get_conversation', {conversation_id: id});
      if (stopped) return;
      if (again) fail(null);
      Object.assign(open, {state: whole.state, agent: whole.agent, bot_id: whole.bot_id});
      showState();
      await learnIntents(whole.bot_id);
      if (stopped) return;
      whole.history.forEach(each => open.turns.set(each.turn_id, each));
      atEnd = true;
      showTurns();
      part('log').setAttribute('aria-busy', 'false');
      if (whole.state === 'closed') return;
      const last = whole.history.length ? {after: whole.history[whole.history.length - 1].turn_id} : {};
      stop = socket.follow('assistant.follow_conversation', {conversation_id: id, ...last}, talkNews, failure => {
        if (stopped || !open || open.state === 'closed') return;
        if (failure === null) followTalk(id);
        else failed(failure);
      });
    } catch (failure) {
      failed(failure);
    }
  };

  const learnIntents = async bot_id => {
    titles.clear();
    if (!corrects) return;
    const found = await socket.ask('assistant.list_intents', {bot_id});
    found.forEach(each => titles.set(each.name, each.title));
  };

  const talkNews = news => {
    Object.assign(open, {state: news.state, agent: news.agent});
    if (news.turn) {
      open.turns.set(news.turn.turn_id, news.turn);
      showTurns(news.turn.turn_id);
    }
    showState();
  };

  // Shows all turns, or the one that is new or otherwise now, so that only that is read aloud.
  const showTurns = only => {
    const context = {me, bot: open.bot || 'The bot', talker: open.talker || 'Visitor', titles, corrects, corrected};
    const log = part('log'), list = part('turns');
    if (only) {
      const before = list.querySelector(`[data-turn="${CSS.escape(only)}"]`);
      const now = turn(open.turns.get(only), context);
      if (before) before.replaceWith(now);
      else list.append(now);
    } else {
      list.replaceChildren(...[...open.turns.values()].map(each => turn(each, context)));
    }
    if (!only || atEnd) log.scrollTop = log.scrollHeight;
  };

  // Whoever reads the end stays there, also when the keyboard of a phone takes half of the screen.
  let atEnd = true;
  part('log').addEventListener('scroll', () => {
    const log = part('log');
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  });
  new ResizeObserver(() => {
    if (atEnd) part('log').scrollTop = part('log').scrollHeight;
  }).observe(part('log'));
  part('turns').addEventListener('toggle', event => event.target.scrollIntoView({block: 'nearest'}), true);

  const words = {
    open: 'The bot answers.',
    waiting: 'Waits for a person. Claim it to answer.',
    closed: 'Closed.',
  };

  const showState = () => {
    const row = entries.get(open.id), mine = open.state === 'claimed' && open.agent === me;
    const other = row && row.agent !== me && row.agent_name ? row.agent_name : 'A colleague';
    if (row) Object.assign(open, {bot: row.bot, talker: row.talker});
    write(part('title'), open.talker ? `${open.talker}, ${open.bot}` : open.bot || 'Conversation');
    write(part('state'), open.state === null ? 'Loading …'
      : mine ? 'You answer.' : words[open.state] || `${other} answers.`);
    part('state').dataset.state = mine ? 'mine' : open.state || '';
    part('claim').hidden = mine || !['waiting', 'open', 'claimed'].includes(open.state);
    write(part('claim'), open.state === 'claimed' ? 'Take over' : 'Claim');
    part('back-to-bot').hidden = !mine && open.state !== 'waiting';
    part('close').hidden = !mine && open.state !== 'waiting' && open.state !== 'open';
    part('reply').hidden = !mine;
  };

  const fail = failure => {
    part('problem').hidden = failure === null;
    write(part('problem'), failure === null ? '' : `${failure.title}. ${failure.detail}`);
  };

  const act = async (button, operation, values, key) => {
    button.disabled = true;
    fail(null);
    try {
      return await socket.ask(operation, values, key);
    } catch (failure) {
      fail(failure);
      return null;
    } finally {
      button.disabled = false;
    }
  };

  part('claim').addEventListener('click', async event => {
    const found = await act(event.currentTarget, 'assistant.claim_conversation',
      {conversation_id: open.id, take_over: open.state === 'claimed'});
    if (!found || !open || open.id !== found.conversation_id) return;
    Object.assign(open, {state: found.state, agent: found.agent});
    showState();
    part('text').focus();
  });

  const end = state => async event => {
    const found = await act(event.currentTarget, 'assistant.close_conversation',
      {conversation_id: open.id, state});
    if (!found || !open || open.id !== found.conversation_id) return;
    drafts.delete(open.id);
    part('text').value = '';
    Object.assign(open, {state: found.state, agent: found.agent});
    showState();
    say(state === 'closed' ? 'The conversation is closed.' : 'The bot answers again.');
    part('title').focus();
  };
  part('close').addEventListener('click', end('closed'));
  part('back-to-bot').addEventListener('click', end('open'));

  const fresh = () => [...crypto.getRandomValues(new Uint8Array(16))].map(each => each.toString(16)).join('');

  const send = async () => {
    const text = part('text').value.trim();
    if (!text || part('send').disabled) return;
    const talk = open;
    // A reply that may have arrived already has the same key again, so that it is said once.
    if (!talk.key || talk.key.text !== text) talk.key = {text, key: `desk-${fresh()}`};
    const found = await act(part('send'), 'assistant.reply_to_conversation',
      {conversation_id: talk.id, text}, talk.key.key);
    if (!found) return;
    talk.key = null;
    // What was written since the reply was sent stays, here or in the draft of who has left for another.
    if ((drafts.get(talk.id) || '').trim() === text) drafts.delete(talk.id);
    if (!open || open.id !== talk.id) return;
    if (part('text').value.trim() === text) part('text').value = '';
    if (open !== talk) return;
    part('text').focus();
    talk.turns.set(found.turn_id, found);
    showTurns(found.turn_id);
  };

  part('reply').addEventListener('submit', event => {
    event.preventDefault();
    send();
  });
  part('text').addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.isComposing && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  });

  part('turns').addEventListener('click', async event => {
    const button = event.target.closest('[data-correct]');
    if (!button) return;
    const turn_id = button.dataset.correct;
    const intent = button.parentElement.querySelector('select').value;
    if (!intent) {
      button.parentElement.querySelector('select').focus();
      return;
    }
    const found = await act(button, 'assistant.rate_turn', {bot_id: open.bot_id, turn_id, intent});
    if (!found) return;
    corrected.set(turn_id, intent);
    showTurns(turn_id);
    say(found.state === 'accepted' ? 'The bot learns from it when it is trained.' : 'It waits for a review.');
  });

  // The way around.

  const leave = () => {
    const id = open && open.id;
    history.replaceState(null, '', location.pathname);
    show(null);
    const row = id && document.querySelector(`.entry[data-id="${CSS.escape(id)}"]`);
    (row || document.querySelector('.entry') || part('queue')).focus();
  };
  part('back').addEventListener('click', leave);
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !event.isComposing && open) leave();
  });
  part('again').addEventListener('click', () => socket.connect());
  window.addEventListener('online', () => { if (!socket.open && !loggedOut) socket.connect(); });
  window.addEventListener('hashchange', () => show(chosen()));
  setInterval(showQueue, 15000);
  show(chosen());
})();
