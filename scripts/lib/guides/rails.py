"""A stand-in for a Rails application: what an operator meets of one, and nothing more.

  rails server             Puma: requests on $PORT
  rails db:prepare         creates the database and brings it up to this VERSION; fails in VERSION 3
  rails solid_queue:start  works on jobs until SIGTERM, and ends what it has begun
  rails runner CODE        prints how many jobs are done, whatever the code

As Rails does in production, it refuses to start without RAILS_MASTER_KEY, answers 403 to a Host that is not in HOSTS but
for /up, and 503 while a migration is pending.
"""

import http.server
import os
import signal
import sqlite3
import sys
import threading

VERSION = int(os.environ.get("VERSION", "1"))
DATABASE = "/rails/storage/production.sqlite3"


def connect():
    return sqlite3.connect(DATABASE, timeout=20, isolation_level=None)


def version(database):
    return database.execute("PRAGMA user_version").fetchone()[0]


def prepare():
    with connect() as database:
        database.execute("PRAGMA journal_mode=WAL")
        for number in range(version(database) + 1, VERSION + 1):
            print(f"== {number}: migrating", flush=True)
            if number > 2:
                sys.exit("ActiveRecord::StatementInvalid: SQLite3::SQLException: near \"TABEL\": syntax error")
            database.execute(
                "CREATE TABLE jobs (id INTEGER PRIMARY KEY, done INTEGER DEFAULT 0)"
                if number == 1
                else "ALTER TABLE jobs ADD COLUMN priority INTEGER DEFAULT 0"
            )
            database.execute(f"PRAGMA user_version={number}")
            print(f"== {number}: migrated", flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def check(self):
        host = self.headers.get("Host", "").split(":")[0]
        if self.path != "/up" and host not in os.environ.get("HOSTS", "").split(","):
            self.answer(403, f"Blocked hosts: {host}")
            return False
        with connect() as database:
            if version(database) < min(VERSION, 2):
                self.answer(503, "ActiveRecord::PendingMigrationError")
                return False
        return True

    def do_GET(self):
        if self.check():
            self.answer(200, f"version {VERSION}")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.check():
            with connect() as database:
                database.execute("INSERT INTO jobs DEFAULT VALUES")
            self.answer(202, "enqueued")


def server():
    # The first process of a container hears no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "3000"))), Handler).serve_forever()


def work():
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    while not ending.is_set():
        with connect() as database:
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT id FROM jobs WHERE done = 0 LIMIT 1").fetchone()
            if row:
                database.execute("UPDATE jobs SET done = done + 1 WHERE id = ?", row)
            database.execute("COMMIT")
        ending.wait(0.01 if row else 0.2)


def main():
    if not os.environ.get("RAILS_MASTER_KEY"):
        sys.exit("Missing encryption key to decrypt file with. Ask your team for your master key (RAILS_MASTER_KEY).")
    commands = {"server": server, "db:prepare": prepare, "solid_queue:start": work}
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "runner":
        with connect() as database:
            print(database.execute("SELECT count(*) FROM jobs WHERE done = 1").fetchone()[0])
    elif command in commands:
        commands[command]()
    else:
        sys.exit(f"Unrecognized command \"{command}\"")


main()
