-- Indexes beyond primary keys and unique constraints, each with the read it exists for. docs/DATABASE.md has their costs.

-- events: newest first of everything, of a kind, of an author (a kind of an author is filtered from these).
CREATE INDEX IF NOT EXISTS events_time ON public.events (created_at);
CREATE INDEX IF NOT EXISTS events_kind ON public.events (kind, created_at);
CREATE INDEX IF NOT EXISTS events_author ON public.events (pubkey, created_at);
CREATE INDEX IF NOT EXISTS events_expiry ON public.events (expires_at) WHERE expires_at IS NOT NULL;
-- Tag filters: a key per week, so that "newest 100" probes week by week. The pending list takes the cost off the batch.
CREATE INDEX IF NOT EXISTS events_tags ON public.events USING gin (tag_keys)
    WITH (fastupdate = on, gin_pending_list_limit = 4096);

-- events_relays: all relays of one event; all of one relay in time order (not unique on purpose: cheaper to keep).
CREATE UNIQUE INDEX IF NOT EXISTS events_relays_event ON public.events_relays (event, relay_id);
CREATE INDEX IF NOT EXISTS events_relays_time ON public.events_relays (relay_id, created_at, event);

-- tombstones: who vanished; no event has the id that its author has as a key.
CREATE INDEX IF NOT EXISTS tombstones_vanished ON public.tombstones (key) WHERE key = pubkey;

-- event_batches: readers of new events go by transaction.
CREATE INDEX IF NOT EXISTS event_batches_xid ON public.event_batches (xid, batch_id);

-- Claims: what is due, by lane and network. Batches touch no column of these, so their updates stay on the page (HOT).
CREATE INDEX IF NOT EXISTS relay_sync_due ON public.relay_sync (lane, network, due_at);
CREATE INDEX IF NOT EXISTS relay_checks_due ON public.relay_checks (network, queue, due_at) WHERE queue <> 1;
CREATE INDEX IF NOT EXISTS relay_checks_new ON public.relay_checks (network, worth DESC, due_at) WHERE queue = 1;
-- Ranking: what was never ranked, then what was ranked longest ago.
CREATE INDEX IF NOT EXISTS relay_checks_ranked ON public.relay_checks (ranked_at NULLS FIRST);

-- Names to be looked up: the next domain, and its name that is due longest.
CREATE INDEX IF NOT EXISTS nip05_names_due ON public.nip05_names (domain, due_at);

-- stat_*: relays of one author.
CREATE INDEX IF NOT EXISTS stat_relay_authors_author ON public.stat_relay_authors (author_id);

-- Second names: what was never compared, then what was compared longest ago; relays of one host.
CREATE INDEX IF NOT EXISTS relay_checks_compared ON public.relay_checks (coalesce(compared_at, '-infinity'::timestamptz)) WHERE queue = 0;
CREATE INDEX IF NOT EXISTS relays_host ON public.relays (substring(relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)'));

-- relay_metadata: whether a document is still referred to (deletion of orphans, and the foreign keys' own check), and by whom.
CREATE INDEX IF NOT EXISTS relay_metadata_nip11 ON public.relay_metadata (nip11_id, relay_url) WHERE nip11_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS relay_metadata_nip66 ON public.relay_metadata (nip66_id) WHERE nip66_id IS NOT NULL;

-- Publication: what a relay still has to get, what it did not answer to last.
CREATE INDEX IF NOT EXISTS publish_waiting_order ON public.publish_waiting (target, tries, id);
