"""A stand-in for a Django project: what an operator meets of one, and nothing more.

  manage.py migrate          brings the tables up to this VERSION; fails in VERSION 3
  manage.py serve            what gunicorn would do: requests on $PORT
  manage.py clearsessions    as in cron
  manage.py createsuperuser NAME

As Django does, it refuses to start without SECRET_KEY, answers 400 to a Host that is not in ALLOWED_HOSTS, and 500 where a
table is missing that its code asks for.
"""

import http.server
import os
import signal
import sqlite3
import sys

VERSION = int(os.environ.get("VERSION", "1"))
DATABASE = os.environ.get("DATABASE_PATH", "/data/db.sqlite3")
MIGRATIONS = {1: "CREATE TABLE visit (id INTEGER PRIMARY KEY)", 2: "ALTER TABLE visit ADD COLUMN path TEXT"}


def connect():
    database = sqlite3.connect(DATABASE, timeout=20, isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS django_migrations (id INTEGER PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS django_session (id INTEGER PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS auth_user (name TEXT)")
    return database


def applied(database):
    return database.execute("SELECT max(id) FROM django_migrations").fetchone()[0] or 0


def migrate():
    with connect() as database:
        for number in range(applied(database) + 1, VERSION + 1):
            print(f"  Applying shop.{number:04}...", end=" ", flush=True)
            if number not in MIGRATIONS:
                print("FAILED")
                sys.exit(f'django.db.utils.OperationalError: no such column "price" in shop.{number:04}')
            database.execute("BEGIN IMMEDIATE")
            database.execute(MIGRATIONS[number])
            database.execute("INSERT INTO django_migrations VALUES (?)", [number])
            database.execute("COMMIT")
            print("OK", flush=True)


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

    def do_GET(self):
        host = self.headers.get("Host", "").split(":")[0]
        if host not in os.environ.get("ALLOWED_HOSTS", "").split(","):
            return self.answer(400, f"Invalid HTTP_HOST header: '{host}'. You may need to add it to ALLOWED_HOSTS.")
        with connect() as database:
            if applied(database) < min(VERSION, 2):
                return self.answer(500, "ProgrammingError: a migration is missing")
            if self.path != "/healthz":
                column = "" if VERSION == 1 else " (path)"
                value = "NULL" if VERSION == 1 else "?"
                database.execute(f"INSERT INTO visit{column} VALUES ({value})", [] if VERSION == 1 else [self.path])
        self.answer(200, f"version {VERSION}")


def serve():
    # The first process of a container hears no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Handler)
    print(f"version {VERSION} listens", flush=True)
    server.serve_forever()


def secret_key():
    try:
        with open("/run/secrets/SECRET_KEY", encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        sys.exit(f"ImproperlyConfigured: The SECRET_KEY setting must not be empty ({error.strerror})")


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    secret_key()
    if command == "migrate":
        migrate()
    elif command == "serve":
        serve()
    elif command == "clearsessions":
        with connect() as database:
            print(f"{database.execute('DELETE FROM django_session').rowcount} sessions cleared")
    elif command == "createsuperuser" and len(sys.argv) == 3:
        with connect() as database:
            database.execute("INSERT INTO auth_user VALUES (?)", [sys.argv[2]])
        print("Superuser created successfully.")
    else:
        sys.exit(f"Unknown command: '{command}'")


main()
