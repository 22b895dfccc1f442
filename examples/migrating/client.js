var fs = require('fs'),
    tls = require('tls'),
    websocket = require('websocket-driver');

var port = +process.argv[2],
    ca = fs.readFileSync(process.argv[3]),
    HEARTBEAT = 500,
    RECONNECT = 100;

var finished = false;

function connect() {
  var socket = tls.connect({ port: port, host: 'localhost', servername: 'localhost', ca: ca }),
      driver = websocket.client('wss://localhost:' + port + '/feed'),
      heartbeat = null,
      alive = true;

  function beat() {
    if (!alive) return socket.destroy();
    alive = false;
    driver.ping('beat', function() { alive = true; });
  }

  driver.on('open', function() {
    console.log('open');
    heartbeat = setInterval(beat, HEARTBEAT);
  });

  driver.on('message', function(event) {
    console.log('message', event.data);
    if (event.data === 'stop') {
      finished = true;
      driver.close();
    }
  });

  driver.on('close', function(event) {
    console.log('closed', event.code);
    socket.end();
  });

  driver.on('error', function(error) {
    console.log('error', error.message);
  });

  socket.on('error', function(error) {
    console.log('lost', error.code);
  });

  socket.on('close', function() {
    clearInterval(heartbeat);
    if (!finished) setTimeout(connect, RECONNECT);
  });

  socket.on('secureConnect', function() { driver.start(); });
  socket.pipe(driver.io).pipe(socket);
}

connect();
