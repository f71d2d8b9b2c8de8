#!/usr/bin/env python3
"""Reads NIP-66 events from a relay as any user of PyPI's nostr-sdk would: verifies ids and signatures, reads the tags
by the library, and looks for each event once more by filters on its tags. Prints one line of JSON: a list of events.

    read_nip66.py URL AUTHOR KIND...

BIGBROTR_NIP66_EVENTS names a file to which the events are added as they came, one a line, for other readers.
"""
import asyncio
import json
import os
import sys
from datetime import timedelta

from nostr_sdk import Alphabet, Client, Filter, Kind, PublicKey, RelayUrl, SingleLetterTag

TIMEOUT = timedelta(seconds=20)
# What a reader filters relays by: network, NIPs, requirements, topics, geohash, labels; and the checks of a monitor.
LETTERS = {
    "n": SingleLetterTag.lowercase(Alphabet.N), "N": SingleLetterTag.uppercase(Alphabet.N),
    "R": SingleLetterTag.uppercase(Alphabet.R), "t": SingleLetterTag.lowercase(Alphabet.T),
    "g": SingleLetterTag.lowercase(Alphabet.G), "l": SingleLetterTag.lowercase(Alphabet.L),
    "c": SingleLetterTag.lowercase(Alphabet.C), "r": SingleLetterTag.lowercase(Alphabet.R),
}


async def fetch(client, query):
    return (await client.fetch_events(query, TIMEOUT)).to_vec()


def by_tags(author, event):
    query = Filter().author(author).kind(event.kind())
    if event.tags().identifier() is not None:
        query = query.identifier(event.tags().identifier())
    for letter, name in LETTERS.items():
        values = [tag.as_vec()[1] for tag in event.tags().to_vec() if tag.as_vec()[0] == letter]
        if values:
            query = query.custom_tags(name, values)
    return query


async def main(url, author, kinds):
    client = Client()
    await client.add_relay(RelayUrl.parse(url))
    await client.connect()
    found, raw = [], []
    for kind in kinds:
        for event in await fetch(client, Filter().author(author).kind(Kind(kind))):
            if not event.verify():
                raise SystemExit("an event does not verify")
            if kind >= 30000 and not event.kind().is_addressable():
                raise SystemExit("the library has another idea of the kind")
            again = await fetch(client, by_tags(author, event))
            found.append({
                "id": event.id().to_hex(), "kind": event.kind().as_u16(), "created_at": event.created_at().as_secs(),
                "identifier": event.tags().identifier(), "tags": [tag.as_vec() for tag in event.tags().to_vec()],
                "content": event.content(), "is_found_by_tags": event.id().to_hex() in [e.id().to_hex() for e in again],
            })
            raw.append(event.as_json())
    print(json.dumps(found), flush=True)
    if "BIGBROTR_NIP66_EVENTS" in os.environ:
        with open(os.environ["BIGBROTR_NIP66_EVENTS"], "a", encoding="utf-8") as file:
            file.writelines(event + "\n" for event in raw)
    await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], PublicKey.parse(sys.argv[2]), [int(kind) for kind in sys.argv[3:]]))
