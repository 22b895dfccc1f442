'use strict';

// Runs scenarios on Node's own net and tls.
//
//     node node_runner.js SCENARIOS TRACES CERTIFICATE RAW_PEER QUIET_MS JOBS
//
// RAW_PEER is the command of raw_peer.py, as a JSON list.

const fs = require('fs');
const net = require('net');
const path = require('path');
const readline = require('readline');
const tls = require('tls');
const zlib = require('zlib');
const { spawn } = require('child_process');

const [source, target, certificate, rawCommand, quietText, jobsText] = process.argv.slice(2);
const QUIET = Number(quietText);
const JOBS = Number(jobsText);
const PATIENCE = 4000;
const PEM = fs.readFileSync(certificate);
const FOLDER = path.dirname(certificate);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class RawPeer {
  constructor([command, ...args]) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = new Map();
    this.count = 0;
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      const answer = JSON.parse(line);
      this.waiting.get(answer.n)(answer);
      this.waiting.delete(answer.n);
    });
  }

  ask(command) {
    return new Promise((resolve) => {
      command.n = ++this.count;
      this.waiting.set(command.n, resolve);
      this.process.stdin.write(JSON.stringify(command) + '\n');
    });
  }
}

const raw = new RawPeer(JSON.parse(rawCommand));

// The errors of certificates and those of TLS are one each.
function nameOf(error) {
  if (error === undefined || error === null) return 'none';
  const code = error.code || error.message;
  if (/SELF_SIGNED|CERT|UNABLE_TO_VERIFY/.test(code)) return 'CERT';
  return /^ERR_SSL|^EPROTO|^ERR_TLS/.test(code) ? 'TLS' : code;
}

class Session {
  constructor(scenario) {
    this.scenario = scenario;
    this.id = 'N' + scenario.id + '/';
    this.trace = {};
    this.actors = {};
    this.listeners = {};
    this.contents = {};
    this.counts = {};
    this.writes = {};
    this.connections = 0;
    this.last = Date.now();
    this.done = false;
  }

  log(actor, ...entry) {
    if (this.done) return;
    (this.trace[actor] = this.trace[actor] || []).push(entry);
    this.last = Date.now();
  }

  flags(socket) {
    return socket ? (socket.readable ? 'R' : 'r') + (socket.writable ? 'W' : 'w') : '';
  }

  details(error) {
    if (!this.scenario.errors) return '';
    const address = String(error.address || '-').replace(this.path(), 'PATH');
    return ` ${error.code || '-'} ${error.syscall || '-'} ${address} ${error.port ? 'port' : '-'}`;
  }

  event(actor, name, socket, ...args) {
    if (this.done) return;
    if (name === 'data') this.data(actor, args[0]);
    else if (name === 'close' && socket) this.log(actor, 'ev', 'close', String(args[0]), this.flags(socket));
    else if (name === 'error') this.log(actor, 'ev', 'error', nameOf(args[0]) + this.details(args[0]), this.flags(socket));
    else this.log(actor, 'ev', name, '', this.flags(socket));

    const key = actor + ':' + name;
    const nth = this.counts[key] = (this.counts[key] || 0) + 1;
    for (const rule of this.scenario.on)
      if (rule.at === key && (rule.nth === 0 || (rule.nth || 1) === nth)) rule.do.forEach((call) => this.act(call));
  }

  data(actor, chunk) {
    if (typeof chunk === 'string') return this.log(actor, 'text', chunk);
    const content = this.contents[actor] = this.contents[actor] || [0, 0];
    content[0] += chunk.length;
    content[1] = zlib.crc32(chunk, content[1]);
    const trace = this.trace[actor] = this.trace[actor] || [];
    const previous = trace[trace.length - 1];
    this.last = Date.now();
    if (previous && previous[0] === 'data') previous[1] += chunk.length;
    else trace.push(['data', chunk.length]);
  }

  watch(actor, socket, names) {
    for (const name of names) {
      const listener = this.listeners[actor + ':' + name] = (...args) => this.event(actor, name, socket, ...args);
      socket.on(name, listener);
    }
  }

