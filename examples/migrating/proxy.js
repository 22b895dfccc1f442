var net = require('net'),
    websocket = require('websocket-driver');

var target = +process.argv[3];

var server = net.createServer(function(socket) {
  var driver = websocket.server({ protocols: ['binary'] }),
      backend = null;

  driver.on('connect', function() {
    if (!websocket.isWebSocket(driver)) {
      return socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n');
    }
    backend = net.connect(target, '127.0.0.1', function() {
      driver.start();
      driver.messages.pipe(backend);
      backend.pipe(driver.messages);
    });
    backend.on('error', function(error) {
      console.log('backend', error.code);
      socket.destroy();
    });
  });

  driver.on('close', function(event) {
    console.log('closed', event.code);
    socket.end();
  });

  socket.on('error', function() {});
  socket.on('close', function() { if (backend) backend.destroy(); });

  socket.pipe(driver.io).pipe(socket);
});

server.listen(+process.argv[2], '127.0.0.1', function() {
  console.log('ws://127.0.0.1:' + server.address().port);
});
