'use strict';

// The process in which the original runs: worker.py on Node. A line of JSON in, a line out.

const crypto = require('crypto');
const readline = require('readline');

const websocket = require('websocket-driver');
const deflate = require('permessage-deflate');
const Client = require('websocket-driver/lib/websocket/driver/client');

const URL = 'ws://www.example.com/chat?room=1';
const KEY = Buffer.from('sixteen bytes ok').toString('base64');

Client.generateKey = () => KEY;

const ignore = () => {};

function http(extensions) {
  const headers = {
    'host': 'www.example.com',
    'connection': 'Upgrade',
    'upgrade': 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': KEY
  };
  if (extensions) headers['sec-websocket-extensions'] = 'permessage-deflate; client_max_window_bits';

  const driver = websocket.http({ method: 'GET', url: '/chat?room=1', headers });
  if (extensions) driver.addExtension(deflate);
  driver.start();
  return driver;
}

function server(request, write, extensions) {
  const driver = websocket.server();
  if (extensions) driver.addExtension(deflate);
  driver.io.on('data', write);
  driver.on('message', ignore);
  driver.on('connect', () => driver.start());
  driver.parse(request);
  if (driver._delegate.readyState !== 1) throw new Error('not open');
  return driver;
}

function client(response, write) {
  const driver = websocket.client(URL);
  driver.io.on('data', write);
  driver.on('message', ignore);
  driver.start();
  driver.parse(response);
  if (driver.readyState !== 1) throw new Error('not open');
  return driver;
}

function response() {
  const accept = crypto.createHash('sha1')
    .update(KEY + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  return Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
    'Connection: Upgrade\r\nSec-WebSocket-Accept: ' + accept + '\r\n\r\n');
}

// What takes one turn of a case: a function of the chunks, asynchronous for an echo, as deflating is.
function turnOf(test, deliver, write) {

  if (test.kind === 'parse') {
    const driver = http();
    driver.on('message', (event) => deliver(event.data));
    return (chunks) => { for (const chunk of chunks) driver.parse(chunk); };
  }

  if (test.kind === 'echo') {
    const driver = http(true);
    let left = 0, done = null, failed = null;
    driver.on('error', (error) => failed(error));
    driver.io.on('data', (data) => {
      write(data);
      left -= 1;
      if (left === 0) done();
    });
    driver.on('message', (event) => driver.text(event.data));
    return (chunks) => new Promise((resolve, reject) => {
      failed = reject;
      left = test.messages;
      done = resolve;
      for (const chunk of chunks) driver.parse(chunk);
    });
  }

  if (test.kind === 'send') {
    const messages = test.messages.map((message) =>
      'text' in message ? message.text : Buffer.from(message.binary, 'base64'));
    const driver = test.client ? client(response(), ignore) : http();
    driver.io.on('data', write);
    return () => {
      for (const message of messages) {
        if (typeof message === 'string') driver.text(message);
        else driver.binary(message);
      }
    };
  }

  if (test.kind === 'accept') return (chunks) => { server(chunks[0], write); };

  return (chunks) => { client(chunks[0], write); };
}

function digest(message) {
  const kind = typeof message === 'string' ? 'text' : 'binary';
  return kind + ' ' + crypto.createHash('sha256').update(message).digest('hex');
}

// A turn that can be timed, and that counts what it delivers and writes.
class Timed {
  constructor(test, expected) {
    this._chunks = chunksOf(test);
    this._waits = test.kind === 'echo';
    this._expected = expected;
    this._counted = 0;
    const count = () => { this._counted += 1; };
    this._run = turnOf(test, count, count);
    this._counted = 0;
  }

  async time(turns) {
    // The original unmasks in the buffer that it is given: each turn needs its own.
    const inputs = [];
    for (let i = 0; i < turns; i++) inputs.push(this._chunks.map((chunk) => Buffer.from(chunk)));

    const run = this._run;
    const start = process.hrtime.bigint();
    if (this._waits) for (const chunks of inputs) await run(chunks);
    else for (const chunks of inputs) run(chunks);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;

    if (this._counted !== turns * this._expected) throw new Error('messages are missing');
    this._counted = 0;
    return seconds;
  }
}

function chunksOf(test) {
  return test.chunks.map((chunk) => Buffer.from(chunk, 'base64'));
}

const timed = new Map();

const commands = {
  hello() {
    return {
      versions: {
        'Node.js': process.versions.node,
        'websocket-driver (npm)': require('websocket-driver/package.json').version,
        'permessage-deflate (npm)': require('permessage-deflate/package.json').version
      },
      kinds: ['parse', 'send', 'echo', 'accept', 'connect'],
      compiled: true
    };
  },

  async prepare(test) {
    const delivered = [], written = [];
    const turn = turnOf(test, (message) => delivered.push(message), (data) => written.push(data));
    await turn(chunksOf(test));

    timed.set(test.name, new Timed(test, delivered.length + written.length));
    return {
      delivered: delivered.map(digest),
      written: Buffer.concat(written).toString('base64')
    };
  },

  time(name, turns) {
    return timed.get(name).time(turns);
  },

  faults() {
    return process.resourceUsage().minorPageFault;
  },

  forget(name) {
    timed.delete(name);
    return null;
  },

  memory(opener, extensions, count) {
    const request = Buffer.from(
      'GET /chat?room=1 HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\n' +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ' + KEY + '\r\n' +
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n');
    const openers = {
      opened: () => server(Buffer.from(request), ignore, extensions),
      opened_by_http: () => {
        const driver = http(extensions);
        driver.io.on('data', ignore);
        driver.on('message', ignore);
        return driver;
      }
    };
    return measure(openers[opener], count);
  },

  memory_used(chunks, count) {
    return measure(async () => {
      const turn = turnOf({ kind: 'echo', messages: 1 }, ignore, ignore);
      await turn(chunksOf({ chunks }));
      return turn;
    }, count);
  }
};

// Bytes for each connection that `open` opens.
async function measure(open, count) {
  const kept = [];
  for (let i = 0; i < 100; i++) kept.push(await open());
  const before = used();
  for (let i = 0; i < count; i++) kept.push(await open());
  const bytes = (used() - before) / count;
  kept.length = 0;
  return bytes;
}

function used() {
  global.gc();
  global.gc();
  const usage = process.memoryUsage();
  return usage.heapUsed + usage.external;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const [name, ...args] = JSON.parse(line);
    let answer;
    try {
      answer = { result: await commands[name](...args) };
    } catch (error) {
      answer = { error: error.stack };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
})();