  act([actor, operation, ...args]) {
    if (actor === '!') {
      this.log('throw', 'do', 'throw');
      throw new Error('thrown ' + this.scenario.id);
    }
    if (actor === 'tick') return void setImmediate(() => this.act(operation));
    const words = args.map((word) => typeof word === 'object' ? JSON.stringify(word) : String(word));
    const label = [operation, ...words].join(' ');
    this.log(actor, 'do', label);
    let value;
    try {
      value = this.call(actor, operation, args);
    } catch (error) {
      return this.log(actor, 'throw', label, error.code || error.constructor.name);
    }
    const told = ['write', 'writeCb', 'writeAs', 'get', 'ask', 'listenAs', 'read', 'readAll'].includes(operation) || /^ret/.test(operation);
    if (told) this.log(actor, 'ret', label, this.result(actor, value));
  }

  result(actor, value) {
    if (value === undefined || value === null) return 'none';
    return value === this.actors[actor] ? 'self' : String(value);
  }

  fill(actor, size) {
    if (typeof size === 'string') return size;
    const count = this.writes[actor] = (this.writes[actor] || 0) + 1;
    return Buffer.alloc(size, 97 + (count - 1) % 26);
  }

  callback(actor, name) {
    return (...args) => this.log(actor, 'ev', name, args.length && args[0] ? nameOf(args[0]) : '', '');
  }

  call(actor, operation, args) {
    switch (operation) {
      case 'connect': return void this.connect(actor, args[0]);
      case 'listen': return void this.server(actor).listen(args[0] === 'taken' ? this.taken : 0, '127.0.0.1');
      case 'listenAs': return this.server(actor).listen(...this.fit(actor, args[0]));
      case 'connectAs':
        this.actors[actor] = net.connect(...this.fit(actor, args[0]));
        return this.watch(actor, this.actors[actor], this.listensTo(actor));
      case 'newSocket':
        this.actors[actor] = new net.Socket(...args);
        return this.watch(actor, this.actors[actor], this.listensTo(actor));
    }
    const target = this.actors[actor];
    if (!target) return void this.log(actor, 'missing', operation);
    switch (operation) {
      case 'socketConnect': return target.connect(...this.fit(actor, args[0]));
      case 'write': return target.write(this.fill(actor, args[0]));
      case 'writeCb': return target.write(this.fill(actor, args[0]), this.callback(actor, 'writeCb'));
      case 'writeAs': return target.write(...args);
      case 'end': return args.length ? target.end(this.fill(actor, args[0])) : target.end();
      case 'endCb': {
        const callback = this.callback(actor, 'endCb');
        return args.length ? target.end(this.fill(actor, args[0]), callback) : target.end(callback);
      }
      case 'endAs': return target.end(...args);
      case 'destroy': return target.destroy();
      case 'destroyErr': return target.destroy(new Error('boom'));
      case 'pause': return target.pause();
      case 'resume': return target.resume();
      case 'pipe': return target.pipe(this.actors[args[0]], args[1] || undefined);
      case 'unpipe': return args.length ? target.unpipe(this.actors[args[0]]) : target.unpipe();
      case 'read': return this.hasRead(actor, target.read(...args));
      case 'readAll': return this.readAll(actor, target);
      case 'off': return args.forEach((name) => this.off(actor, target, name));
      case 'iterate': return void this.iterate(actor + 'i', target, ...args);
      case 'nodelay': return target.setNoDelay();
      case 'setTimeout':
        return args.length > 1 ? target.setTimeout(args[0], this.callback(actor, 'timeoutCb')) : target.setTimeout(args[0]);
      case 'on': return this.watch(actor, target, args);
      case 'ask': return target[args[0]](...args.slice(1));
      case 'get': return typeof target[args[0]] === 'function' ? 'function' : target[args[0]];
      case 'set': return void (target[args[0]] = args[1]);
      case 'flags': return void this.log(actor, 'flags', this.flags(target));
      case 'close': return target.close();
      case 'closeCb': return target.close(this.callback(actor, 'closeCb'));
      case 'address': return void this.log(actor, 'ret', 'address', target.address() ? 'yes' : 'none');
      case 'addressOf': return void this.log(actor, 'address', this.place(target.address()));
      case 'getConnections':
        return void target.getConnections((error, count) => this.log(actor, 'ev', 'connections', String(count), ''));
      case 'startTls': return void this.startTls(actor, target);
      case 'retPause': return target.pause();
      case 'retResume': return target.resume();
      case 'retEnd': return target.end();
      case 'retDestroy': return target.destroy();
      case 'retNodelay': return target.setNoDelay();
      case 'retKeepalive': return target.setKeepAlive();
    }
    throw new Error('unknown operation ' + operation);
  }

