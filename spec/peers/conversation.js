'use strict'

// Drives one WebSocket connection of somebody else's implementation.
//
//     node conversation.js LIBRARY server|client DEFLATE PROTOCOLS [PORT]
//
// Standard input has a command on each line, standard output an event on each, both as JSON.
// Bytes are in base64.

const http = require('http'),
      net = require('net'),
      readline = require('readline')

const [library, role, deflate, protocolList, port] = process.argv.slice(2)

const compress  = deflate === 'deflate',
      protocols = protocolList ? protocolList.split(',') : [],
      url       = `ws://127.0.0.1:${port}/`

const emit = (event, fields) => console.log(JSON.stringify({event, ...fields}))

const emitMessage = (data) =>
  emit('message', typeof data === 'string' ? {text: data} : {binary: data.toString('base64')})

const listen = (server) =>
  server.listen(0, '127.0.0.1', () => emit('listening', {port: server.address().port}))

const libraries = {
  // Each gives an object of what can be done, once there is a connection.

  ws(attach) {
    const WebSocket = require('ws'),
          perMessageDeflate = compress && {threshold: 0}

    const wrap = (socket) => {
      socket.on('message', (data, binary) => emitMessage(binary ? data : data.toString()))
      socket.on('pong', (data) => emit('pong', {data: data.toString()}))
      socket.on('close', (code, reason) => emit('close', {code, reason: reason.toString()}))

      attach(socket.protocol, {
        send:      (data) => socket.send(data),
        fragments: (parts) => parts.forEach((part, i) =>
                     socket.send(part, {fin: i === parts.length - 1})),
        ping:      (data) => socket.ping(data),
        close:     (code, reason) => socket.close(code, reason)
      })
    }
    if (role === 'client') {
      const socket = new WebSocket(url, protocols, {perMessageDeflate})
      socket.on('open', () => wrap(socket))
    } else {
      const handleProtocols = (offered) => protocols.find((name) => offered.has(name)) || false
      const server = new WebSocket.Server({noServer: true, perMessageDeflate, handleProtocols})
      listen(http.createServer().on('upgrade', (request, socket, head) =>
        server.handleUpgrade(request, socket, head, wrap)))
    }
  },

  'faye-websocket'(attach) {
    const WebSocket = require('faye-websocket'),
          options = {extensions: compress ? [require('permessage-deflate')] : []}

    const wrap = (socket) => {
      socket.on('open', () => attach(socket.protocol, {
        send:  (data) => socket.send(data),
        ping:  (data) => socket.ping(data, () => emit('pong', {data})),
        close: (code, reason) => socket.close(code, reason)
      }))
      socket.on('message', (event) => emitMessage(event.data))
      socket.on('close', ({code, reason}) => emit('close', {code, reason}))
    }
    if (role === 'client')
      wrap(new WebSocket.Client(url, protocols, options))
    else
      listen(http.createServer().on('upgrade', (request, socket, head) =>
        wrap(new WebSocket(request, socket, head, protocols, options))))
  },

  'websocket-driver'(attach) {
    const websocket = require('websocket-driver')

    const wrap = (driver, socket) => {
      if (compress) driver.addExtension(require('permessage-deflate'))
      driver.on('open', () => attach(driver.protocol, {
        send:  (data) => driver.messages.write(data),
        ping:  (data) => driver.ping(data, () => emit('pong', {data})),
        close: (code, reason) => driver.close(reason, code)
      }))
      driver.on('message', (event) => emitMessage(event.data))
      driver.on('close', ({code, reason}) => {
        emit('close', {code, reason})
        socket.end()
      })
      socket.on('error', () => {})
      socket.pipe(driver.io).pipe(socket)
    }
    if (role === 'client') {
      const driver = websocket.client(url, {protocols}),
            socket = net.connect(Number(port), '127.0.0.1')
      wrap(driver, socket)
      socket.on('connect', () => driver.start())
    } else {
      listen(net.createServer((socket) => {
        const driver = websocket.server({protocols})
        driver.on('connect', () => driver.start())
        wrap(driver, socket)
      }))
    }
  }
}

const decode = (part) => part.binary === undefined ? part.text : Buffer.from(part.binary, 'base64')

libraries[library]((protocol, actions) => {
  emit('open', {protocol: protocol || null})

  const input = readline.createInterface({input: process.stdin})

  input.on('close', () => process.exit())
  input.on('line', (line) => {
    const {action, parts, data, code, reason} = JSON.parse(line)
    if (action === 'send') actions.send(decode(parts[0]))
    if (action === 'fragments') actions.fragments(parts.map(decode))
    if (action === 'ping') actions.ping(data)
    if (action === 'close') actions.close(code, reason)
  })
})
