var http = require('http'),
    websocket = require('websocket-driver');

var clients = new Set();

var server = http.createServer(function(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end(clients.size + ' in the room\n');
});

server.on('upgrade', function(request, socket, head) {
  if (!websocket.isWebSocket(request) || request.url !== '/chat') {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    return;
  }

  var driver = websocket.http(request, { maxLength: 65536, protocols: ['chat'] });

  function leave() {
    clients.delete(driver);
    socket.end();
  }

  driver.on('open', function() {
    clients.add(driver);
  });

  driver.on('message', function(event) {
    clients.forEach(function(client) { client.text(event.data); });
  });

  driver.on('close', function(event) {
    console.log('left', event.code, event.reason);
    clients.delete(driver);
    socket.destroy();
  });

  socket.on('error', function() {});
  socket.on('end', leave);
  socket.on('close', leave);

  socket.pipe(driver.io).pipe(socket);
  driver.io.write(head);
  driver.start();
});

server.listen(+process.argv[2] || 4180, '127.0.0.1', function() {
  console.log('http://127.0.0.1:' + server.address().port);
});