  off(actor, target, name) {
    const listener = this.listeners[actor + ':' + name];
    if (listener) target.removeListener(name, listener);
  }

  // What read() returned: its length, or text as it is.
  hasRead(actor, chunk) {
    if (chunk === null || typeof chunk === 'string') return chunk;
    const content = this.contents[actor + 'r'] = this.contents[actor + 'r'] || [0, 0];
    content[0] += chunk.length;
    content[1] = zlib.crc32(chunk, content[1]);
    return chunk.length;
  }

  readAll(actor, target) {
    let total = 0;
    for (let chunk; (chunk = target.read()) !== null;) {
      this.hasRead(actor, chunk);
      total += chunk.length;
    }
    return total;
  }

  async iterate(actor, target, limit, options) {
    let count = 0;
    try {
      for await (const chunk of target.iterator(options || undefined)) {
        this.data(actor, chunk);
        if (++count === limit) break;
      }
      this.log(actor, 'ev', 'finished', '', '');
    } catch (error) {
      this.log(actor, 'ev', 'failed', nameOf(error), '');
    }
  }

  place(address) {
    if (typeof address === 'string') return 'path';
    if (!address || !address.address) return 'none';
    return `${address.address} ${address.family} ${address.port ? 'port' : 'no port'}`;
  }

  startTls(actor, socket) {
    const secure = this.actors[actor + 't'] = tls.connect({ socket, ca: PEM, servername: 'localhost' });
    this.watch(actor + 't', secure, ['secureConnect', 'data', 'end', 'close', 'error', 'drain']);
    for (const [key, listener] of Object.entries(this.listeners)) {
      const [owner, name] = key.split(':');
      if (owner === actor && name !== 'error') socket.removeListener(name, listener);
    }
    this.muted = actor;
  }

  client(actor) {
    return (this.scenario.clients || {})[actor] || {};
  }

  connect(actor, place) {
    const port = { raw: this.rawPort, hole: this.hole }[place] || this.port;
    if (!port) return this.log(actor, 'noport');
    const address = { port, host: '127.0.0.1' };
    const socket = this.client(actor).tls
      ? tls.connect({ ...address, ca: PEM, servername: 'localhost' })
      : net.connect(address);
    this.actors[actor] = socket;
    this.watch(actor, socket, this.listensTo(actor));
  }

  listensTo(actor) {
    const { listen, tls } = this.client(actor);
    return listen || ['connect', ...(tls ? ['secureConnect'] : []), 'data', 'end', 'close', 'error', 'drain'];
  }

  path() {
    return path.join(FOLDER, 'n' + this.scenario.id.replace(/\W/g, '_').slice(0, 40) + '.sock');
  }

