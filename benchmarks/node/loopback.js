'use strict';

// An echo server: node loopback.js ws|original. Prints its port.

const net = require('net');

function listening() {
  process.stdout.write(this.address().port + '\n');
}

if (process.argv[2] === 'ws') {
  const { WebSocketServer } = require('ws');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });

  server.on('listening', listening);
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : data.toString()));
  });
} else {
  const websocket = require('websocket-driver');

  const server = net.createServer({ noDelay: true }, (connection) => {
    const driver = websocket.server();
    driver.on('connect', () => driver.start());
    driver.on('message', (event) => driver.text(event.data));
    driver.on('close', () => connection.end());
    connection.on('error', () => {});
    connection.pipe(driver.io).pipe(connection);
  });
  server.listen(0, '127.0.0.1', listening);
}
