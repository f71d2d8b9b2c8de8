#!/usr/bin/env python3
"""Real relay software that has an information document (NIP-11): nostr-relay over SQLite, from PyPI (see
requirements.txt). It holds nothing.

Prints one line of JSON when it serves, as real_relay.py does: {"ready": URL, "events": 0, "refused": 0}; ends on
SIGTERM or SIGINT, and with --stdin when its standard input ends.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60
CONFIGURATION = """\
relay_name: {name}
storage:
  sqlalchemy.url: sqlite+aiosqlite:///{folder}/relay.sqlite3
gunicorn:
  bind: 127.0.0.1:{port}
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--name", default="a relay with a document", help="its name in the document")
    parser.add_argument("--stdin", action="store_true", help="end with standard input")
    return parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_open(port, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    with open(log, encoding="utf-8", errors="replace") as file:
        raise SystemExit(f"nostr-relay does not serve: {file.read()[-4000:]}")


def serve(options, folder):
    port = options.port or free_port()
    with open(f"{folder}/config.yaml", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(name=json.dumps(options.name), folder=folder, port=port))
    program = os.path.join(os.path.dirname(sys.executable), "nostr-relay")
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(
            [program, "-c", f"{folder}/config.yaml", "serve", "--use-uvicorn"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_open(port, process, f"{folder}/log")
        print(json.dumps({"ready": f"ws://127.0.0.1:{port}", "events": 0, "refused": 0}), flush=True)
        if options.stdin:
            sys.stdin.read()
        else:
            process.wait()
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="bigbrotr-relay-") as folder:
        serve(arguments(), folder)
