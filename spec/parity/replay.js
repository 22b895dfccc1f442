'use strict';

// Replays sessions on the npm packages: a session as JSON on each line of standard input, its log as
// JSON on each line of standard output. The twin of replay.py; sessions.py says what a session is.

const crypto   = require('crypto');
const readline = require('readline');
const nodeZlib = require('zlib');

const websocket  = require('websocket-driver');
const Client     = require('websocket-driver/lib/websocket/driver/client');
const Hybi       = require('websocket-driver/lib/websocket/driver/hybi');
const Headers    = require('websocket-driver/lib/websocket/driver/headers');
const Extensions = require('websocket-extensions');
const Parser     = require('websocket-extensions/lib/parser');
const deflate    = require('permessage-deflate');
const Session    = require('permessage-deflate/lib/session');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

Client.generateKey = () => KEY;
crypto.randomBytes = (n) => Buffer.alloc(n, 0x5a);

// The stream API that permessage-deflate uses, answering at once as Python's zlib does: the two sides
// have the same order of events then. It runs Node's own codec, which must have no callback pending.
class SyncCodec {
  constructor(codec) {
    this._codec = codec;
    this._listeners = { data: [], error: [] };
    this._failed = null;
    this._closed = false;
    codec._handle.onerror = (message) => { this._failed = new Error(message) };
  }
  on(name, f) { this._listeners[name].push(f) }
  removeListener(name, f) { this._listeners[name] = this._listeners[name].filter((g) => g !== f) }
  _emit(name, value) { this._listeners[name].slice().forEach((f) => f(value)) }
  _run(chunk, flag) {
    if (this._failed || this._closed) return;
    const codec = this._codec, state = codec._writeState, size = 65536;
    let offset = 0, left = chunk.length, room;
    do {
      const out = Buffer.alloc(size);
      codec._handle.writeSync(flag, chunk, offset, left, out, 0, size);
      if (this._failed) return this._emit('error', this._failed);
      room = state[0];
      offset += left - state[1];
      left = state[1];
      if (room < size) this._emit('data', out.slice(0, size - room));
    } while (room === 0);
  }
  write(chunk) { this._run(chunk, nodeZlib.constants.Z_NO_FLUSH) }
  flush(flag, callback) {
    if (typeof flag === 'function') callback = flag;
    this._run(Buffer.alloc(0), nodeZlib.constants.Z_SYNC_FLUSH);
    if (!this._failed) callback();
  }
  close() { this._closed = true; try { this._codec.close() } catch (error) {} }
}
SyncCodec.prototype.params = function() {};

const syncZlib = Object.assign({}, nodeZlib, {
  createInflateRaw: (options) => new SyncCodec(nodeZlib.createInflateRaw(options)),
  createDeflateRaw: (options) => new SyncCodec(nodeZlib.createDeflateRaw(options))
});

// 1012 to 1014 have been registered with IANA since: close frames with them are accepted here too.
Hybi.prototype.ERROR_CODES.push(1012, 1013, 1014);

// The original looks for characters to be quoted with a regular expression that remembers where it
// stopped, from call to call and from session to session: a value that needs quotes gets none when
// another has got them just before. That is undone here, by the one way to make it forget.
const serializeParams = Parser.serializeParams;
const forget = () => serializeParams.call(Parser, 'x', { x: 'token' });

Parser.serializeParams = (name, params) => {
  const parts = [name];
  for (const key in params)
    for (const value of [].concat(params[key])) {
      forget();
      parts.push(serializeParams.call(Parser, 'x', { [key]: value }).slice(3));
    }
  return parts.join('; ');
};

// How many messages Node's own zlib has in hand.
let busy = 0;

for (const name of ['processIncomingMessage', 'processOutgoingMessage']) {
  const original = Session.prototype[name];
  Session.prototype[name] = function(message, callback) {
    busy += 1;
    let done = false;
    return original.call(this, message, function() {
      if (!done) { done = true; busy -= 1 }
      return callback.apply(this, arguments);
    });
  };
}

const idle = async () => {
  const limit = Date.now() + 1500;
  do { await new Promise(setImmediate) } while (busy > 0 && Date.now() < limit);
  busy = 0;
  await new Promise(setImmediate);
};

const SPECIAL = { is_websocket: 'isWebSocket' };
const camel = (name) => SPECIAL[name] || name.replace(/_([a-z])/g, (_, c) => c.toUpperCase());

