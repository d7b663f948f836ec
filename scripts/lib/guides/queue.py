"""A queue in Redis: a web process that takes orders, workers that carry them out, and a sweep for what was left lying.

  queue.py web      POST /orders?n=10 puts orders into the queue; GET /done says how many were carried out
  queue.py worker   takes one after the other; at SIGTERM it ends the one that it has and takes no more
  queue.py sweep    puts back what a worker took more than $STALE seconds ago and never finished
"""

import http.server
import os
import signal
import socket
import sys
import time
import urllib.parse

VERSION = os.environ.get("VERSION", "1")
WORK = float(os.environ.get("WORK", "0.05"))
STALE = float(os.environ.get("STALE", "60"))


class Redis:
    """As much of Redis's protocol as is needed here."""

    def __init__(self):
        host, _, port = os.environ.get("REDIS", "redis:6379").partition(":")
        self.file = socket.create_connection((host, int(port)), timeout=30).makefile("rwb")

    def __call__(self, *words):
        parts = [str(word).encode() for word in words]
        self.file.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        self.file.flush()
        return self.read()

    def read(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-" or not line:
            sys.exit(f"redis: {rest.decode() or 'the connection has gone'}")
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest.decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text):
        body = (str(text) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        redis = Redis()
        self.answer(200, redis("GET", "done") or 0 if self.path == "/done" else redis("PING"))

    def do_POST(self):
        query = urllib.parse.parse_qs(self.path.partition("?")[2])
        redis = Redis()
        for _ in range(int(query.get("n", ["1"])[0])):
            redis("LPUSH", "orders", redis("INCR", "number"))
        self.answer(202, "accepted")


def worker():
    ending = False

    def end(*_):
        nonlocal ending
        ending = True

    signal.signal(signal.SIGTERM, end)
    redis = Redis()
    print(f"worker {VERSION} waits for orders", flush=True)
    while not ending:
        order = redis("BRPOPLPUSH", "orders", "taken", 1)
        if order is None:
            continue
        redis("HSET", "since", order, int(time.time()))
        time.sleep(WORK)
        redis("INCR", "done")
        redis("LREM", "taken", 1, order)
        redis("HDEL", "since", order)
    print("the last order is done", flush=True)


def sweep():
    redis = Redis()
    swept = 0
    for order in redis("LRANGE", "taken", 0, -1):
        since = redis("HGET", "since", order)
        if since and time.time() - int(since) > STALE and redis("LREM", "taken", 1, order):
            redis("LPUSH", "orders", order)
            swept += 1
    print(f"{swept} orders put back")


def web():
    # The first process of a container hears no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


{"web": web, "worker": worker, "sweep": sweep}[sys.argv[1]]()
