// Reads NIP-66 events by public client libraries that have types for them, and says what each of them understood.
//
//     node read_nip66.mjs EVENTS LIBRARY...      exit status 1 if a library refuses an event or reads something else
//
// EVENTS: events one a line, as BIGBROTR_NIP66_EVENTS of read_nip66.py collects them. LIBRARY: a module of one of
//   snstr (src/nip66): parseRelayDiscoveryEvent, parseRelayMonitorAnnouncement
//   applesauce (packages/common/src/helpers/relay-discovery.ts): isValidRelayDiscovery, getRelayDiscoveryURL and others
// Neither is in a package registry of Debian or PyPI, so this is run by hand; README.md says how they are bundled.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const DISCOVERY = 30166;
const ANNOUNCEMENT = 10166;

const values = (event, name) => event.tags.filter((tag) => tag[0] === name).map((tag) => tag[1]);
const milliseconds = (event, name) => {
  const [value] = values(event, name);
  return value === undefined ? undefined : Number(value);
};

// What an event says, by its tags alone.
function discovery(event) {
  return {
    relay: values(event, "d")[0], network: values(event, "n")[0] ?? "", nips: values(event, "N"),
    requirements: values(event, "R"), topics: values(event, "t"), kinds: values(event, "k"),
    geohash: values(event, "g")[0], open: milliseconds(event, "rtt-open"), read: milliseconds(event, "rtt-read"),
    write: milliseconds(event, "rtt-write"),
  };
}

function announcement(event) {
  const timeouts = event.tags.filter((tag) => tag[0] === "timeout");
  return {
    frequency: milliseconds(event, "frequency"), checks: values(event, "c"), geohash: values(event, "g")[0],
    timeouts: timeouts.map((tag) => [tag[2], Number(tag[1])]),
  };
}

const readers = {
  snstr: {
    is: (library) => library.parseRelayDiscoveryEvent !== undefined,
    discovery(library, event) {
      const read = library.parseRelayDiscoveryEvent(event);
      return read && {
        relay: read.relay, network: read.network, nips: read.supportedNips, requirements: read.requirements,
        topics: read.topics, kinds: read.kinds, geohash: read.geohash, open: read.rttOpen, read: read.rttRead,
        write: read.rttWrite,
      };
    },
    announcement(library, event) {
      const read = library.parseRelayMonitorAnnouncement(event);
      return read && {
        frequency: read.frequency, checks: read.checks, geohash: read.geohash,
        timeouts: read.timeouts.map((timeout) => [timeout.test, Number(timeout.value)]),
      };
    },
  },
  applesauce: {
    is: (library) => library.isValidRelayDiscovery !== undefined,
    discovery(library, event) {
      if (!library.isValidRelayDiscovery(event)) return null;
      return {
        relay: library.getRelayDiscoveryURL(event), network: library.getRelayDiscoveryNetworkType(event) ?? "",
        nips: library.getRelayDiscoverySupportedNIPs(event), requirements: library.getRelayDiscoveryRequirements(event),
        topics: library.getRelayDiscoveryTopics(event), kinds: library.getRelayDiscoveryAcceptedKinds(event),
        geohash: library.getRelayDiscoveryGeohash(event), open: library.getRelayDiscoveryRTT(event, "open"),
        read: library.getRelayDiscoveryRTT(event, "read"), write: library.getRelayDiscoveryRTT(event, "write"),
      };
    },
    announcement(library, event) {
      if (!library.isValidRelayMonitorAnnouncement(event)) return null;
      return {
        frequency: library.getMonitorFrequency(event), checks: library.getMonitorChecks(event),
        geohash: library.getMonitorGeohash(event),
        timeouts: library.getMonitorTimeouts(event).map((timeout) => [timeout.test, timeout.timeout]),
      };
    },
  },
};

const [file, ...paths] = process.argv.slice(2);
if (!file || paths.length === 0) {
  console.error("usage: node read_nip66.mjs EVENTS LIBRARY...");
  process.exit(64);
}
const events = readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
let failures = 0;
for (const path of paths) {
  const library = await import(pathToFileURL(resolve(path)));
  const found = Object.entries(readers).find(([, reader]) => reader.is(library));
  if (!found) throw new Error(`${path}: not a library that is known here`);
  const [name, reader] = found;
  const counts = { [DISCOVERY]: 0, [ANNOUNCEMENT]: 0 };
  for (const event of events.filter((event) => event.kind in counts)) {
    const [read, said] = event.kind === DISCOVERY
      ? [reader.discovery(library, event), discovery(event)]
      : [reader.announcement(library, event), announcement(event)];
    counts[event.kind] += 1;
    if (JSON.stringify(read) === JSON.stringify(said)) continue;
    failures += 1;
    console.error(`${name}: ${event.kind} ${event.id}\n  read ${JSON.stringify(read)}\n  said ${JSON.stringify(said)}`);
  }
  const read = `${counts[DISCOVERY]} events of kind 30166, ${counts[ANNOUNCEMENT]} of kind 10166`;
  console.log(`${name}: ${read}, ${failures} misread so far`);
  if (counts[DISCOVERY] === 0 || counts[ANNOUNCEMENT] === 0) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
