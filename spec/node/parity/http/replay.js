// Plays scenarios of an http server on Node's own `http`. One JSON command a line comes in,
// one JSON answer a line goes out; replay.py reads the same scenarios.
'use strict';

const http = require('http');
const readline = require('readline');

const DEFAULT_WATCH = { req: ['end', 'close', 'error', 'aborted'], res: ['finish', 'close', 'error'], socket: [] };

const text = (data) => Buffer.isBuffer(data) ? data.toString('latin1') : String(data);

class Replay {
  constructor(scenario) {
    this.scenario = scenario;
    this.on = scenario.on || {};
    this.watch = { ...DEFAULT_WATCH, ...scenario.watch };
    this.log = [];
    this.names = new Map();
    this.objects = {};
    this.counts = {};
    this.errors = [];
  }

  start(done) {
    const server = this.objects.server = http.createServer(this.scenario.options || {});
    this.names.set(server, 'server');
    Object.assign(server, this.scenario.set);

    const events = new Set(this.scenario.listen || []);
    for (const key of Object.keys(this.on)) {
      const [kind, event] = key.split('#')[0].split('.');
      if (kind === 'server') events.add(event);
    }
    for (const event of events) {
      server.on(event, (...args) => {
        const context = this.context(event, args);
        this.happened('server', 'server', event, this.summary(event, args, context), context);
      });
    }
    server.listen(0, '127.0.0.1', () => done(server.address().port));
  }

  context(event, args) {
    const context = { server: this.objects.server };
    if (['request', 'checkContinue', 'checkExpectation'].includes(event)) {
      context.req = this.named('req', args[0]);
      context.res = this.named('res', args[1]);
    } else if (['upgrade', 'connect', 'dropRequest'].includes(event)) {
      context.req = this.named('req', args[0]);
      context.socket = this.named('socket', args[1]);
      context.head = args[2];
    } else if (event === 'clientError') {
      context.error = args[0];
      context.socket = this.named('socket', args[1]);
    } else if (event === 'connection') {
      context.socket = this.named('socket', args[0]);
    }
    if (context.req) context.socket = this.named('socket', context.req.socket);
    return context;
  }

  summary(event, args, context) {
    if (['request', 'checkContinue', 'checkExpectation'].includes(event)) return [context.req.method, context.req.url];
    if (['upgrade', 'connect'].includes(event)) return [context.req.method, context.req.url, text(context.head)];
    if (event === 'clientError') return [context.error.code];
    return [];
  }

  named(kind, object) {
    if (this.names.has(object)) return object;
    const number = this.counts[kind] = (this.counts[kind] || 0) + 1;
    const name = kind + number;
    this.names.set(object, name);
    this.objects[name] = object;
    const events = new Set(this.watch[kind]);
    for (const key of Object.keys(this.on)) {
      const [of, event] = key.split('#')[0].split('.');
      if (of === kind) events.add(event);
    }
    for (const event of events) this.listen(kind, name, object, event);
    return object;
  }

  listen(kind, name, object, event) {
    object.on(event, (...args) => {
      const context = { server: this.objects.server, [kind]: object };
      if (kind !== 'socket') {
        context.req = this.objects['req' + name.slice(3)];
        context.res = this.objects['res' + name.slice(3)];
        context.socket = context.req.socket;
      }
      if (event === 'data') context.chunk = args[0];
      let shown = [];
      if (event === 'error') shown = [args[0].code || args[0].message];
      if (event === 'data') {
        const last = this.log[this.log.length - 1];
        if (last && last[0] === name && last[1] === 'event' && last[2] === 'data') {
          last[3] += text(args[0]);
          this.run(this.on[kind + '.' + event] || [], context);
          return;
        }
        shown = [text(args[0])];
      }
      if (event === 'close' && kind === 'socket') shown = [args[0]];
      this.happened(kind, name, event, shown, context);
    });
  }

