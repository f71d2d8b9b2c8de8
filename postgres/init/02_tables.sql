-- Tables of the first release. Conventions:
--   times of Nostr and of observations are whole Unix seconds (bigint; int where rows are many);
--   times of scheduling (due_at, heartbeat_at, applied_at) are timestamptz, always by the database's now();
--   ids, keys, signatures and digests are bytes, never hex; fixed-width columns stand first; no foreign key on events.
-- Only the owner named in docs/DATABASE.md writes a table. Comments stand at every column with a state or a unit.

CREATE TABLE IF NOT EXISTS public.schema_migrations (
    version     int PRIMARY KEY CHECK (version > 0),
    name        text NOT NULL,
    checksum    bytea NOT NULL CHECK (octet_length(checksum) = 32),
    applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.schema_migrations IS 'Migrations this database has, written by the Initializer and by 99_verify.sql.';
COMMENT ON COLUMN public.schema_migrations.name IS 'File name without .sql, for example 0001_first_release.';
COMMENT ON COLUMN public.schema_migrations.checksum IS 'SHA-256 of the file, 32 bytes.';

-- Relays ------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.relays (
    relay_url   text PRIMARY KEY CHECK (octet_length(relay_url) BETWEEN 1 AND 2048),
    network     text NOT NULL CHECK (network IN ('clearnet', 'tor', 'i2p', 'loki', 'local')),
    first_seen  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    last_seen   bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    status      text NOT NULL DEFAULT 'unknown' CHECK (status IN ('unknown', 'online', 'offline', 'dead', 'ignored')),
    relay_id    int GENERATED ALWAYS AS IDENTITY UNIQUE
);
COMMENT ON TABLE public.relays IS 'Every relay known, by its canonical URL.';
COMMENT ON COLUMN public.relays.relay_url IS 'Canonical URL, 1 to 2048 bytes.';
COMMENT ON COLUMN public.relays.network IS 'clearnet, tor, i2p, loki or local.';
COMMENT ON COLUMN public.relays.first_seen IS 'Unix seconds of the first insert.';
COMMENT ON COLUMN public.relays.last_seen IS 'Unix seconds of the last check that the relay answered; the first insert until then.';
COMMENT ON COLUMN public.relays.status IS 'unknown (never checked), online, offline, dead (set by the Monitor), ignored (set by the operator: never dialled).';
COMMENT ON COLUMN public.relays.relay_id IS 'Short key used wherever rows are many; never reused.';

CREATE TABLE IF NOT EXISTS public.relay_sync (
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    lane           smallint NOT NULL DEFAULT 0 CHECK (lane IN (0, 1)),
    lane_next      smallint CHECK (lane_next IN (0, 1)),
    class          smallint NOT NULL DEFAULT 0 CHECK (class BETWEEN 0 AND 5),
    fails          int NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    fence          bigint NOT NULL DEFAULT 0,
    tail_seen      bigint,
    sealed_hi      bigint,
    walk_lo        bigint,
    walk_hi        bigint,
    frontier       bigint,
    deficit_bytes  bigint NOT NULL DEFAULT 0,
    events_new     bigint NOT NULL DEFAULT 0,
    sightings      bigint NOT NULL DEFAULT 0,
    cap_seen       int,
    page_size      int,
    rate           real,
    owner          uuid,
    network        text NOT NULL,
    last_error     text,
    behaviour      jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.relay_sync IS 'One row a relay: who archives it, until when, and how far it is proven. commit_pages moves the progress, claims and releases move the lease.';
COMMENT ON COLUMN public.relay_sync.lane IS '0 ordinary, 1 priority.';
COMMENT ON COLUMN public.relay_sync.lane_next IS 'Lane that the relay is moved to when its lease is given back; NULL when it stays.';
COMMENT ON COLUMN public.relay_sync.class IS '0 ok, 1 auth, 2 unordered, 3 unpageable, 4 blocked, 5 unreachable.';
COMMENT ON COLUMN public.relay_sync.fails IS 'Failed visits in a row.';
COMMENT ON COLUMN public.relay_sync.due_at IS 'Free: the next visit is due. Held: the lease ends. One column for both, so that one index finds both.';
COMMENT ON COLUMN public.relay_sync.fence IS 'Rises with every claim; a write carries (fence, owner) and is refused when either differs.';
COMMENT ON COLUMN public.relay_sync.owner IS 'Replica that holds the lease, a fresh UUID per process start; NULL when free.';
COMMENT ON COLUMN public.relay_sync.tail_seen IS 'Unix seconds: created_at up to which the tail has been followed. At most now + 1 h when written.';
COMMENT ON COLUMN public.relay_sync.sealed_hi IS 'Unix seconds: upper end of proven history, inclusive. Only rises.';
COMMENT ON COLUMN public.relay_sync.walk_lo IS 'Unix seconds: lower end of the walk in progress, inclusive; NULL when there is none.';
COMMENT ON COLUMN public.relay_sync.walk_hi IS 'Unix seconds: upper end of the walk in progress, inclusive; NULL when there is none.';
COMMENT ON COLUMN public.relay_sync.frontier IS 'Unix seconds: (frontier, walk_hi] is proven, the second itself is still open. Only falls while a walk is in progress.';
COMMENT ON COLUMN public.relay_sync.deficit_bytes IS 'Bytes of download this relay has used beyond its fair share.';
COMMENT ON COLUMN public.relay_sync.events_new IS 'Events that were stored from this relay first.';
COMMENT ON COLUMN public.relay_sync.sightings IS 'Events ever linked to this relay.';
COMMENT ON COLUMN public.relay_sync.cap_seen IS 'Events in the largest conclusive page.';
COMMENT ON COLUMN public.relay_sync.page_size IS 'Events asked for in the next page.';
COMMENT ON COLUMN public.relay_sync.rate IS 'Requests a second the relay tolerates, as learned.';
COMMENT ON COLUMN public.relay_sync.network IS 'Copy of relays.network, which never changes: claims go by network.';
COMMENT ON COLUMN public.relay_sync.last_error IS 'Kind of the last failure, at most 512 bytes; NULL after success.';
COMMENT ON COLUMN public.relay_sync.behaviour IS 'How the relay answers; a key is absent until it was seen. order: newest_first or '
    'unordered; since, until: honoured; bounds: inclusive, since_exclusive, until_exclusive or exclusive; '
    'hints (NIP-67), count (NIP-45, was what it served), negentropy (NIP-77), '
    'auth (NIP-42, demanded); '
    'calibrated_at: Unix seconds of the last shortcoming; contradictions, short_answers: how many; filter: of the coverage; '
    'span: seconds of history that hold an answer''s worth of events, where it is read in windows of time; '
    'rescans: by age of read intervals, from the first look after the second pass, steps of the schedule by which looks come '
    'nearer (below 0: farther) and those in a row that found nothing; '
    'reading: visits in a row that got nothing out of a part of the history though the relay answered other questions, '
    'events asked for in a page of a further pass where that had to shrink (else 0), 1 where what is dated ahead is '
    'not asked for, and visits in a row in which sets that were compared before were not.';

CREATE TABLE IF NOT EXISTS public.relay_checks (
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    fails          int NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    fence          bigint NOT NULL DEFAULT 0,
    checked_at     bigint,
    failing_since  bigint,
    planned_at     bigint,
    full_at        bigint,
    ranked_at      timestamptz,
    compared_at    timestamptz,
    worth          real NOT NULL DEFAULT 0,
    domain_n       int,
    owner          uuid,
    queue          smallint NOT NULL DEFAULT 1 CHECK (queue BETWEEN 0 AND 2),
    network        text NOT NULL,
    last_error     text,
    domain         text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.relay_checks IS 'One row a relay: when the Monitor checks it next, and who does.';
COMMENT ON COLUMN public.relay_checks.fails IS 'Failed checks in a row.';
COMMENT ON COLUMN public.relay_checks.due_at IS 'Free: the next check is due. Held: the lease ends.';
COMMENT ON COLUMN public.relay_checks.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.relay_checks.checked_at IS 'Unix seconds of the last check; NULL before the first.';
COMMENT ON COLUMN public.relay_checks.planned_at IS 'Unix seconds for which the last check planned the next one: what it found is held for true until then. NULL before the first.';
COMMENT ON COLUMN public.relay_checks.full_at IS 'Unix seconds for which the next full check of a relay that is up is planned; light ones stand between. NULL before the first.';
COMMENT ON COLUMN public.relay_checks.failing_since IS 'Unix seconds of the first of the failed checks in a row; NULL after success.';
COMMENT ON COLUMN public.relay_checks.owner IS 'Replica that holds the lease; NULL when free.';
COMMENT ON COLUMN public.relay_checks.queue IS '0 held for online, 1 never checked, 2 any other; claimed apart, so that many of one sort do not hold up the others.';
COMMENT ON COLUMN public.relay_checks.network IS 'Copy of relays.network.';
COMMENT ON COLUMN public.relay_checks.last_error IS 'Kind of the last failure; NULL after success.';
COMMENT ON COLUMN public.relay_checks.worth IS 'How much speaks for it being a relay, from 0; among relays never checked the one of greatest worth comes first.';
COMMENT ON COLUMN public.relay_checks.ranked_at IS 'When the Finder worked worth out; NULL when it is to do so.';
COMMENT ON COLUMN public.relay_checks.compared_at IS 'When it was last looked whether the relay is another one by a second name; NULL before.';
COMMENT ON COLUMN public.relay_checks.domain IS 'Registered domain, or address, of its host; NULL before it was ranked.';
COMMENT ON COLUMN public.relay_checks.domain_n IS 'The how manieth relay of that domain it was.';

CREATE TABLE IF NOT EXISTS public.relay_coverage (
    relay_id     int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    lo           bigint NOT NULL,
    hi           bigint NOT NULL,
    state        smallint NOT NULL CHECK (state BETWEEN 0 AND 5),
    proof        smallint CHECK (proof BETWEEN 1 AND 4),
    reason       smallint CHECK (reason BETWEEN 1 AND 9),
    rescan_step  smallint,
    pages        int,
    cap          int,
    items        bigint,
    rescan_at    timestamptz,
    proved_at    timestamptz,
    PRIMARY KEY (relay_id, lo),
    CONSTRAINT relay_coverage_bounds CHECK (lo <= hi),
    CONSTRAINT relay_coverage_sealed_has_proof CHECK (
        state <> 3 OR (proof IS NOT NULL AND proved_at IS NOT NULL AND pages IS NOT NULL AND cap IS NOT NULL)),
    CONSTRAINT relay_coverage_gap_has_reason CHECK (state <> 5 OR reason IS NOT NULL),
    CONSTRAINT relay_coverage_disjoint EXCLUDE USING gist (relay_id WITH =, int8range(lo, hi, '[]') WITH &&)
);
COMMENT ON TABLE public.relay_coverage IS 'What is known about each closed interval of seconds of each relay; intervals of a relay never overlap.';
COMMENT ON COLUMN public.relay_coverage.lo IS 'Unix seconds, inclusive.';
COMMENT ON COLUMN public.relay_coverage.hi IS 'Unix seconds, inclusive.';
COMMENT ON COLUMN public.relay_coverage.state IS '0 open, 1 walking, 2 provisional, 3 sealed, 4 settled, 5 gap.';
COMMENT ON COLUMN public.relay_coverage.proof IS '1 the relay said finish (NIP-67), 2 negentropy equality (NIP-77), 3 two independent walks, 4 one walk and an exact COUNT (NIP-45).';
COMMENT ON COLUMN public.relay_coverage.reason IS 'Of a gap: 1 unanswered, 2 saturated_second, 3 until_ignored, 4 unordered, 5 auth, 6 payment, 7 restricted, 8 oversize, 9 poison.';
COMMENT ON COLUMN public.relay_coverage.pages IS 'Conclusive pages behind this row.';
COMMENT ON COLUMN public.relay_coverage.cap IS 'Largest page seen when it was proven.';
COMMENT ON COLUMN public.relay_coverage.items IS 'Events found in the interval.';
COMMENT ON COLUMN public.relay_coverage.rescan_at IS 'When the interval is looked at again; NULL when not planned.';
COMMENT ON COLUMN public.relay_coverage.rescan_step IS 'Position in the re-scan schedule; of a gap, how often it was left unanswered.';
COMMENT ON COLUMN public.relay_coverage.proved_at IS 'When it reached provisional, sealed or settled; NULL before.';

CREATE TABLE IF NOT EXISTS public.relay_day (
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    day       int NOT NULL,
    n         int NOT NULL CHECK (n >= 0),
    idsum     bytea NOT NULL CHECK (octet_length(idsum) = 32),
    PRIMARY KEY (relay_id, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_day IS 'Fingerprint of what is linked to a relay and not gone, by day of created_at.';
COMMENT ON COLUMN public.relay_day.day IS 'created_at / 86400.';
COMMENT ON COLUMN public.relay_day.n IS 'Sightings of the day.';
COMMENT ON COLUMN public.relay_day.idsum IS 'Sum of their ids as little-endian 256-bit numbers modulo 2^256, as NIP-77 adds them.';

CREATE TABLE IF NOT EXISTS public.relay_phantoms (
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    event_id    bytea NOT NULL CHECK (octet_length(event_id) = 32),
    n           int NOT NULL DEFAULT 1,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (relay_id, event_id)
);
COMMENT ON TABLE public.relay_phantoms IS 'Events that a relay claimed to have in a set reconciliation and did not deliver when asked for them three times.';
COMMENT ON COLUMN public.relay_phantoms.event_id IS 'The claimed id, 32 bytes.';
COMMENT ON COLUMN public.relay_phantoms.n IS 'Reconciliations in which it was so.';
COMMENT ON COLUMN public.relay_phantoms.first_seen IS 'First such reconciliation.';
COMMENT ON COLUMN public.relay_phantoms.last_seen IS 'Newest such reconciliation.';

-- Events ------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  bigint NOT NULL CHECK (created_at >= 0),
    expires_at  bigint,
    kind        int NOT NULL CHECK (kind BETWEEN 0 AND 65535),
    id_dialect  smallint NOT NULL DEFAULT 0 CHECK (id_dialect BETWEEN 0 AND 2),
    event_id    bytea NOT NULL UNIQUE CHECK (octet_length(event_id) = 32),
    pubkey      bytea NOT NULL CHECK (octet_length(pubkey) = 32),
    sig         bytea NOT NULL CHECK (octet_length(sig) = 64),
    tag_keys    bigint[],
    tags        jsonb COMPRESSION lz4 NOT NULL DEFAULT '[]',
    content     text COMPRESSION lz4 NOT NULL DEFAULT '',
    raw         bytea COMPRESSION lz4
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE public.events IS 'Every valid event ever seen, each once. Outside the database an event is its event_id.';
COMMENT ON COLUMN public.events.id IS 'Internal number, used by internal tables only.';
COMMENT ON COLUMN public.events.created_at IS 'Unix seconds as signed, 0 to 2^63-1.';
COMMENT ON COLUMN public.events.expires_at IS 'Unix seconds of the NIP-40 expiration tag; NULL without.';
COMMENT ON COLUMN public.events.id_dialect IS 'Which serialisation gives the id: 0 JSON escapes every character below U+0020, 1 U+007F too, 2 control characters without a short escape stand raw.';
COMMENT ON COLUMN public.events.event_id IS 'NIP-01 id, 32 bytes.';
COMMENT ON COLUMN public.events.pubkey IS 'Author, 32 bytes.';
COMMENT ON COLUMN public.events.sig IS 'BIP-340 signature, 64 bytes; the first one verified wins.';
COMMENT ON COLUMN public.events.tag_keys IS 'Keys of the one-letter tags, sorted, distinct: week of created_at << 48 | 48 bits of a hash of (letter, first 255 bytes of the value). Answers found by them are checked again against tags.';
COMMENT ON COLUMN public.events.raw IS 'The event as received, only when text or jsonb cannot hold it (NUL); tags and content then carry U+FFFD in its place.';

CREATE TABLE IF NOT EXISTS public.events_relays (
    event       bigint NOT NULL,
    created_at  bigint NOT NULL,
    relay_id    int NOT NULL,
    seen_at     int NOT NULL,
    gone_at     int
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE public.events_relays IS 'Which relay served which event. Most of the disk, therefore short keys and no foreign keys; the view sightings spells them out.';
COMMENT ON COLUMN public.events_relays.event IS 'events.id.';
COMMENT ON COLUMN public.events_relays.created_at IS 'Copy of events.created_at, so that all of one relay reads in time order.';
COMMENT ON COLUMN public.events_relays.seen_at IS 'Unix seconds of the first time the relay served it (32 bits: to January 2038).';
COMMENT ON COLUMN public.events_relays.gone_at IS 'Unix seconds when the relay was found to have it no more; NULL while it is served.';

CREATE TABLE IF NOT EXISTS public.event_batches (
    batch_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    committed_at  timestamptz NOT NULL DEFAULT now(),
    events        bigint[] COMPRESSION lz4 NOT NULL
);
COMMENT ON TABLE public.event_batches IS 'One row for each batch that stored new events. Readers of new events go by xid and take only rows below pg_snapshot_xmin(pg_current_snapshot()): nothing that commits late is passed over.';
COMMENT ON COLUMN public.event_batches.xid IS 'Transaction that stored the batch; the watermark of readers. Meaningless after a logical restore into another cluster.';
COMMENT ON COLUMN public.event_batches.committed_at IS 'Start of that transaction.';
COMMENT ON COLUMN public.event_batches.events IS 'events.id of the new events.';

CREATE TABLE IF NOT EXISTS public.latest_versions (
    address     uuid PRIMARY KEY,
    created_at  bigint NOT NULL,
    event       bigint NOT NULL,
    event_id    bytea NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE public.latest_versions IS 'Newest event of each replaceable or addressable address; on equal created_at the lowest id (NIP-01). All versions stay in events.';
COMMENT ON COLUMN public.latest_versions.address IS 'First 16 bytes of SHA-256 of "kind:pubkey:d".';
COMMENT ON COLUMN public.latest_versions.created_at IS 'Unix seconds, copy of the event''s.';
COMMENT ON COLUMN public.latest_versions.event IS 'events.id.';

CREATE TABLE IF NOT EXISTS public.tombstones (
    key     bytea NOT NULL CHECK (octet_length(key) IN (16, 32)),
    pubkey  bytea NOT NULL,
    up_to   bigint NOT NULL,
    event   bigint NOT NULL,
    PRIMARY KEY (key, pubkey)
);
COMMENT ON TABLE public.tombstones IS 'What deletions (NIP-09) and requests to vanish (NIP-62) name. Written when such an event is stored, applied by readers, never probed by inserts.';
COMMENT ON COLUMN public.tombstones.key IS '32 bytes: event id, or pubkey of one who vanishes; 16 bytes: address as in latest_versions.';
COMMENT ON COLUMN public.tombstones.pubkey IS 'Author of the deletion; it covers only events of the same author.';
COMMENT ON COLUMN public.tombstones.up_to IS 'Unix seconds: events with created_at up to this are meant.';
COMMENT ON COLUMN public.tombstones.event IS 'events.id of the deletion.';

CREATE TABLE IF NOT EXISTS public.erased_events (
    event_id  bytea PRIMARY KEY CHECK (octet_length(event_id) = 32)
);
COMMENT ON TABLE public.erased_events IS 'Ids of events erased because their author vanished (NIP-62). What is left of them, so that none comes back.';
COMMENT ON COLUMN public.erased_events.event_id IS 'NIP-01 id, 32 bytes.';

CREATE TABLE IF NOT EXISTS public.quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n           bigint NOT NULL DEFAULT 1,
    first_seen  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    last_seen   bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    relay_id    int,
    digest      bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    reason      text NOT NULL CHECK (octet_length(reason) <= 64),
    raw         bytea COMPRESSION lz4 CHECK (octet_length(raw) <= 65536)
);
COMMENT ON TABLE public.quarantine IS 'What failed validation. Bounded in rows: the oldest go (setting bigbrotr.quarantine_rows, default 100000).';
COMMENT ON COLUMN public.quarantine.n IS 'How often the same bytes came.';
COMMENT ON COLUMN public.quarantine.first_seen IS 'Unix seconds.';
COMMENT ON COLUMN public.quarantine.last_seen IS 'Unix seconds.';
COMMENT ON COLUMN public.quarantine.relay_id IS 'Relay that sent it first.';
COMMENT ON COLUMN public.quarantine.digest IS 'SHA-256 of the whole bytes.';
COMMENT ON COLUMN public.quarantine.reason IS 'Kind of the defect in snake_case.';
COMMENT ON COLUMN public.quarantine.raw IS 'The bytes, at most the first 65536.';

-- Statistics: counters that the batches' queue rows are folded into -------------------------------------------------

CREATE TABLE IF NOT EXISTS public.stat_queue (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relay_id      int,
    new_pubkeys   bytea[] COMPRESSION lz4,
    new_kinds     int[] COMPRESSION lz4,
    old_pubkeys   bytea[] COMPRESSION lz4,
    old_kinds     int[] COMPRESSION lz4,
    gone_pubkeys  bytea[] COMPRESSION lz4,
    gone_kinds    int[] COMPRESSION lz4
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1);
COMMENT ON TABLE public.stat_queue IS 'Counting that is not folded yet, one row a relay page. Work is found by existence: folding deletes the row and moves the counters in one transaction.';
COMMENT ON COLUMN public.stat_queue.relay_id IS 'Relay of the page, or of sightings that were deleted; NULL for deleted events.';
COMMENT ON COLUMN public.stat_queue.new_pubkeys IS 'Authors of events that are new and linked to the relay; parallel to new_kinds.';
COMMENT ON COLUMN public.stat_queue.old_pubkeys IS 'Authors of events that were stored before and are now linked to the relay; parallel to old_kinds.';
COMMENT ON COLUMN public.stat_queue.gone_pubkeys IS 'Authors of events, with a relay of sightings, that were deleted; parallel to gone_kinds.';

CREATE TABLE IF NOT EXISTS public.stat_authors (
    author_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n          bigint NOT NULL,
    pubkey     bytea NOT NULL UNIQUE
) WITH (fillfactor = 80);
COMMENT ON TABLE public.stat_authors IS 'Events by author.';
COMMENT ON COLUMN public.stat_authors.n IS 'Events stored.';

CREATE TABLE IF NOT EXISTS public.stat_relay_authors (
    author_id  bigint NOT NULL,
    relay_id   int NOT NULL,
    n          int NOT NULL,
    PRIMARY KEY (relay_id, author_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE public.stat_relay_authors IS 'Sightings by relay and author.';
COMMENT ON COLUMN public.stat_relay_authors.n IS 'Sightings.';

CREATE TABLE IF NOT EXISTS public.stat_relay_kinds (
    n         bigint NOT NULL,
    relay_id  int NOT NULL,
    kind      int NOT NULL,
    PRIMARY KEY (relay_id, kind)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.stat_relay_kinds IS 'Sightings by relay and kind.';
COMMENT ON COLUMN public.stat_relay_kinds.n IS 'Sightings.';

CREATE TABLE IF NOT EXISTS public.stat_kinds (
    n     bigint NOT NULL,
    kind  int PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_kinds IS 'Events by kind.';
COMMENT ON COLUMN public.stat_kinds.n IS 'Events stored.';

CREATE TABLE IF NOT EXISTS public.stat_relays (
    n         bigint NOT NULL,
    authors   bigint NOT NULL,
    relay_id  int PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_relays IS 'Totals by relay.';
COMMENT ON COLUMN public.stat_relays.n IS 'Sightings.';
COMMENT ON COLUMN public.stat_relays.authors IS 'Distinct authors seen there.';

CREATE TABLE IF NOT EXISTS public.stat_totals (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    events   bigint NOT NULL DEFAULT 0,
    authors  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_totals IS 'Totals of the archive, one row.';
COMMENT ON COLUMN public.stat_totals.authors IS 'Authors with at least one event stored.';
INSERT INTO public.stat_totals (one) VALUES (true) ON CONFLICT DO NOTHING;

-- Observations of the Monitor ---------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.nip11 (
    id                bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    raw               bytea COMPRESSION lz4 NOT NULL CHECK (octet_length(raw) <= 262144),
    supported_nips    int[],
    name              text,
    description       text,
    banner            text,
    icon              text,
    pubkey            text,
    self              text,
    contact           text,
    software          text,
    version           text,
    privacy_policy    text,
    terms_of_service  text,
    posting_policy    text,
    payments_url      text,
    relay_countries   text[],
    language_tags     text[],
    tags              text[],
    limitation        jsonb,
    fees              jsonb,
    retention         jsonb,
    extra_fields      jsonb COMPRESSION lz4,
    defects           text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE public.nip11 IS 'Relay information documents (NIP-11), each once, with typed columns beside the raw bytes; a bad field is a defect, never a reason to drop the document.';
COMMENT ON COLUMN public.nip11.id IS 'SHA-256 of raw.';
COMMENT ON COLUMN public.nip11.raw IS 'The body as received, after inflation, at most 262144 bytes.';
COMMENT ON COLUMN public.nip11.pubkey IS 'As served: hex, npub or neither.';
COMMENT ON COLUMN public.nip11.extra_fields IS 'Members without a column.';
COMMENT ON COLUMN public.nip11.defects IS 'Member and defect, for example supported_nips:not_a_list.';

CREATE TABLE IF NOT EXISTS public.nip66 (
    id         bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    openable   boolean,
    readable   boolean,
    writable   boolean,
    rtt_open   int,
    rtt_read   int,
    rtt_write  int,
    document   jsonb COMPRESSION lz4 NOT NULL
);
COMMENT ON TABLE public.nip66 IS 'Measurements (NIP-66), each distinct one once.';
COMMENT ON COLUMN public.nip66.id IS 'SHA-256 of the text of document.';
COMMENT ON COLUMN public.nip66.openable IS 'The WebSocket opened; NULL when not tried.';
COMMENT ON COLUMN public.nip66.readable IS 'A subscription ended in EOSE; NULL when not tried.';
COMMENT ON COLUMN public.nip66.writable IS 'An event was accepted; NULL when not tried.';
COMMENT ON COLUMN public.nip66.rtt_open IS 'Milliseconds to open; NULL when it did not open.';
COMMENT ON COLUMN public.nip66.rtt_read IS 'Milliseconds to the first answer of a subscription.';
COMMENT ON COLUMN public.nip66.rtt_write IS 'Milliseconds to the OK of an event.';
COMMENT ON COLUMN public.nip66.document IS 'Everything measured, the columns above included; behaviour is how the relay answers synchronizers (relay_sync.behaviour; page: events in its largest page).';

CREATE TABLE IF NOT EXISTS public.relay_metadata (
    relay_url     text NOT NULL REFERENCES public.relays (relay_url) ON DELETE CASCADE,
    generated_at  bigint NOT NULL,
    planned_at    bigint,
    unwatched_at  bigint,
    nip11_id      bytea REFERENCES public.nip11 (id),
    nip66_id      bytea REFERENCES public.nip66 (id),
    nip11_error   text,
    nip66_error   text,
    PRIMARY KEY (relay_url, generated_at)
);
COMMENT ON TABLE public.relay_metadata IS 'One row a check of a relay, also when it failed.';
COMMENT ON COLUMN public.relay_metadata.generated_at IS 'Unix seconds of the check.';
COMMENT ON COLUMN public.relay_metadata.planned_at IS 'Unix seconds for which this check planned the next one: what it found is held for true until then. NULL where no Monitor checked.';
COMMENT ON COLUMN public.relay_metadata.unwatched_at IS 'Unix seconds from which nobody looked until this check, although one was due; NULL when that was not for long.';
COMMENT ON COLUMN public.relay_metadata.nip11_error IS 'Kind of the failure of the fetch, not_asked in a light check; NULL when it gave a document or there was no host to ask.';
COMMENT ON COLUMN public.relay_metadata.nip66_error IS 'Kind of the failure of the measurement; NULL when it gave one or was not tried.';

CREATE TABLE IF NOT EXISTS public.relay_check_days (
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    day       int NOT NULL,
    checks    int NOT NULL CHECK (checks > 0),
    answered  int NOT NULL,
    PRIMARY KEY (relay_id, day),
    CONSTRAINT relay_check_days_parts CHECK (answered BETWEEN 0 AND checks)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_check_days IS 'Checks of a relay by day, counted as they are stored.';
COMMENT ON COLUMN public.relay_check_days.day IS 'relay_metadata.generated_at / 86400.';
COMMENT ON COLUMN public.relay_check_days.checks IS 'Checks of the day.';
COMMENT ON COLUMN public.relay_check_days.answered IS 'Those that the relay answered.';

CREATE TABLE IF NOT EXISTS public.relay_aliases (
    found_at  bigint NOT NULL,
    relay_id  int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    alias_of  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    evidence  jsonb NOT NULL,
    CONSTRAINT relay_aliases_older CHECK (alias_of < relay_id)
);
COMMENT ON TABLE public.relay_aliases IS 'Relays that are another one by a second name, found by what they serve. Looked at again each day; the row goes when it is no longer so.';
COMMENT ON COLUMN public.relay_aliases.found_at IS 'Unix seconds when it was first found so.';
COMMENT ON COLUMN public.relay_aliases.alias_of IS 'The relay that was known first of those that serve the same.';
COMMENT ON COLUMN public.relay_aliases.evidence IS 'days and events that are the same; same_host, same_document (NIP-11): which of the two holds.';

CREATE TABLE IF NOT EXISTS public.relay_transitions (
    at           bigint NOT NULL,
    recorded_at  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    relay_id     int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    status       text NOT NULL CHECK (status IN ('unknown', 'online', 'offline', 'dead')),
    was          text NOT NULL CHECK (was IN ('unknown', 'online', 'offline', 'dead')),
    reason       text,
    PRIMARY KEY (relay_id, at),
    CONSTRAINT relay_transitions_changes CHECK (status <> was)
);
COMMENT ON TABLE public.relay_transitions IS 'How the status of relays changed. From one row to the next a relay was in that status; before its first row, and where the status is unknown, nothing is known of it.';
COMMENT ON COLUMN public.relay_transitions.at IS 'Unix seconds from which it was so: of offline the first failed check, of unknown the check that was due and not made.';
COMMENT ON COLUMN public.relay_transitions.recorded_at IS 'Unix seconds when it was established.';
COMMENT ON COLUMN public.relay_transitions.status IS 'unknown (not watched), online, offline, dead (offline for long).';
COMMENT ON COLUMN public.relay_transitions.was IS 'The status before; unknown at first.';
COMMENT ON COLUMN public.relay_transitions.reason IS 'Kind of the failure, not_watched or ignored; NULL for online.';

CREATE TABLE IF NOT EXISTS public.relay_opinions (
    asked_at       bigint NOT NULL,
    agreed         bigint NOT NULL DEFAULT 0,
    disagreed      bigint NOT NULL DEFAULT 0,
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    monitors       int NOT NULL,
    monitors_down  int NOT NULL,
    rtt_open       int,
    is_up          boolean NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_opinions IS 'What other monitors say of a relay in archived events of kinds 30166 and 1066, beside what the last check found. Nothing depends on it.';
COMMENT ON COLUMN public.relay_opinions.asked_at IS 'Unix seconds of the look.';
COMMENT ON COLUMN public.relay_opinions.agreed IS 'Checks that found what most of the others said.';
COMMENT ON COLUMN public.relay_opinions.disagreed IS 'Checks that found the opposite. That as many say the one as the other, or nobody says anything, is no opinion.';
COMMENT ON COLUMN public.relay_opinions.monitors IS 'How many others said last, within the window, that it is there.';
COMMENT ON COLUMN public.relay_opinions.monitors_down IS 'How many said last that it is not.';
COMMENT ON COLUMN public.relay_opinions.rtt_open IS 'Median of the milliseconds to open of those who said that it is there; NULL when none told.';
COMMENT ON COLUMN public.relay_opinions.is_up IS 'Whether our check was answered.';

CREATE TABLE IF NOT EXISTS public.relay_voices (
    at        bigint NOT NULL,
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    is_up     boolean NOT NULL,
    pubkey    bytea NOT NULL CHECK (octet_length(pubkey) = 32),
    PRIMARY KEY (relay_id, pubkey)
);
COMMENT ON TABLE public.relay_voices IS 'How relays changed state in the words of other monitors: the newest change in archived events of kind 1066, by relay and author, while it counts.';
COMMENT ON COLUMN public.relay_voices.at IS 'created_at of the event, Unix seconds.';
COMMENT ON COLUMN public.relay_voices.is_up IS 'init and up say true, down says false.';
COMMENT ON COLUMN public.relay_voices.pubkey IS 'Author, 32 bytes.';

-- Publication -------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.publish_queue (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  bigint NOT NULL,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    relay_id    int REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    kind        int NOT NULL,
    pow         smallint NOT NULL DEFAULT 0 CHECK (pow BETWEEN 0 AND 64),
    digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
    identifier  text NOT NULL,
    tags        jsonb COMPRESSION lz4 NOT NULL,
    content     text COMPRESSION lz4 NOT NULL,
    CONSTRAINT publish_queue_address UNIQUE (kind, identifier)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.publish_queue IS 'The newest event that the Monitor has for each address, all but its signature; who still has to get it is in publish_waiting. A row stays when all have it, to know what was said last.';
COMMENT ON COLUMN public.publish_queue.id IS 'Rises whenever a newer event takes the place of the row, so that what was sent before is no longer this row.';
COMMENT ON COLUMN public.publish_queue.created_at IS 'Of the event; of kind 30166 the second at which the check stands (relay_metadata.generated_at).';
COMMENT ON COLUMN public.publish_queue.queued_at IS 'When the event took the row.';
COMMENT ON COLUMN public.publish_queue.relay_id IS 'The relay that the event is about; NULL for those about the Monitor itself.';
COMMENT ON COLUMN public.publish_queue.pow IS 'Bits of work that the event shall have (NIP-13). The nonce is the smallest that does, so the id is fixed with the row.';
COMMENT ON COLUMN public.publish_queue.digest IS 'SHA-256 of the author and of what is not measured anew each time: an event with the same one is repeated only after a time.';
COMMENT ON COLUMN public.publish_queue.identifier IS 'Its tag d; empty for replaceable kinds.';

CREATE TABLE IF NOT EXISTS public.publish_targets (
    due_at       timestamptz NOT NULL DEFAULT now(),
    fence        bigint NOT NULL DEFAULT 0,
    accepted     bigint NOT NULL DEFAULT 0,
    refused      bigint NOT NULL DEFAULT 0,
    accepted_at  bigint,
    owner        uuid,
    fails        int NOT NULL DEFAULT 0,
    pow          smallint NOT NULL DEFAULT 0 CHECK (pow BETWEEN 0 AND 64),
    url          text PRIMARY KEY,
    last_error   text,
    last_message text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.publish_targets IS 'One row a relay that the Monitor publishes to: who does, when again, and how it answers.';
COMMENT ON COLUMN public.publish_targets.due_at IS 'Free: may be published to from then on. Held: the lease ends.';
COMMENT ON COLUMN public.publish_targets.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.publish_targets.accepted IS 'Events that it said OK true to.';
COMMENT ON COLUMN public.publish_targets.refused IS 'Events that it refused for good.';
COMMENT ON COLUMN public.publish_targets.accepted_at IS 'Unix seconds of the last OK true.';
COMMENT ON COLUMN public.publish_targets.owner IS 'Replica that holds the lease; NULL when free.';
COMMENT ON COLUMN public.publish_targets.fails IS 'Visits in a row that went wrong.';
COMMENT ON COLUMN public.publish_targets.pow IS 'Bits of work that it asked for (NIP-13); later events have them.';
COMMENT ON COLUMN public.publish_targets.last_error IS 'Why the last visit went wrong; NULL after a good one.';
COMMENT ON COLUMN public.publish_targets.last_message IS 'What the relay said to it, at most 512 bytes.';

CREATE TABLE IF NOT EXISTS public.publish_waiting (
    id       bigint NOT NULL REFERENCES public.publish_queue (id) ON UPDATE CASCADE ON DELETE CASCADE,
    skipped  int NOT NULL DEFAULT 0,
    tries    smallint NOT NULL DEFAULT 0,
    target   text NOT NULL,
    PRIMARY KEY (id, target)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.publish_waiting IS 'Which relays still have to get which event of publish_queue.';
COMMENT ON COLUMN public.publish_waiting.skipped IS 'How many older events of the address this relay never got.';
COMMENT ON COLUMN public.publish_waiting.tries IS 'How often the relay gave no answer to it, or an error.';
COMMENT ON COLUMN public.publish_waiting.target IS 'publish_targets.url.';

-- Candidates --------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.relay_spellings (
    n           bigint NOT NULL,
    first_seen  bigint NOT NULL,
    last_seen   bigint NOT NULL,
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    source      text NOT NULL CHECK (octet_length(source) BETWEEN 1 AND 256),
    spelling    text NOT NULL CHECK (octet_length(spelling) BETWEEN 1 AND 2048),
    PRIMARY KEY (relay_id, source, spelling)
);
COMMENT ON TABLE public.relay_spellings IS 'How relays are written, at most 1,000 spellings each; makes a merge reversible and a later rule applicable.';
COMMENT ON COLUMN public.relay_spellings.n IS 'How often the source wrote it so.';
COMMENT ON COLUMN public.relay_spellings.first_seen IS 'Unix seconds when it was first read.';
COMMENT ON COLUMN public.relay_spellings.last_seen IS 'Unix seconds when it was last read.';
COMMENT ON COLUMN public.relay_spellings.source IS 'events, or the URL of the API.';
COMMENT ON COLUMN public.relay_spellings.spelling IS 'As it was written; the canonical URL where that held a password or a token.';

CREATE TABLE IF NOT EXISTS public.relay_candidates (
    mentions    bigint NOT NULL DEFAULT 0,
    first_seen  bigint NOT NULL,
    last_seen   bigint NOT NULL,
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    authors     int NOT NULL DEFAULT 0,
    worth       real NOT NULL DEFAULT 0,
    url_rule    smallint NOT NULL,
    source      text NOT NULL CHECK (octet_length(source) BETWEEN 1 AND 256),
    slot        text NOT NULL CHECK (slot ~ '^[a-z0-9_]{1,32}$'),
    PRIMARY KEY (relay_id, source, slot)
);
COMMENT ON TABLE public.relay_candidates IS 'Who names a relay: one row for each source and place in it.';
COMMENT ON COLUMN public.relay_candidates.mentions IS 'Events, or answers of the API, that name it there.';
COMMENT ON COLUMN public.relay_candidates.first_seen IS 'Unix seconds when the first of them was read.';
COMMENT ON COLUMN public.relay_candidates.last_seen IS 'Unix seconds when the last of them was read.';
COMMENT ON COLUMN public.relay_candidates.authors IS 'Distinct authors of them; counted up to 1,000 and a little more.';
COMMENT ON COLUMN public.relay_candidates.worth IS 'Its part of relay_checks.worth, when that was worked out.';
COMMENT ON COLUMN public.relay_candidates.url_rule IS 'Version of the rule that made the canonical URL of what was last read.';
COMMENT ON COLUMN public.relay_candidates.source IS 'events, or the URL of the API.';
COMMENT ON COLUMN public.relay_candidates.slot IS 'Place in the source, for example relay_list; of APIs the shape.';

CREATE TABLE IF NOT EXISTS public.relay_candidate_authors (
    author    bigint NOT NULL,
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    slot      text NOT NULL,
    PRIMARY KEY (relay_id, slot, author)
);
COMMENT ON TABLE public.relay_candidate_authors IS 'Which authors are counted in relay_candidates.authors of the source events.';
COMMENT ON COLUMN public.relay_candidate_authors.author IS 'First 8 bytes of the pubkey, big-endian.';

CREATE TABLE IF NOT EXISTS public.candidate_authors (
    author  bigint PRIMARY KEY,
    named   int NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE public.candidate_authors IS 'How much each author names: the weight of one who names very many relays is shared among them.';
COMMENT ON COLUMN public.candidate_authors.author IS 'First 8 bytes of the pubkey, big-endian.';
COMMENT ON COLUMN public.candidate_authors.named IS 'Rows of relay_candidate_authors that are the author''s.';

CREATE TABLE IF NOT EXISTS public.relay_domains (
    relays  int NOT NULL,
    domain  text PRIMARY KEY
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_domains IS 'Relays of each registered domain: relays beyond a domain''s quota are worth less.';
COMMENT ON COLUMN public.relay_domains.relays IS 'How many were ranked.';

CREATE TABLE IF NOT EXISTS public.nip05_names (
    due_at      timestamptz NOT NULL,
    asked_at    timestamptz,
    author      bytea PRIMARY KEY CHECK (octet_length(author) = 32),
    name        text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    domain      text NOT NULL CHECK (octet_length(domain) BETWEEN 1 AND 320),
    last_error  text
);
COMMENT ON TABLE public.nip05_names IS 'The name (NIP-05) in each author''s profile, while the Finder''s setting nip05 is on, and when its document is asked for.';
COMMENT ON COLUMN public.nip05_names.due_at IS 'The next request.';
COMMENT ON COLUMN public.nip05_names.asked_at IS 'The last one.';
COMMENT ON COLUMN public.nip05_names.name IS 'Before the at sign.';
COMMENT ON COLUMN public.nip05_names.domain IS 'Behind it: host, and port where there is one.';
COMMENT ON COLUMN public.nip05_names.last_error IS 'Why the last request gave no relays; NULL when it confirmed the name.';

CREATE TABLE IF NOT EXISTS public.scan_watermarks (
    xid           xid8 NOT NULL DEFAULT '0',
    batch_id      bigint NOT NULL DEFAULT 0,
    committed_at  timestamptz,
    place         int NOT NULL DEFAULT 0,
    name          text PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.scan_watermarks IS 'How far readers of new events have come in the order (xid, batch_id, place in events) of event_batches; moves with what they found, in one transaction.';
COMMENT ON COLUMN public.scan_watermarks.batch_id IS 'Last batch read from.';
COMMENT ON COLUMN public.scan_watermarks.place IS 'Events of that batch that are done.';
COMMENT ON COLUMN public.scan_watermarks.committed_at IS 'event_batches.committed_at of that batch; NULL before the first.';
INSERT INTO public.scan_watermarks (name) VALUES ('finder') ON CONFLICT DO NOTHING;

-- Services ----------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.service_state (
    service_name  text PRIMARY KEY,
    state         jsonb NOT NULL DEFAULT '{}',
    updated_at    bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint
);
COMMENT ON TABLE public.service_state IS 'What each service remembers; a replica may have a row of its own, named service:replica.';
COMMENT ON COLUMN public.service_state.updated_at IS 'Unix seconds.';

CREATE TABLE IF NOT EXISTS public.service_replicas (
    replica_id    uuid PRIMARY KEY,
    service       text NOT NULL,
    lane          smallint,
    steal_wanted  boolean NOT NULL DEFAULT false,
    slots         int NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL DEFAULT now(),
    heartbeat_at  timestamptz NOT NULL DEFAULT now(),
    build         text
) WITH (fillfactor = 50);
COMMENT ON TABLE public.service_replicas IS 'Processes alive, by their own word.';
COMMENT ON COLUMN public.service_replicas.lane IS '0 ordinary, 1 priority; NULL where it has no meaning.';
COMMENT ON COLUMN public.service_replicas.slots IS 'Relays it can hold at once.';
COMMENT ON COLUMN public.service_replicas.steal_wanted IS 'Has free slots and found nothing due: holders of more than their share yield.';
COMMENT ON COLUMN public.service_replicas.heartbeat_at IS 'Last sign of life.';
COMMENT ON COLUMN public.service_replicas.build IS 'Version of the executable.';

CREATE TABLE IF NOT EXISTS public.service_leases (
    name    text PRIMARY KEY,
    fence   bigint NOT NULL DEFAULT 0,
    due_at  timestamptz NOT NULL DEFAULT now(),
    owner   uuid
) WITH (fillfactor = 50);
COMMENT ON TABLE public.service_leases IS 'Work that only one replica does at a time; the rows are there from the start, a claim updates one.';
COMMENT ON COLUMN public.service_leases.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.service_leases.due_at IS 'The lease ends, or ended; free when in the past.';
COMMENT ON COLUMN public.service_leases.owner IS 'Replica that holds it; NULL when released.';
INSERT INTO public.service_leases (name) VALUES ('finder'), ('statistics'), ('priority_list'), ('coverage') ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS public.orphan_walks (
    name          text PRIMARY KEY CHECK (name IN ('events', 'nip11', 'nip66', 'vanished')),
    position_id   bigint NOT NULL DEFAULT 0,
    position_key  bytea NOT NULL DEFAULT '',
    rounds        bigint NOT NULL DEFAULT 0,
    deleted       bigint NOT NULL DEFAULT 0,
    deleted_at    timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE public.orphan_walks IS 'How far the delete_orphan functions and erase_vanished have walked.';
COMMENT ON COLUMN public.orphan_walks.position_id IS 'Of events: last id looked at in this round.';
COMMENT ON COLUMN public.orphan_walks.position_key IS 'Of nip11 and nip66: last id looked at in this round; of vanished: last author.';
COMMENT ON COLUMN public.orphan_walks.rounds IS 'Rounds completed.';
COMMENT ON COLUMN public.orphan_walks.deleted IS 'Rows deleted so far.';
COMMENT ON COLUMN public.orphan_walks.deleted_at IS 'Last time something was deleted; for an hour after it commit_pages makes sure that known events are still there.';
INSERT INTO public.orphan_walks (name) VALUES ('events'), ('nip11'), ('nip66'), ('vanished') ON CONFLICT DO NOTHING;

-- A service writes its own rows of these three tables and no others; everybody reads them. A row belongs to the service
-- that it names or that its name begins with, up to a colon; the leases of other names are listed.
ALTER TABLE public.service_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_replicas ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_leases ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT * FROM (VALUES
        ('service_state', $q$split_part(service_name, ':', 1)$q$),
        ('service_replicas', 'service'),
        ('service_leases', $q$CASE name WHEN 'statistics' THEN 'synchronizer' WHEN 'coverage' THEN 'synchronizer'
                                        WHEN 'priority_list' THEN 'priority_synchronizer' ELSE name END$q$)
        ) AS i (object, service)
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = item.object);
        EXECUTE format('CREATE POLICY everybody_reads ON public.%I FOR SELECT USING (true)', item.object);
        EXECUTE format('CREATE POLICY service_writes ON public.%I USING (
            coalesce(pg_has_role(current_user, to_regrole(''bigbrotr_writer_'' || %s)::oid, ''USAGE''), false))',
            item.object, item.service);
    END LOOP;
END $$;

-- Types -------------------------------------------------------------------------------------------------------------

-- A ragged array as a parameter: an array of arrays must be rectangular in PostgreSQL, an array of a composite need not.
DO $$
BEGIN
    IF to_regtype('public.tagset') IS NULL THEN
        CREATE TYPE public.tagset AS (k bigint[]);
        COMMENT ON TYPE public.tagset IS 'The tag keys of one event, as an element of an array parameter.';
    END IF;
END $$;
