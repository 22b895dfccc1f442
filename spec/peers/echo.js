'use strict'

// The original's own server, which sends messages back, and closes when it is told "close".

const net = require('net'),
      websocket = require('websocket-driver')

const server = net.createServer((socket) => {
  const driver = websocket.server({protocols: ['superchat', 'chat'], allowDrafts: true})

  driver.on('connect', () => driver.start())
  driver.on('message', ({data}) => data === 'close' ? driver.close() : driver.text(data))
  driver.on('close', () => socket.end())
  socket.on('error', () => {})
  socket.pipe(driver.io).pipe(socket)
})

server.listen(0, '127.0.0.1', () => console.log(`Echoing on :${server.address().port}`))
