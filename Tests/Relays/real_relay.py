#!/usr/bin/env python3
"""Real relay software for tests: rust-nostr's LocalRelay over LMDB, from PyPI's nostr-sdk (see requirements.txt).

Prints one line of JSON when it serves: {"ready": URL, "events": held, "refused": not taken}; ends on SIGTERM or SIGINT.
With --stdin it also ends when its standard input does (so it never outlives the test that started it), and every line
read there is an event that is stored and sent to open subscriptions, answered by {"saved": id} or {"refused": reason}.
What this relay does with pages, limits and the rest is written down in README.md beside this file.
"""
import argparse
import asyncio
import json
import shutil
import signal
import socket
import sys
import tempfile

from nostr_sdk import (
    Event, Filter, LocalRelay, NostrDatabase, RateLimit, RelayBuilder, RelayBuilderNip42, RelayBuilderNip42Mode,
)

SAVES_AT_ONCE = 256
LONGEST_LINE = 1 << 24


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", help="LMDB folder; without it a temporary one, removed at the end")
    parser.add_argument("--events", action="append", default=[], metavar="JSONL", help="events to hold, one a line")
    parser.add_argument("--ids", metavar="FILE", help="writes the ids it holds after loading, one a line")
    parser.add_argument("--max-filter-limit", type=int, help="most events a filter is answered with, silently")
    parser.add_argument("--default-filter-limit", type=int, help="the limit of a filter that names none")
    parser.add_argument("--max-connections", type=int)
    parser.add_argument("--max-reqs", type=int, default=1000, help="open subscriptions of a connection")
    parser.add_argument("--notes-per-minute", type=int, default=1_000_000, help="events taken from a connection")
    parser.add_argument("--auth", choices=["read", "write", "both"], help="NIP-42 for these")
    parser.add_argument("--stdin", action="store_true", help="take events from standard input; end with it")
    return parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build(options, port, database):
    builder = RelayBuilder().addr("127.0.0.1").port(port).database(database)
    builder = builder.rate_limit(RateLimit(max_reqs=options.max_reqs, notes_per_minute=options.notes_per_minute))
    if options.max_filter_limit is not None:
        builder = builder.max_filter_limit(options.max_filter_limit)
    if options.default_filter_limit is not None:
        builder = builder.default_filter_limit(options.default_filter_limit)
    if options.max_connections is not None:
        builder = builder.max_connections(options.max_connections)
    if options.auth is not None:
        builder = builder.nip42(RelayBuilderNip42(mode=RelayBuilderNip42Mode[options.auth.upper()]))
    return LocalRelay(builder)


async def save(database, line):
    """None when the event is held now, otherwise why not."""
    try:
        event = Event.from_json(line)
    except Exception as problem:
        return f"not an event: {problem}"
    status = await database.save_event(event)
    return None if status.is_success() else str(status.rejection_reason())


async def load(database, paths):
    """Stores the files' events straight into the database, so a few thousand take a second; returns those refused."""
    refused = 0
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            batch = []
            for line in lines:
                if line.strip():
                    batch.append(save(database, line))
                if len(batch) == SAVES_AT_ONCE:
                    refused += sum(reason is not None for reason in await asyncio.gather(*batch))
                    batch = []
            refused += sum(reason is not None for reason in await asyncio.gather(*batch))
    return refused


def say(**fields):
    print(json.dumps(fields), flush=True)


async def take_more(database, relay, ended):
    """Stores and sends what comes by standard input until that ends."""
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode():
        reason = await save(database, line)
        if reason is None:
            event = Event.from_json(line)
            relay.notify_event(event)
            say(saved=event.id().to_hex())
        else:
            say(refused=reason)
    ended.set()


async def main(options, folder):
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    database = NostrDatabase.lmdb(folder)
    refused = await load(database, options.events)
    if options.ids:
        held = (await database.query(Filter())).to_vec()
        with open(options.ids, "w", encoding="ascii") as file:
            file.writelines(event.id().to_hex() + "\n" for event in held)
    relay = build(options, options.port or free_port(), database)
    await relay.run()
    if options.stdin:
        taking = loop.create_task(take_more(database, relay, ended))
    say(ready=str(await relay.url()), events=await database.count(Filter()), refused=refused)
    await ended.wait()
    relay.shutdown()
    if options.stdin:
        taking.cancel()


if __name__ == "__main__":
    options = arguments()
    folder = options.database or tempfile.mkdtemp(prefix="bigbrotr-relay-")
    try:
        asyncio.run(main(options, folder))
    finally:
        if options.database is None:
            shutil.rmtree(folder, ignore_errors=True)
