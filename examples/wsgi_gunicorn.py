"""An echo server as a WSGI application on gunicorn, which lends out its sockets.

    gunicorn --chdir examples -b 127.0.0.1:4180 -k gthread --threads 100 wsgi_gunicorn:app

Each connection holds one of the threads. Flow control comes with blocking: while `sendall` waits
for a slow peer nothing is read from it.
"""

import websocket_driver as websocket


def app(environ, start_response):
    request = websocket.Request.from_wsgi(environ)
    if not websocket.is_websocket(request):
        start_response("426 Upgrade Required", [("Content-Length", "0"), ("Upgrade", "websocket")])
        return []

    # Drafts off: gunicorn keeps the body that hixie-76 sends behind the head to itself.
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

    raise StopIteration  # as gunicorn says it: close the connection, there is no response to send
