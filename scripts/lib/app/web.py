"""A web application for the tests of the edge: it speaks HTTP/1.1 with keep-alive, event streams and WebSockets.

What it does is set by its environment, as that of `serve`: VERSION, PORT, START_DELAY, FAIL, DIE_AFTER, CRASH_AFTER,
IGNORE_TERM; and ERRORS=n: n of 100 requests for / are answered 500.
"""

import base64
import hashlib
import http.server
import json
import os
import signal
import socket
import threading
import time
import urllib.parse

VERSION = os.environ.get("VERSION", "0")
ERRORS = int(os.environ.get("ERRORS", "0"))
BEGAN = time.monotonic()
NAME = socket.gethostname()
count_lock = threading.Lock()
count = 0


def after(name):
    seconds = os.environ.get(name)
    return seconds is not None and time.monotonic() - BEGAN >= float(seconds)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, text, kind="text/plain"):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", VERSION)
        self.send_header("X-Instance", NAME)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/health":
            status = int(os.environ.get("FAIL", "200"))
            return self.answer(500 if after("DIE_AFTER") else status, "health")
        if path == "/slow":
            time.sleep(float(urllib.parse.parse_qs(query).get("s", ["3"])[0]))
        if path == "/events":
            return self.events()
        if path == "/socket":
            return self.socket()
        if path == "/headers":
            return self.answer(200, json.dumps({k.lower(): v for k, v in self.headers.items()}), "application/json")
        global count
        with count_lock:
            count += 1
            number = count
        if ERRORS and path == "/" and (number * 37) % 100 < ERRORS:
            return self.answer(500, "an error on purpose")
        self.answer(200, VERSION)

    do_HEAD = do_GET

    def do_POST(self):
        size = int(self.headers.get("Content-Length", "0"))
        self.rfile.read(size)
        self.answer(200, str(size))

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        number = 0
        while True:
            self.wfile.write(f"data: {NAME} {VERSION} {number}\n\n".encode())
            self.wfile.flush()
            number += 1
            time.sleep(0.1)

    def socket(self):
        """Echoes small text frames."""
        key = self.headers.get("Sec-WebSocket-Key", "")
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + base64.b64encode(digest) + b"\r\nX-Instance: " + NAME.encode() + b"\r\n\r\n")
        self.wfile.flush()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(head[1] & 127)))
            self.wfile.write(bytes([0x81, len(data)]) + data)
            self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    ignores = bool(os.environ.get("IGNORE_TERM"))
    # The first process of a container ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN if ignores else lambda *_: os._exit(0))
    time.sleep(float(os.environ.get("START_DELAY", "0")))
    if "CRASH_AFTER" in os.environ:
        threading.Timer(float(os.environ["CRASH_AFTER"]), os._exit, [3]).start()
    Server(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


main()
