'use strict';
// One connection to the server: requests and streams by their ids, and a new connection when one is lost.
// It never gives up by itself; whoever is no longer known (code 3000) is told so instead.
window.DeskSocket = class {
  constructor(address, changed) {
    this.address = address;
    this.changed = changed;
    this.requests = new Map();
    this.number = 0;
    this.tries = 0;
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.open = false;
    this.refused = null;
    const before = this.socket;
    const socket = this.socket = new WebSocket(this.address);
    socket.onopen = () => socket.send(JSON.stringify({session: true}));
    socket.onmessage = event => this.heard(JSON.parse(event.data));
    socket.onclose = event => {
      if (socket === this.socket) this.lost(event.code);
    };
    if (before) before.close();
  }

  heard(message) {
    if (message.authenticated) {
      this.open = true;
      this.tries = 0;
      this.changed('open');
      return;
    }
    if (message.error && message.id === null) this.refused = message.error;
    const request = this.requests.get(message.id);
    if (!request) return;
    if ('item' in message) {
      request.item(message.item);
      return;
    }
    this.requests.delete(message.id);
    if (message.error) request.failed(message.error);
    else request.done(message.result);
  }

  lost(code) {
    this.open = false;
    const broken = {code: 'ConnectionLost', title: 'The connection was lost', detail: 'It is tried again.'};
    const requests = [...this.requests.values()];
    this.requests.clear();
    requests.forEach(request => request.failed(broken));
    if (code === 3000) {
      this.changed('unknown', this.refused);
      return;
    }
    // Servers that start again are not met by everybody at the same moment.
    const wait = Math.min(30, 2 ** this.tries) * (0.75 + Math.random() / 2);
    this.tries += 1;
    this.timer = setTimeout(() => this.connect(), wait * 1000);
    this.changed('lost', Math.ceil(wait));
  }

  // Asks for an operation; gives its answer, or throws the problem document.
  ask(operation, values, key) {
    return new Promise((done, failed) => this.send(operation, values, key, {done, failed, item: () => {}}));
  }

  // Follows a stream: `item` for each piece, `ended` with a problem or without; gives what ends it.
  follow(operation, values, item, ended) {
    const id = this.send(operation, values, undefined, {item, done: () => ended(null), failed: ended});
    return () => {
      if (!this.requests.delete(id)) return;
      if (this.open) this.socket.send(JSON.stringify({id, cancel: true}));
    };
  }

  send(operation, values, key, request) {
    const id = String(this.number += 1);
    if (!this.open) {
      const told = {code: 'ConnectionLost', title: 'There is no connection', detail: 'It is tried again.'};
      setTimeout(() => request.failed(told));
      return id;
    }
    this.requests.set(id, request);
    const message = {id, operation, values};
    if (key) message.idempotency_key = key;
    this.socket.send(JSON.stringify(message));
    return id;
  }
};
