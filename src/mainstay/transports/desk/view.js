'use strict';
// How things look on the desk: elements made of texts, never of HTML.
window.DeskView = (() => {
  const make = (name, attributes, ...inside) => {
    const element = document.createElement(name);
    Object.entries(attributes || {}).forEach(([key, value]) => {
      if (value === true) element.setAttribute(key, '');
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
    });
    element.append(...inside.filter(each => each !== null && each !== undefined && each !== ''));
    return element;
  };

  const ago = since => {
    const minutes = Math.floor(Math.max(0, Date.now() - since) / 60000);
    if (minutes < 1) return 'just now';
    if (minutes < 60) return `waits ${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `waits ${hours} h ${minutes % 60} min` : `waits ${Math.floor(hours / 24)} days`;
  };

  const clock = at => {
    const day = new Date(at), today = new Date().toDateString() === day.toDateString();
    const time = {hour: '2-digit', minute: '2-digit'};
    return day.toLocaleString([], today ? time : {...time, day: 'numeric', month: 'short'});
  };

  const time = at => make('time', {datetime: new Date(at).toISOString()}, clock(at));

  const LATE_MS = 5 * 60000;

  const reason = each => ({asked: 'asked for a person', gave_up: 'the bot gave up'})[each.reason] || each.intent;

  // Whose bot it is says something only where there are several.
  const entry = (each, me, current, several) => {
    const late = each.since_ms !== null && Date.now() - each.since_ms > LATE_MS;
    const waits = each.since_ms === null ? null
      : make('span', {class: late ? 'since late' : 'since'}, ago(each.since_ms));
    const who = each.state === 'waiting' || each.agent === me ? null
      : make('span', {}, `with ${each.agent_name || 'a colleague'}`);
    return make('li', {},
      make('button', {type: 'button', class: 'entry', 'data-id': each.conversation_id,
        'aria-current': current ? 'true' : null},
        make('span', {class: 'asked', dir: 'auto'}, each.asked || each.said || '…'),
        make('span', {class: 'facts'}, several ? make('span', {}, each.bot) : null,
          reason(each) ? make('span', {dir: 'auto'}, reason(each)) : null,
          each.talker ? make('span', {dir: 'auto'}, each.talker) : null, who, waits)));
  };

  // Whether the bot had to answer: not to small talk, to what was said to a person, or to what it had asked for.
  const questioned = turn =>
    turn.fallback !== null || (turn.kind !== 'talk' && (!turn.out_of_scope || turn.citations.length > 0));

  const understood = (turn, titles) => {
    if (!turn.text || turn.intent === null) return null;
    // What was answered all the same is of no intent, or from a document; to name the nearest would mislead.
    if (turn.out_of_scope && (!questioned(turn) || turn.citations.length > 0)) return null;
    const name = titles.get(turn.intent) || turn.intent;
    const sure = `${Math.round(turn.confidence * 100)} %`;
    return make('span', {class: 'chip'},
      turn.out_of_scope ? `Out of scope, nearest: ${name}` : `${name}, ${sure} sure`);
  };

  const correction = (turn, titles, corrected) => {
    if (corrected) {
      return make('p', {class: 'corrected'}, `You named: ${titles.get(corrected) || corrected}`);
    }
    const id = `intent-${turn.turn_id}`;
    const options = [...titles].map(([name, title]) => make('option', {value: name}, title));
    return make('details', {class: 'correct'},
      make('summary', {}, 'What was meant?'),
      make('label', {for: id}, 'It was meant as'),
      make('select', {id, 'data-turn': turn.turn_id}, make('option', {value: ''}, 'Choose …'), ...options),
      make('button', {type: 'button', class: 'quiet', 'data-correct': turn.turn_id}, 'Teach the bot'));
  };

  const citations = found => found.length === 0 ? null
    : make('details', {class: 'sources'},
      make('summary', {}, found.length === 1 ? '1 source' : `${found.length} sources`),
      make('ol', {}, ...found.map(each => make('li', {},
        make('strong', {dir: 'auto'}, each.title || each.doc_id),
        make('q', {dir: 'auto'}, each.text || each.quote || '')))));

  const author = (each, context) => each.by === 'bot' ? context.bot
    : each.agent !== null && each.agent === context.me ? 'You' : 'The team';

  const turn = (each, context) => {
    const asked = each.text === '' ? null
      : make('div', {class: 'said'},
        make('p', {class: 'by'}, context.talker, ' · ', time(each.created_ms)),
        make('p', {class: 'text', dir: 'auto'}, each.text),
        make('div', {class: 'judged'}, understood(each, context.titles),
          context.corrects && context.titles.size && questioned(each)
            ? correction(each, context.titles, context.corrected.get(each.turn_id)) : null));
    const replied = each.reply === '' ? null
      : make('div', {class: `reply ${each.by}`},
        make('p', {class: 'by'}, author(each, context), ' · ', time(each.created_ms)),
        make('p', {class: 'text', dir: 'auto'}, each.reply),
        citations(each.citations));
    return make('li', {'data-turn': each.turn_id}, asked, replied);
  };

  return {make, ago, entry, turn};
})();