  happened(kind, name, event, shown, context) {
    this.log.push([name, 'event', event, ...shown]);
    const key = kind + '.' + event;
    const nth = this.counts[key] = (this.counts[key] || 0) + 1;
    this.run(this.on[key + '#' + nth] || this.on[key] || [], context);
  }

  run(ops, context) {
    for (const op of ops) this.perform(op, context);
  }

  perform(op, context) {
    const [verb, ...rest] = op;
    if (verb === 'later') return void setTimeout(() => this.run(rest[1], context), rest[0]);
    if (verb === 'tick') return void process.nextTick(() => this.run(rest[0], context));
    if (verb === 'immediate') return void setImmediate(() => this.run(rest[0], context));
    if (verb === 'throw') throw new Error('thrown');
    if (verb === 'listen') {
      const object = this.object(rest[0], context);
      return void object.on(rest[1], () => this.happened('', this.names.get(object) + '+', rest[1], [], context) || this.run(rest[2] || [], context));
    }
    if (verb === 'get') {
      const path = rest[0].split('.');
      let value = this.object(path[0], context);
      for (const key of path.slice(1)) value = value == null ? value : value[key];
      return void this.log.push([rest[0], 'is', this.shown(value)]);
    }
    if (verb === 'set') {
      const [target, key] = rest[0].split('.');
      try { this.object(target, context)[key] = this.value(rest[1], context); } catch (error) { this.thrown(rest[0], error); }
      return;
    }
    const [target, method] = verb.split('.');
    const object = this.object(target, context);
    const label = this.names.get(object) + '.' + method;
    try {
      const result = object[method](...rest.map((value) => this.value(value, context)));
      const shown = this.shown(result);
      if (shown !== null && method !== 'pipe') this.log.push([label, 'returned', shown]);
    } catch (error) {
      this.thrown(label, error);
    }
  }

  thrown(label, error) {
    this.log.push([label, 'threw', error.code || error.constructor.name, error.message]);
  }

  object(name, context) {
    return context[name] || this.objects[name];
  }

  value(value, context) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item) => this.value(item, context));
    if ('$bytes' in value) return Buffer.from(value.$bytes, 'latin1');
    if ('$fill' in value) return Buffer.alloc(value.$fill, 'x');
    if ('$ref' in value) return this.object(value.$ref, context);
    if ('$error' in value) return new Error(value.$error);
    if ('$callback' in value) return (...args) => this.log.push([value.$callback, 'called', ...args.map((a) => a == null ? null : a.code || String(a))]);
    if ('$none' in value) return undefined;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.value(item, context)]));
  }

  shown(value) {
    if (value === undefined || value === null) return null;
    if (this.names.has(value)) return '<' + this.names.get(value) + '>';
    if (Buffer.isBuffer(value)) return text(value);
    if (typeof value === 'function') return '<function>';
    if (Array.isArray(value)) return value.map((item) => this.shown(item));
    if (typeof value === 'object') return Object.fromEntries(Object.keys(value).sort().map((key) => [key, this.shown(value[key])]));
    return value;
  }

  stop() {
    this.objects.server.close();
    this.objects.server.closeAllConnections();
    for (const name of Object.keys(this.objects)) if (name.startsWith('socket')) this.objects[name].destroy();
  }
}

const replays = new Map();
let current = null;

process.on('uncaughtException', (error) => {
  for (const replay of replays.values()) if (replay.scenario.throws) replay.log.push(['process', 'uncaught', error.code || error.message]);
  if (![...replays.values()].some((replay) => replay.scenario.throws)) process.stderr.write(error.stack + '\n');
});

const answer = (data) => process.stdout.write(JSON.stringify(data) + '\n');

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { number, start, log, perform } = JSON.parse(line);
  if (start) {
    const replay = new Replay(start);
    replays.set(number, replay);
    replay.start((port) => answer({ number, port }));
  } else if (perform) {
    const replay = replays.get(number);
    replay.run(perform, { server: replay.objects.server });
    answer({ number });
  } else if (log) {
    const replay = replays.get(number);
    replays.delete(number);
    answer({ number, log: replay.log.slice() });
    replay.stop();
  }
});