const camelKeys = (object) => {
  if (object === null || object === undefined) return object;
  const result = {};
  for (const key of Object.keys(object)) result[camel(key)] = object[key];
  return result;
};

// Values from JSON, and back
const input = (value) => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(input);
  if ('b' in value) return Buffer.from(value.b, 'hex');
  if ('l' in value) return value.l;
  if ('rep' in value) return Buffer.alloc(value.n, Buffer.from(value.rep, 'hex'));
  if ('srep' in value) return value.srep.repeat(value.n);
  return value;
};

const output = (value) => {
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value)) return { b: value.toString('hex') };
  if (Array.isArray(value)) return value.map(output);
  if (value instanceof Error) return { e: String(value.message) };
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'object') {
    const result = {};
    for (const key of Object.keys(value).sort()) result[key] = output(value[key]);
    return result;
  }
  return value;
};

const raised = (error) => [error.constructor.name, String(error.message)];

class TestExtension {
  constructor(spec, replay) {
    this.name = spec.name;
    this.type = 'type' in spec ? spec.type : 'permessage';
    this.rsv1 = 'rsv1' in spec ? spec.rsv1 : false;
    this.rsv2 = 'rsv2' in spec ? spec.rsv2 : false;
    this.rsv3 = 'rsv3' in spec ? spec.rsv3 : false;
    this._spec = spec;
    this._replay = replay;
  }
  createClientSession(options) {
    this._replay.log('ext', this.name, 'createClientSession', options.maxLength);
    if (this._spec.client === 'throw') throw new Error('no client session');
    if (this._spec.client === 'null') return null;
    return this.session = new TestSession(this);
  }
  createServerSession(offers, options) {
    this._replay.log('ext', this.name, 'createServerSession', offers, options.maxLength);
    if (this._spec.server === 'throw') throw new Error('no server session');
    if (this._spec.server === 'null') return null;
    return this.session = new TestSession(this);
  }
}

class TestSession {
  constructor(extension) {
    this._extension = extension;
    this._spec = extension._spec;
    this._replay = extension._replay;
    this._count = { in: 0, out: 0 };
    this.waiting = { in: [], out: [] };
  }
  generateOffer() {
    if (this._spec.offer === 'throw') throw new Error('no offer');
    return input(this._spec.offer);
  }
  activate(params) {
    this._replay.log('ext', this._extension.name, 'activate', params);
    if (this._spec.activate === 'throw') throw new Error('no activation');
    return this._spec.activate;
  }
  generateResponse() {
    if (this._spec.response === 'throw') throw new Error('no response');
    return input(this._spec.response);
  }
  processIncomingMessage(message, callback) { this._process('in', message, callback) }
  processOutgoingMessage(message, callback) { this._process('out', message, callback) }
  _process(direction, message, callback) {
    const mode = this._spec[direction], count = ++this._count[direction], on = direction === 'out';
    this._replay.log('ext', this._extension.name, direction,
        message.opcode, [message.rsv1, message.rsv2, message.rsv3], message.data);

    const answer = () => {
      if (count === mode.at && mode.fail === 'error') {
        const error = new Error('failed');
        if (mode.type !== null) error.type = mode.type;
        callback(error, null);
        return;
      }
      message.data = Buffer.concat([message.data, Buffer.from(mode.tag)]);
      if (this._spec.rsv1) message.rsv1 = on;
      if (this._spec.rsv2) message.rsv2 = on;
      if (this._spec.rsv3) message.rsv3 = on;
      callback(null, message);
      if (count === mode.at && mode.fail === 'twice') callback(null, message);
    };
    if (count === mode.at && mode.fail === 'throw') {
      const error = new Error('thrown');
      if (mode.type !== null) error.type = mode.type;
      throw error;
    }
    if (mode.late) this.waiting[direction].push(answer);
    else answer();
  }
  flush(direction, order) {
    let waiting = this.waiting[direction];
    if (order === 'one') {
      this.waiting[direction] = waiting.slice(1);
      waiting = waiting.slice(0, 1);
    } else {
      this.waiting[direction] = [];
      if (order === 'lifo') waiting.reverse();
    }
    waiting.forEach((answer) => answer());
  }
  close() { this._replay.log('ext', this._extension.name, 'close') }
}

const STREAMS = {
  driver:   ['connect', 'open', 'message', 'ping', 'pong', 'error', 'close'],
  io:       ['data', 'drain'],
  messages: ['data', 'error', 'end', 'drain'],
  proxy:    ['data', 'connect', 'error', 'close', 'end', 'drain']
};

