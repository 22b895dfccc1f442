"""An echo server as a WSGI application on gunicorn, which lends out its sockets.

gunicorn --chdir examples -b 127.0.0.1:4180 --threads 100 --graceful-timeout 1 wsgi_gunicorn:app

Each connection holds one of the threads until it closes, or until gunicorn has lost its patience
after Ctrl-C. Blocking is the flow control: while `sendall` waits for a slow peer nothing is read.
"""

import websocket_driver as websocket


def app(environ, start_response):
    request = websocket.Request.from_wsgi(environ)
    if not websocket.is_websocket(request):
        start_response("426 Upgrade Required", [("Content-Type", "text/plain")])
        return [b"This is a WebSocket server.\n"]

    # No drafts: gunicorn keeps to itself what hixie-76 sends behind the head.
    driver = websocket.http(request, allow_drafts=False)
    sock = environ["gunicorn.socket"]

    driver.io.on("data", sock.sendall)
    driver.messages.pipe(driver.messages)
    driver.start()

    try:
        while driver.get_state() != "closed" and (chunk := sock.recv(65536)):
            driver.io.write(chunk)
    finally:
        driver.io.end()

    raise StopIteration  # gunicorn's own sign: close the connection, without a response