  // The arguments of listen and connect.
  fit(actor, args) {
    const table = {
      '{port}': this.port, '{portText}': String(this.port), '{taken}': this.taken,
      '{path}': this.path(), '{nopath}': this.path() + '.none', '{cb}': this.callback(actor, 'cb'),
    };
    const one = (value) => {
      if (Array.isArray(value)) return value.map(one);
      if (value && typeof value === 'object')
        return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, one(part)]));
      return typeof value === 'string' && value in table ? table[value] : value;
    };
    return args.map(one);
  }

  server(actor) {
    if (this.actors[actor]) return this.actors[actor];
    const options = this.scenario.server || {};
    const accepted = (socket) => {
      const name = 's' + this.connections++;
      this.actors[name] = socket;
      this.watch(name, socket, options.listen || ['data', 'end', 'close', 'error', 'drain']);
      this.event(actor, 'connection', null);
      this.event(name, 'connection', socket);
    };
    const server = options.tls
      ? tls.createServer({ key: PEM, cert: PEM }, accepted)
      : net.createServer(options.options || {}, accepted);
    for (const name of ['listening', 'error', 'close', ...(options.events || [])])
      server.on(name, (...args) => this.event(actor, name, null, ...args));
    return this.actors[actor] = server;
  }

  async settle() {
    const start = this.last = Date.now();
    for (;;) {
      await sleep(5);
      if (Date.now() - this.last >= QUIET) return;
      if (Date.now() - start > PATIENCE) return this.log('runner', 'timeout');
    }
  }

  findPort() {
    const address = this.actors.server && this.actors.server.address();
    if (!this.port && address) this.port = address.port;
  }

  async rawCall(actor, operation, argument) {
    let answer;
    if (operation === 'connect') {
      const id = this.id + actor;
      answer = await raw.ask({ op: 'connect', id, port: this.port, reading: argument !== 'deaf' });
    } else {
      const id = this.scenario.raw ? this.id + 'r.' + actor[1] : this.id + actor;
      const more = typeof argument === 'number' ? { size: argument } : {};
      answer = await raw.ask({ op: operation, id, ...more });
    }
    if (operation === 'stat') {
      const { missing, got, eof, err } = answer;
      this.log(actor, 'stat', missing ? 'missing' : `${got} ${eof ? 'eof' : '-'} ${err || '-'}`);
    }
    this.last = Date.now();
  }

  async prepare() {
    const { raw: peer, hole, taken, server, proxy } = this.scenario;
    if (peer) this.rawPort = (await raw.ask({ op: 'listen', id: this.id + 'r', reading: peer.reading !== false })).port;
    if (hole) this.hole = (await raw.ask({ op: 'hole', id: this.id + 'h' })).port;
    if (taken) this.taken = (await raw.ask({ op: 'listen', id: this.id + 't' })).port;
    if (server && !server.manual) {
      this.server('server').listen(0, '127.0.0.1');
      await new Promise((resolve) => this.actors.server.once('listening', resolve));
      this.findPort();
      await sleep(1);
    }
    if (proxy) this.rawPort = (await raw.ask({ op: 'listen', id: this.id + 'r', proxy: this.port })).port;
  }

  async run() {
    await this.prepare();
    for (const step of this.scenario.steps) {
      for (const call of step) {
        if (/^r\d/.test(call[0])) await this.rawCall(...call);
        else if (call[0] === 'wait') await sleep(call[1]);
        else this.act(call);
        this.findPort();
      }
      await this.settle();
      this.findPort();
    }
    const final = {};
    for (const [name, actor] of Object.entries(this.actors))
      if (/^[cs]\d/.test(name) && name !== this.muted) final[name] = this.flags(actor);
    this.done = true;
    this.tidy();
    await raw.ask({ op: 'forget', prefix: this.id });
    return { id: this.scenario.id, trace: this.trace, final, contents: this.contents };
  }

  tidy() {
    for (const actor of Object.values(this.actors)) {
      actor.removeAllListeners();
      actor.on('error', () => {});
      if (actor.destroy) actor.destroy();
      else actor.close(() => {});
    }
  }
}

let solo = null;
process.on('uncaughtException', (error) => {
  if (solo) solo.log('loop', 'uncaught', nameOf(error));
  else console.error('uncaught outside of a solo scenario', error);
});

(async () => {
  const scenarios = fs.readFileSync(source, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const output = fs.createWriteStream(target);
  const queue = scenarios.filter((scenario) => !scenario.solo);
  const worker = async () => {
    while (queue.length) output.write(JSON.stringify(await new Session(queue.shift()).run()) + '\n');
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  // What is thrown reaches the process: these run alone.
  for (const scenario of scenarios.filter((scenario) => scenario.solo)) {
    solo = new Session(scenario);
    output.write(JSON.stringify(await solo.run()) + '\n');
    await sleep(5);
    solo = null;
  }
  output.end(() => process.exit(0));
})();