class Replay {
  constructor(session) {
    this.session = session;
    this.events = [];
    this.steps = [];
    this.drivers = [];
    this.proxies = [];
    this.sent = [];
    this.counts = {};
    this.extensions = (session.extensions || []).map((spec) => {
      if (!('deflate' in spec)) return new TestExtension(spec, this);
      const options = camelKeys(spec.deflate) || {};
      if (session.zlib !== 'real') options.zlib = syncZlib;
      return deflate.configure(options);
    });
  }

  log(...entry) { this.events.push(output(entry)) }

  listen(d, source, emitter) {
    STREAMS[source].forEach((name) => {
      emitter.on(name, (event) => {
        let payload = event;
        if (source === 'driver') {
          if (name === 'message' || name === 'ping' || name === 'pong') payload = event.data;
          else if (name === 'close') payload = [event.code, event.reason];
          else if (name !== 'error') payload = null;
        } else if (source === 'proxy' && name === 'connect') payload = null;
        this.log(source + d, name, payload);
        if (source === 'io' && name === 'data') this.sent[d].push(Buffer.from(event));

        const where = source + d + '.' + name;
        const count = this.counts[where] = (this.counts[where] || 0) + 1;
        for (const hook of this.session.hooks || [])
          if (hook.on === where && hook.nth === count)
            for (const op of hook.ops) this.nested(op);
      });
    });
  }

  nested(op) {
    if (op.do === 'throw') throw new Error('boom');
    let ret;
    try { ret = this.perform(op) }
    catch (error) {
      if (error.message === 'boom') throw error;
      this.log('nested', op.do, { raise: raised(error) });
      return;
    }
    this.log('nested', op.do, ret);
  }

  create(d, spec) {
    const options = camelKeys(spec.options);
    let driver;
    this.sent[d] = [];
    if (spec.type === 'client') driver = websocket.client(spec.url, options);
    else if (spec.type === 'server') driver = websocket.server(options);
    else driver = websocket.http(spec.request, options);
    this.drivers[d] = driver;
    this.listen(d, 'driver', driver);
    this.listen(d, 'io', driver.io);
    this.listen(d, 'messages', driver.messages);
  }

  perform(op) {
    const d = op.d || 0, driver = this.drivers[d], args = (op.args || []).map(input);
    if (op.do === 'create') return this.create(d, op.spec);
    if (!driver) return null;

    switch (op.do) {
      case 'ping':
        if (op.callback !== undefined) args.push(() => {
          this.log('callback' + d, op.callback);
          if (op.boom) throw new Error('boom');
        });
        return driver.ping(...args);
      case 'pong':
        return (driver._delegate || driver).pong(...args);
      case 'add_extension':
        return driver.addExtension(this.extensions[args[0]]);
      case 'pump': {
        const data = Buffer.concat(this.sent[d]);
        this.sent[d] = [];
        let start = 0;
        for (const cut of op.cuts.concat(data.length)) {
          const end = Math.min(Math.max(cut, start), data.length);
          if (end > start) this.drivers[1 - d].parse(data.slice(start, end));
          start = end;
        }
        return null;
      }
      case 'flush': {
        const session = this.extensions[op.extension] && this.extensions[op.extension].session;
        return session && session.flush ? session.flush(op.direction, op.order) : null;
      }
      case 'proxy':
        this.proxies[d] = driver.proxy(...args);
        this.listen(d, 'proxy', this.proxies[d]);
        return null;
    }
    const [target, name] = op.do.includes('.') ? op.do.split('.') : ['driver', op.do];
    const object = { driver, io: driver.io, messages: driver.messages, proxy: this.proxies[d] }[target];
    if (!object) return null;
    return object[camel(name)](...args);
  }

  snapshot() {
    return this.drivers.map((driver, d) => {
      if (!driver) return null;
      const chosen = driver._delegate || driver, proxy = this.proxies[d];
      return output({
        ready_state: chosen.readyState, state: chosen.getState(),
        protocol: driver.protocol, version: driver.version, url: driver.url,
        status_code: driver.statusCode, headers: driver.headers,
        method: driver.method, body: driver.body && driver.body.length,
        io: [driver.io.readable, driver.io.writable],
        messages: [driver.messages.readable, driver.messages.writable],
        proxy: proxy && [proxy.readable, proxy.writable, proxy.statusCode, proxy.headers]
      });
    });
  }

