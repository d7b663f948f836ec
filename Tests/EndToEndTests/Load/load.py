"""Sends requests through the edge until a file appears, and prints what became of them as JSON.

    load.py HOST:PORT FILE NAME [NAME ...]

NAME is a host that the edge answers for. Every kind of traffic runs beside the others: requests on connections that are
kept, requests on fresh ones, requests that take 3 seconds, event streams and WebSockets. A request fails if it gets no
answer, half of one, or one of 5xx. A kept connection that was closed before anything of an answer came is tried again
once, as clients do, and counted.
"""

import base64
import http.client
import json
import os
import socket
import sys
import threading
import time

ADDRESS, STOP, NAMES = sys.argv[1], sys.argv[2], sys.argv[3:]
HOST, PORT = ADDRESS.rsplit(":", 1)
stopping = threading.Event()
lock = threading.Lock()
counts = {}
versions = {}
failures = []
cut = []


def note(kind, version=None):
    with lock:
        counts[kind] = counts.get(kind, 0) + 1
        if version is not None:
            versions[version] = versions.get(version, 0) + 1


def failed(kind, reason):
    with lock:
        counts["failed"] = counts.get("failed", 0) + 1
        if len(failures) < 50:
            failures.append(f"{time.strftime('%H:%M:%S')} {kind}: {reason}")


def ask(connection, name, path):
    connection.request("GET", path, headers={"Host": name})
    response = connection.getresponse()
    body = response.read()
    if response.status >= 500:
        raise RuntimeError(f"{response.status} {body[:80]!r} from {response.getheader('x-instance')}")
    return response.getheader("x-version")


def kept(name):
    connection, used = None, False
    while not stopping.is_set():
        if connection is None:
            connection, used = http.client.HTTPConnection(HOST, int(PORT), timeout=20), False
        try:
            note("kept", ask(connection, name, "/"))
            used = True
        except Exception as error:
            connection.close()
            connection = None
            if used and isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)):
                note("retried")
            else:
                failed("kept", repr(error))
        time.sleep(0.02)


def once(kind, name, path, pause):
    while not stopping.is_set():
        connection = http.client.HTTPConnection(HOST, int(PORT), timeout=20)
        try:
            note(kind, ask(connection, name, path))
        except Exception as error:
            failed(kind, repr(error))
        finally:
            connection.close()
        time.sleep(pause)


def head(stream):
    """The status and the headers of an answer."""
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()):
        key, _, value = line.decode().partition(":")
        headers[key.lower()] = value.strip()
    return status, headers


def open_stream(name, path, more=""):
    plain = socket.create_connection((HOST, int(PORT)), timeout=20)
    plain.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n{more}\r\n".encode())
    return plain, plain.makefile("rb")


def events(name):
    while not stopping.is_set():
        instance = None
        try:
            plain, stream = open_stream(name, "/events")
            status, headers = head(stream)
            if status != 200:
                failed("events", f"status {status}")
                continue
            note("events")
            while not stopping.is_set():
                line = stream.readline()
                if not line:
                    raise EOFError("the stream ended")
                if line.startswith(b"data:"):
                    instance = line.split()[1].decode()
        except Exception as error:
            if instance is None:
                failed("events", repr(error))
            else:
                cut.append(instance)
        finally:
            plain.close()


def sockets(name):
    more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    while not stopping.is_set():
        instance = None
        try:
            plain, stream = open_stream(name, "/socket", more + base64.b64encode(os.urandom(16)).decode() + "\r\n")
            status, headers = head(stream)
            if status != 101:
                failed("socket", f"status {status}")
                continue
            note("sockets")
            instance = headers.get("x-instance")
            while not stopping.is_set():
                plain.sendall(bytes([0x81, 0x84, 0, 0, 0, 0]) + b"ping")
                if stream.read(6) != b"\x81\x04ping":
                    raise EOFError("the socket ended")
                time.sleep(0.1)
        except Exception as error:
            if instance is None:
                failed("socket", repr(error))
            else:
                cut.append(instance)
        finally:
            plain.close()


def main():
    threads = []
    for name in NAMES:
        jobs = [(kept, name)] * 2 + [(events, name), (sockets, name)]
        threads += [threading.Thread(target=job, args=[name], daemon=True) for job, name in jobs]
        for kind, path, pause in [("fresh", "/", 0.03), ("slow", "/slow?s=3", 0), ("slow", "/slow?s=3", 0)]:
            threads.append(threading.Thread(target=once, args=[kind, name, path, pause], daemon=True))
    for thread in threads:
        thread.start()
    while not os.path.exists(STOP):
        time.sleep(0.1)
    stopping.set()
    for thread in threads:
        thread.join(25)
    with lock:
        print(json.dumps({"counts": counts, "versions": versions, "failures": failures, "cut": cut}), flush=True)


main()