  async run() {
    const real = this.session.zlib === 'real';
    for (const op of this.session.ops) {
      const step = {};
      this.uncaught = null;
      try { step.ret = output(this.perform(op)) }
      catch (error) { step.raise = raised(error) }
      if (real) {
        await idle();
        if (this.uncaught) step.raise = step.raise || raised(this.uncaught);
      }
      step.events = this.events;
      this.events = [];
      step.after = this.snapshot();
      this.steps.push(step);
    }
    return this.steps;
  }
}

// Sessions without a driver

class ExtensionsReplay extends Replay {
  perform(op) {
    if (op.do === 'create') {
      this.target = new Extensions(camelKeys(op.args[0]) || undefined);
      return null;
    }
    if (!this.target) return null;
    const args = (op.args || []).map(input), done = (error, message) => {
      this.log('done', error ? { e: error.message, type: error.type } : null,
          message ? [message.opcode, [message.rsv1, message.rsv2, message.rsv3], message.data] : null);
      if (op.boom) throw new Error('boom');
    };
    if (op.do.startsWith('process')) args[0] = Object.assign({}, args[0], { data: input(args[0].data) });
    switch (op.do) {
      case 'add':
        return this.target.add(this.extensions[args[0]]);
      case 'flush': {
        const session = this.extensions[op.extension] && this.extensions[op.extension].session;
        return session && session.flush ? session.flush(op.direction, op.order) : null;
      }
      case 'valid_frame_rsv': return this.target.validFrameRsv(args[0]);
      case 'process_incoming_message': return void this.target.processIncomingMessage(args[0], done, null);
      case 'process_outgoing_message': return void this.target.processOutgoingMessage(args[0], done, null);
      case 'close': return void this.target.close(() => this.log('closed', null));
      default: return this.target[camel(op.do)](...args);
    }
  }
  snapshot() { return null }
}
class DeflateReplay extends Replay {
  perform(op) {
    const args = (op.args || []).map(input);
    if (op.do === 'configure') {
      const options = camelKeys(args[0]) || {};
      this.extension = (this.extension || deflate).configure(options);
      return null;
    }
    if (op.do === 'client') {
      this.target = (this.extension || deflate).createClientSession({ maxLength: args[0] });
      return this.setZlib(!!this.target);
    }
    if (op.do === 'server') {
      this.target = (this.extension || deflate).createServerSession(args[0], { maxLength: args[1] });
      return this.setZlib(!!this.target);
    }
    if (!this.target) return null;
    if (op.do === 'in' || op.do === 'out') {
      const message = { rsv1: args[1], rsv2: false, rsv3: false, opcode: 1, data: args[0] };
      const done = (error, m) => this.log('done', op.do, error ? { e: error.message } : null,
          m ? [m.rsv1, m.data] : null);
      if (op.do === 'in') this.target.processIncomingMessage(message, done);
      else this.target.processOutgoingMessage(message, done);
      return null;
    }
    const result = this.target[camel(op.do)](...args);
    if (op.do === 'activate' && result !== true) this.target = null;
    return result;
  }
  setZlib(value) {
    if (this.target && this.session.zlib !== 'real') this.target._zlib = syncZlib;
    return value;
  }
  snapshot() { return null }
}

class ParserReplay extends Replay {
  perform(op) {
    const args = (op.args || []).map(input);
    if (op.do === 'parse_header') {
      const offers = Parser.parseHeader(...args);
      return offers.toArray().map((o) => [o.name, Object.entries(o.params)]);
    }
    return Parser.serializeParams(...args);
  }
  snapshot() { return null }
}

class HeadersReplay extends Replay {
  constructor(session) { super(session); this.target = new Headers() }
  perform(op) {
    const args = (op.args || []).map(input);
    if (op.do === 'set') return this.target.set(...args);
    return this.target.clear();
  }
  snapshot() { return this.target.toString() }
}

class FunctionsReplay extends Replay {
  perform(op) { return websocket[camel(op.do)](...(op.args || []).map(input)) }
  snapshot() { return null }
}

const KINDS = {
  driver: Replay, extensions: ExtensionsReplay, deflate: DeflateReplay, parser: ParserReplay,
  headers: HeadersReplay, functions: FunctionsReplay
};

let current = null;
process.on('uncaughtException', (error) => {
  if (!current) { console.error(error); process.exit(1) }
  current.uncaught = error;
});

const main = async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let log;
    try {
      const session = JSON.parse(line);
      current = new KINDS[session.kind](session);
      log = await current.run();
    } catch (error) { log = { crash: String(error.stack) } }
    process.stdout.write(JSON.stringify(log) + '\n');
  }
};
main();
