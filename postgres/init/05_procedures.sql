-- The write path: relays, single events, batches of pages, observations, counters.
--
-- Every function that writes is SECURITY DEFINER with a fixed search_path, so that a writer needs EXECUTE and no right
-- on the tables. Lock order, the same for all, so that writers cannot deadlock: advisory (16962, 1) -> relays by URL ->
-- relay_checks -> relay_sync by relay_id -> events by event_id -> events_relays -> latest_versions by address -> tombstones by key ->
-- relay_day -> relay_coverage -> quarantine by digest. Statements on this path must not depend on table statistics: no
-- join with a table that grows, only scalar look-ups by key, which cannot turn into a scan of it. enable_seqscan is off in
-- them, since a plan made while a table was tiny would else be kept while it grows.

-- insert_relay: relay_id of a canonical URL. A known URL is returned as it is, neither network nor first_seen changes.
-- The look-up comes first because a conflicting insert burns a relay_id.
CREATE OR REPLACE FUNCTION public.insert_relay(p_url text, p_network text, p_inserted_at bigint)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    found_id int;
BEGIN
    SELECT r.relay_id INTO found_id FROM relays r WHERE r.relay_url = p_url;
    IF FOUND THEN
        RETURN found_id;
    END IF;
    INSERT INTO relays (relay_url, network, first_seen, last_seen)
    VALUES (p_url, p_network, p_inserted_at, p_inserted_at)
    ON CONFLICT (relay_url) DO NOTHING RETURNING relay_id INTO found_id;
    IF NOT FOUND THEN
        -- Somebody else stored it meanwhile; this statement sees what they committed.
        SELECT r.relay_id INTO STRICT found_id FROM relays r WHERE r.relay_url = p_url;
        RETURN found_id;
    END IF;
    INSERT INTO relay_sync (relay_id, network) VALUES (found_id, p_network);
    INSERT INTO relay_checks (relay_id, network) VALUES (found_id, p_network);
    RETURN found_id;
END $$;
COMMENT ON FUNCTION public.insert_relay(text, text, bigint) IS 'Stores a relay unless it is known, with its rows in relay_sync and relay_checks. Returns relay_id.';

-- follow_lane: a relay that is to change its lane does so at the moment its lease is given back, so that it never changes
-- under a holder and cannot be claimed in its old lane again before. Statements that do not name owner never fire it.
CREATE OR REPLACE FUNCTION public.follow_lane()
RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.lane := NEW.lane_next;
    NEW.lane_next := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION public.follow_lane() IS 'Trigger of relay_sync: a released relay goes to lane_next.';
CREATE OR REPLACE TRIGGER relay_sync_release BEFORE UPDATE OF owner ON public.relay_sync
    FOR EACH ROW WHEN (NEW.owner IS NULL AND NEW.lane_next IS NOT NULL) EXECUTE FUNCTION public.follow_lane();

-- insert_relays: the same for many, with what was new. ord is 1-based in the order given; locks go in order of URL. Of a URL
-- given twice the first counts. Sets and not a loop: a list of 100,000 is a matter of seconds.
CREATE OR REPLACE FUNCTION public.insert_relays(p_urls text[], p_networks text[], p_inserted_ats bigint[])
RETURNS TABLE (ord int, relay_id int, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    known    CONSTANT int[] := ARRAY(
        SELECT (SELECT r.relay_id FROM relays r WHERE r.relay_url = u.url) FROM unnest(p_urls) WITH ORDINALITY AS u (url, n)
         ORDER BY u.n);
    inserted int[] := '{}';
BEGIN
    IF array_position(known, NULL) IS NOT NULL THEN
        WITH missing AS MATERIALIZED (
            SELECT DISTINCT ON (u.url COLLATE "C") u.url, u.network, u.inserted_at
              FROM unnest(p_urls, p_networks, p_inserted_ats, known) WITH ORDINALITY AS u (url, network, inserted_at, known, n)
             WHERE u.known IS NULL ORDER BY u.url COLLATE "C", u.n),
        fresh AS (
            INSERT INTO relays (relay_url, network, first_seen, last_seen)
            SELECT m.url, m.network, m.inserted_at, m.inserted_at FROM missing m
            ON CONFLICT (relay_url) DO NOTHING RETURNING relay_id, network),
        synced AS (INSERT INTO relay_sync (relay_id, network) SELECT f.relay_id, f.network FROM fresh f),
        checked AS (INSERT INTO relay_checks (relay_id, network) SELECT f.relay_id, f.network FROM fresh f)
        SELECT coalesce(array_agg(f.relay_id), '{}') INTO inserted FROM fresh f;
    END IF;
    -- Sees what the insertion made, and what somebody else committed meanwhile.
    RETURN QUERY
        SELECT z.n, z.id, z.id = ANY (inserted) AND row_number() OVER (PARTITION BY z.id ORDER BY z.n) = 1
          FROM (SELECT u.n::int AS n,
                       coalesce(u.known, (SELECT r.relay_id FROM relays r WHERE r.relay_url = u.url)) AS id
                  FROM unnest(p_urls, known) WITH ORDINALITY AS u (url, known, n)) AS z;
END $$;
COMMENT ON FUNCTION public.insert_relays(text[], text[], bigint[]) IS 'insert_relay for many; says which were new.';

-- claim_relays: leases of at most p_limit relays of a lane and network that have been due for p_overdue seconds, those due
-- longest first, for p_owner until p_ttl seconds from now. Rows that somebody else has locked are passed over; every claim
-- raises the fence. Answer: where each stands, in no order. A function because its plans are made once a connection: made
-- at each call they cost more than the work. Without bitmap scans the plan can only be relay_sync_due in its order. The
-- second statement finds its rows locked by the first.
CREATE OR REPLACE FUNCTION public.claim_relays(
    p_lane smallint, p_network text, p_limit bigint, p_owner uuid, p_ttl double precision, p_overdue double precision)
RETURNS TABLE (
    relay_id int, relay_url text, is_ignored boolean, fence bigint, class smallint, tail_seen bigint, sealed_hi bigint,
    walk_lo bigint, walk_hi bigint, frontier bigint, cap_seen int, page_size int, fails int, deficit_bytes bigint,
    database_now bigint, rate double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due CONSTANT int[] := ARRAY(
        SELECT z.relay_id
          FROM (SELECT s.relay_id FROM relay_sync s
                 WHERE s.lane = p_lane AND s.network = p_network AND s.due_at <= now() - make_interval(secs => p_overdue)
                 ORDER BY s.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
BEGIN
    IF cardinality(due) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        UPDATE relay_sync s SET owner = p_owner, fence = s.fence + 1, due_at = now() + make_interval(secs => p_ttl)
         WHERE s.relay_id = ANY (due)
        RETURNING s.relay_id, (SELECT r.relay_url FROM relays r WHERE r.relay_id = s.relay_id),
                  (SELECT r.status = 'ignored' FROM relays r WHERE r.relay_id = s.relay_id), s.fence, s.class, s.tail_seen,
                  s.sealed_hi, s.walk_lo, s.walk_hi, s.frontier, s.cap_seen,
                  coalesce(s.page_size, (SELECT advertised_limit(r.relay_url) FROM relays r WHERE r.relay_id = s.relay_id)),
                  s.fails, s.deficit_bytes, extract(epoch FROM now())::bigint, s.rate::double precision;
END $$;
COMMENT ON FUNCTION public.claim_relays(smallint, text, bigint, uuid, double precision, double precision) IS 'Leases relays that are due, longest due first, and says where each stands.';

-- known_events: for each id that is stored its number, whether this relay has it already, and whether the signature given with
-- it is another one than is stored; false where none is given. ord is 1-based. An event that was erased has the number 0.
-- Not SECURITY DEFINER and without SET, so that the planner can inline it; OFFSET 0 keeps the scalar subquery one. Its answer is
-- the number, two bits to the left, with one bit for each of the two. created_at is compared, though (event, relay_id) is unique,
-- because with it both indexes are searched by their whole key: the planner prefers events_relays_time for a relay it has no
-- statistics of, and would read all of that relay for each id. The signature stands in the row that is read anyway.
CREATE OR REPLACE FUNCTION public.known_events(p_ids bytea[], p_relay int, p_sigs bytea[] DEFAULT '{}')
RETURNS TABLE (ord int, event bigint, linked boolean, other_sig boolean) LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT z.ord, z.found >> 2, (z.found & 2) <> 0, (z.found & 1) <> 0
      FROM (SELECT k.n::int AS ord,
                   coalesce(
                   (SELECT (e.id << 2)
                           | CASE WHEN (SELECT true FROM public.events_relays s
                                         WHERE s.event = e.id AND s.relay_id = p_relay AND s.created_at = e.created_at)
                                  THEN 2 ELSE 0 END
                           | CASE WHEN e.sig <> k.sig THEN 1 ELSE 0 END
                      FROM public.events e WHERE e.event_id = k.id),
                   CASE WHEN EXISTS (SELECT FROM public.erased_events)
                        THEN (SELECT 0 FROM public.erased_events x WHERE x.event_id = k.id) END) AS found
              FROM unnest(p_ids, p_sigs) WITH ORDINALITY AS k (id, sig, n) OFFSET 0) AS z
     WHERE z.found IS NOT NULL;
$$;
COMMENT ON FUNCTION public.known_events(bytea[], int, bytea[]) IS 'Which ids are stored, under which number, already linked to the relay, and under another signature.';

-- note_phantoms: under the fence, ids that a relay claimed to have and did not deliver. False when the lease was lost.
CREATE OR REPLACE FUNCTION public.note_phantoms(p_relay int, p_fence bigint, p_owner uuid, p_ids bytea[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The row lock keeps the lease from changing hands meanwhile.
    PERFORM 1 FROM relay_sync s WHERE s.relay_id = p_relay AND s.fence = p_fence AND s.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A relay can invent as many as it likes. What is not kept is not asked for less often, that is all.
    INSERT INTO relay_phantoms AS p (relay_id, event_id)
    SELECT p_relay, w.event_id FROM unnest(p_ids) AS w (event_id)
     WHERE (SELECT count(*) FROM (SELECT FROM relay_phantoms o WHERE o.relay_id = p_relay LIMIT 100000) AS kept) < 100000
     GROUP BY w.event_id ORDER BY w.event_id
    ON CONFLICT (relay_id, event_id) DO UPDATE SET n = p.n + 1, last_seen = now();
    RETURN true;
END $$;
COMMENT ON FUNCTION public.note_phantoms(int, bigint, uuid, bytea[]) IS 'Notes ids that a relay claimed to have in a set reconciliation and did not deliver.';

-- store_derived: what follows from events stored just now: newest versions and tombstones. By event ordinal.
CREATE OR REPLACE FUNCTION public.store_derived(
    p_ids bytea[], p_pubkeys bytea[], p_created_ats bigint[], p_addresses uuid[], p_numbers bigint[], p_is_new boolean[],
    p_tomb_events int[], p_tomb_keys bytea[], p_tomb_up_tos bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- NIP-01: the newest wins, of equally new ones the lowest id. One row an address, in order of address.
    INSERT INTO latest_versions AS l (address, created_at, event, event_id)
    SELECT DISTINCT ON (a.address) a.address, a.created_at, a.number, a.event_id
      FROM unnest(p_addresses, p_created_ats, p_numbers, p_ids, p_is_new) AS a (address, created_at, number, event_id, is_new)
     WHERE a.address IS NOT NULL AND a.is_new
     ORDER BY a.address, a.created_at DESC, a.event_id
    ON CONFLICT (address) DO UPDATE
       SET created_at = excluded.created_at, event = excluded.event, event_id = excluded.event_id
     WHERE excluded.created_at > l.created_at
        OR (excluded.created_at = l.created_at AND excluded.event_id < l.event_id);

    IF cardinality(p_tomb_events) > 0 THEN
        INSERT INTO tombstones AS t (key, pubkey, up_to, event)
        SELECT DISTINCT ON (z.key, z.pubkey) z.key, z.pubkey, z.up_to, z.event
          FROM (SELECT b.key, p_pubkeys[b.event] AS pubkey, b.up_to, p_numbers[b.event] AS event
                  FROM unnest(p_tomb_events, p_tomb_keys, p_tomb_up_tos) AS b (event, key, up_to)
                 WHERE p_is_new[b.event]) AS z
         ORDER BY z.key, z.pubkey, z.up_to DESC, z.event
        ON CONFLICT (key, pubkey) DO UPDATE SET up_to = excluded.up_to, event = excluded.event
         WHERE excluded.up_to > t.up_to;
    END IF;
END $$;
COMMENT ON FUNCTION public.store_derived(bytea[], bytea[], bigint[], uuid[], bigint[], boolean[], int[], bytea[], bigint[]) IS 'Part of commit_pages and insert_event: newest versions and tombstones.';

-- store_coverage: drops first, then puts in order of lo, so that intervals can shrink, grow, merge and split in one call.
-- A put keeps the re-scan plan of the row it replaces, and the time of its proof unless it proves something else or more.
CREATE OR REPLACE FUNCTION public.store_coverage(
    p_relays int[], p_ok boolean[], p_drop_pages int[], p_drop_los bigint[],
    p_pages int[], p_los bigint[], p_his bigint[], p_states smallint[], p_proofs smallint[],
    p_page_counts int[], p_items bigint[], p_caps int[], p_reasons smallint[],
    p_rescan_ats bigint[], p_rescan_steps smallint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT p_relays[d.page] AS relay_id, d.lo FROM unnest(p_drop_pages, p_drop_los) AS d (page, lo) WHERE p_ok[d.page]
    LOOP
        DELETE FROM relay_coverage c WHERE c.relay_id = item.relay_id AND c.lo = item.lo;
    END LOOP;
    IF cardinality(p_pages) > 0 THEN
        INSERT INTO relay_coverage AS c (relay_id, lo, hi, state, proof, reason, pages, cap, items, rescan_at, rescan_step,
                                         proved_at)
        SELECT p_relays[t.page], t.lo, t.hi, t.state, t.proof, t.reason, t.pages, t.cap, t.items,
               to_timestamp(t.rescan_at), t.rescan_step, CASE WHEN t.state IN (2, 3, 4) THEN now() END
          FROM unnest(p_pages, p_los, p_his, p_states, p_proofs, p_page_counts, p_items, p_caps, p_reasons, p_rescan_ats,
                      p_rescan_steps)
               AS t (page, lo, hi, state, proof, pages, items, cap, reason, rescan_at, rescan_step)
         WHERE p_ok[t.page]
         ORDER BY p_relays[t.page], t.lo
        ON CONFLICT (relay_id, lo) DO UPDATE
           SET hi = excluded.hi, state = excluded.state, proof = excluded.proof, reason = excluded.reason,
               pages = excluded.pages, cap = excluded.cap, items = excluded.items,
               rescan_at = excluded.rescan_at, rescan_step = excluded.rescan_step,
               proved_at = CASE WHEN excluded.state = c.state AND excluded.proof IS NOT DISTINCT FROM c.proof AND excluded.hi <= c.hi
                                THEN c.proved_at ELSE excluded.proved_at END;
    END IF;
END $$;
COMMENT ON FUNCTION public.store_coverage(int[], boolean[], int[], bigint[], int[], bigint[], bigint[], smallint[], smallint[], int[], bigint[], int[], smallint[], bigint[], smallint[]) IS 'Part of commit_pages: intervals.';

-- store_quarantine: the same bytes again only raise a count (and burn no id). What is too old goes at once: ids grow by
-- one a row, so rows below max(id) - limit are the oldest beyond the limit, found by the primary key.
CREATE OR REPLACE FUNCTION public.store_quarantine(
    p_relays int[], p_ok boolean[], p_pages int[], p_reasons text[], p_digests bytea[], p_raws bytea[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    item  record;
    bound CONSTANT bigint := coalesce(substring(current_setting('bigbrotr.quarantine_rows', true) FROM '^[0-9]{1,18}$')::bigint, 100000);
BEGIN
    FOR item IN
        SELECT p_relays[t.page] AS relay_id, t.reason, t.digest, t.raw
          FROM unnest(p_pages, p_reasons, p_digests, p_raws) AS t (page, reason, digest, raw)
         WHERE p_ok[t.page] ORDER BY t.digest
    LOOP
        UPDATE quarantine q SET n = q.n + 1, last_seen = extract(epoch FROM now())::bigint WHERE q.digest = item.digest;
        CONTINUE WHEN FOUND;
        INSERT INTO quarantine AS q (relay_id, reason, digest, raw)
        VALUES (item.relay_id, left(item.reason, 64), item.digest, substr(item.raw, 1, 65536))
        ON CONFLICT (digest) DO UPDATE SET n = q.n + 1, last_seen = excluded.last_seen;
    END LOOP;
    DELETE FROM quarantine q WHERE q.id <= (SELECT max(m.id) FROM quarantine m) - bound;
END $$;
COMMENT ON FUNCTION public.store_quarantine(int[], boolean[], int[], text[], bytea[], bytea[]) IS 'Part of commit_pages: bounded store of what failed validation.';

-- commit_pages: stores pages of one or more relays, each with the progress it justifies, in one transaction.
--
-- Pages come in relay_id order (a relay may have several, they are applied in order), new events in event_id order.
-- A page whose (relay, fence, owner) is not the lease that stands is left out whole; the others go on. So is a page that
-- names a known event which has been deleted since. Events seen only on pages left out are not stored.
-- An event that somebody else stored since the look-up is linked all the same and counts as known. A call that is
-- repeated after an unknown outcome changes nothing but seen as known: every part is idempotent.
-- Progress is what it proves, so it only grows: within a walk (same walk_hi) the lower frontier stands, the higher
-- sealed_hi stands, and no time moves past now + 1 h. clears_walk forgets the walk first; values beside it begin the next.
-- Answer, one row a page: accepted; events_new (first stored here), events_known (the other sightings given),
-- sightings_new (links that did not exist). A page that was refused has zeros.
CREATE OR REPLACE FUNCTION public.commit_pages(
    p_owner uuid,
    p_relays int[], p_fences bigint[], p_frontiers bigint[], p_walk_los bigint[], p_walk_his bigint[],
    p_sealed_his bigint[], p_tail_seens bigint[], p_clears_walk boolean[], p_caps int[], p_page_sizes int[],
    p_behaviours jsonb[],
    p_ids bytea[], p_pubkeys bytea[], p_created_ats bigint[], p_kinds int[], p_tags jsonb[], p_contents text[],
    p_sigs bytea[], p_tag_keys tagset[], p_expires_ats bigint[], p_raws bytea[], p_dialects smallint[],
    p_addresses uuid[],
    p_new_pages int[], p_new_events int[],
    p_known_pages int[], p_known_events bigint[], p_known_created_ats bigint[], p_known_kinds int[],
    p_known_pubkeys bytea[], p_gone_pages int[], p_gone_events bigint[],
    p_day_pages int[], p_days int[], p_day_counts int[], p_day_sums bytea[],
    p_tomb_events int[], p_tomb_keys bytea[], p_tomb_up_tos bigint[],
    p_drop_pages int[], p_drop_los bigint[],
    p_cov_pages int[], p_cov_los bigint[], p_cov_his bigint[], p_cov_states smallint[], p_cov_proofs smallint[],
    p_cov_page_counts int[], p_cov_items bigint[], p_cov_caps int[], p_cov_reasons smallint[],
    p_cov_rescan_ats bigint[], p_cov_rescan_steps smallint[],
    p_bad_pages int[], p_bad_reasons text[], p_bad_digests bytea[], p_bad_raws bytea[])
RETURNS TABLE (relay_id int, accepted boolean, events_new int, events_known int, sightings_new int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    n_pages    CONSTANT int := cardinality(p_relays);
    n_events   CONSTANT int := cardinality(p_ids);
    seen       CONSTANT int := extract(epoch FROM now())::int;
    latest     CONSTANT bigint := seen + 3600;
    ok         boolean[] := array_fill(false, ARRAY[n_pages]);
    all_ok     boolean;
    all_new    boolean;
    keep       boolean[];       -- by event: to be stored; NULL for all
    is_new     boolean[];       -- by event: stored by this call
    numbers    bigint[];        -- by event: events.id
    got_ids    bytea[];         -- what an insert returned, in its order
    got        bigint[];
    got_relays int[];
    old_pages  int[] := p_known_pages;          -- sightings that may exist: of events known,
    old_events bigint[] := p_known_events;      -- and of events that somebody else stored meanwhile
    old_times  bigint[] := p_known_created_ats;
    old_kinds  int[] := p_known_kinds;
    old_keys   bytea[] := p_known_pubkeys;
    old_done   boolean[];       -- by those: did not exist; NULL for all
    count_new  int[] := array_fill(0, ARRAY[n_pages]);
    count_all  int[] := array_fill(0, ARRAY[n_pages]);
    count_link int[] := array_fill(0, ARRAY[n_pages]);
    id         bytea;
    last_id    bytea := '';
    j          int := 1;
    item       record;
BEGIN
    -- Shape: unnest would fill a shorter array with NULLs and say nothing; unsorted ids are what makes writers deadlock.
    IF n_pages <> ALL (ARRAY[cardinality(p_fences), cardinality(p_frontiers), cardinality(p_walk_los),
            cardinality(p_walk_his), cardinality(p_sealed_his), cardinality(p_tail_seens), cardinality(p_clears_walk),
            cardinality(p_caps), cardinality(p_page_sizes), cardinality(p_behaviours)])
        OR cardinality(p_gone_pages) <> cardinality(p_gone_events)
        OR n_events <> ALL (ARRAY[cardinality(p_pubkeys), cardinality(p_created_ats), cardinality(p_kinds),
            cardinality(p_tags), cardinality(p_contents), cardinality(p_sigs), cardinality(p_tag_keys),
            cardinality(p_expires_ats), cardinality(p_raws), cardinality(p_dialects), cardinality(p_addresses)])
        OR cardinality(p_new_pages) <> cardinality(p_new_events)
        OR cardinality(p_known_pages) <> ALL (ARRAY[cardinality(p_known_events), cardinality(p_known_created_ats),
            cardinality(p_known_kinds), cardinality(p_known_pubkeys)])
    THEN
        RAISE EXCEPTION 'commit_pages: arrays of different length' USING ERRCODE = '22023';
    END IF;
    FOREACH id IN ARRAY p_ids LOOP
        IF id <= last_id THEN
            RAISE EXCEPTION 'commit_pages: p_ids must ascend' USING ERRCODE = '22023';
        END IF;
        last_id := id;
    END LOOP;

    -- Leases: each row is locked where it is still ours, so nobody claims it before this transaction ends.
    PERFORM pg_advisory_xact_lock_shared(16962, 1);
    FOR i IN 1 .. n_pages LOOP
        IF i > 1 AND p_relays[i] < p_relays[i - 1] THEN
            RAISE EXCEPTION 'commit_pages: p_relays must not descend' USING ERRCODE = '22023';
        END IF;
        PERFORM FROM relay_sync s
          WHERE s.relay_id = p_relays[i] AND s.fence = p_fences[i] AND s.owner = p_owner FOR NO KEY UPDATE;
        ok[i] := FOUND;
    END LOOP;

    -- Known events were looked up before this transaction. Only after deletions can one of them be missing.
    IF cardinality(p_known_events) > 0 AND EXISTS (
        SELECT FROM orphan_walks w WHERE w.name = 'events' AND w.deleted_at > now() - interval '1 hour')
    THEN
        FOR item IN
            SELECT z.page FROM (
                SELECT k.page, (SELECT e.id FROM events e WHERE e.id = k.event) AS event
                  FROM unnest(p_known_pages, p_known_events) AS k (page, event) OFFSET 0) AS z
             WHERE z.event IS NULL
        LOOP
            ok[item.page] := false;
        END LOOP;
    END IF;

    all_ok := true = ALL (ok);
    IF NOT all_ok THEN
        keep := array_fill(false, ARRAY[n_events]);
        FOR item IN SELECT t.event FROM unnest(p_new_pages, p_new_events) AS t (page, event) WHERE ok[t.page] LOOP
            keep[item.event] := true;
        END LOOP;
    END IF;

    -- Events, in order of id.
    WITH stored AS (
        INSERT INTO events (created_at, expires_at, kind, id_dialect, event_id, pubkey, sig, tag_keys, tags, content, raw)
        SELECT t.created_at, t.expires_at, t.kind, t.dialect, t.event_id, t.pubkey, t.sig, t.k, t.tags, t.content, t.raw
          FROM unnest(p_ids, p_pubkeys, p_created_ats, p_kinds, p_tags, p_contents, p_sigs, p_tag_keys, p_expires_ats,
                      p_raws, p_dialects) WITH ORDINALITY
               AS t (event_id, pubkey, created_at, kind, tags, content, sig, k, expires_at, raw, dialect, n)
         WHERE all_ok OR keep[t.n]
        ON CONFLICT (event_id) DO NOTHING
        RETURNING id, event_id)
    SELECT coalesce(array_agg(s.id), '{}'), coalesce(array_agg(s.event_id), '{}') INTO got, got_ids FROM stored s;

    -- Numbers by ordinal. RETURNING keeps the order of the rows given, so what came back is a subsequence of p_ids.
    all_new := got_ids = p_ids;
    IF all_new THEN
        numbers := got;
        is_new := array_fill(true, ARRAY[n_events]);
    ELSE
        is_new := array_fill(false, ARRAY[n_events]);
        FOR i IN 1 .. n_events LOOP
            IF got_ids[j] = p_ids[i] THEN
                numbers[i] := got[j];
                is_new[i] := true;
                j := j + 1;
            ELSIF all_ok OR keep[i] THEN
                numbers[i] := (SELECT e.id FROM events e WHERE e.event_id = p_ids[i]);
                IF numbers[i] IS NULL THEN
                    RAISE EXCEPTION 'commit_pages: an event came and went' USING ERRCODE = '40001';
                END IF;
            END IF;
        END LOOP;
    END IF;

    -- Sightings that may exist already.
    IF NOT (all_ok AND all_new) THEN
        SELECT array_agg(o.page), array_agg(o.event), array_agg(o.created_at), array_agg(o.kind), array_agg(o.pubkey)
          INTO old_pages, old_events, old_times, old_kinds, old_keys
          FROM (SELECT k.page, k.event, k.created_at, k.kind, k.pubkey
                  FROM unnest(p_known_pages, p_known_events, p_known_created_ats, p_known_kinds, p_known_pubkeys)
                       AS k (page, event, created_at, kind, pubkey)
                 WHERE ok[k.page]
                 UNION ALL
                SELECT t.page, numbers[t.event], p_created_ats[t.event], p_kinds[t.event], p_pubkeys[t.event]
                  FROM unnest(p_new_pages, p_new_events) AS t (page, event)
                 WHERE ok[t.page] AND NOT is_new[t.event]) AS o;
    END IF;
    IF cardinality(old_pages) > 0 THEN
        WITH linked AS (
            INSERT INTO events_relays AS s (event, created_at, relay_id, seen_at)
            SELECT o.event, o.created_at, p_relays[o.page], seen
              FROM unnest(old_pages, old_events, old_times) AS o (page, event, created_at)
            ON CONFLICT (event, relay_id) DO UPDATE SET gone_at = NULL WHERE s.gone_at IS NOT NULL
            RETURNING event, relay_id, xmax = 0 AS is_new)     -- a row that came back was counted before
        SELECT coalesce(array_agg(l.event), '{}'), array_agg(l.relay_id) INTO got, got_relays FROM linked l WHERE l.is_new;
        IF cardinality(got) < cardinality(old_pages) THEN
            j := 1;
            FOR i IN 1 .. cardinality(old_pages) LOOP
                old_done[i] := coalesce(got[j] = old_events[i] AND got_relays[j] = p_relays[old_pages[i]], false);
                j := j + old_done[i]::int;
            END LOOP;
        END IF;
    END IF;

    -- Sightings of events stored just now, which cannot exist unless two pages of one relay bring the same event;
    -- then one queue row a page with what statistics have to count.
    WITH pairs AS MATERIALIZED (
        SELECT t.page, t.event, lag(t.event) OVER w IS DISTINCT FROM t.event AS is_first,
               lag(t.event) OVER w IS DISTINCT FROM t.event OR lag(p_relays[t.page]) OVER w <> p_relays[t.page] AS is_link
          FROM unnest(p_new_pages, p_new_events) WITH ORDINALITY AS t (page, event, n)
         WHERE ok[t.page] AND is_new[t.event]
        WINDOW w AS (ORDER BY t.n)),
    linked AS (
        INSERT INTO events_relays (event, created_at, relay_id, seen_at)
        SELECT numbers[p.event], p_created_ats[p.event], p_relays[p.page], seen FROM pairs p WHERE p.is_link),
    seen_all AS (
        SELECT p.page, p_pubkeys[p.event] AS pubkey, p_kinds[p.event] AS kind, p.is_first, p.is_link FROM pairs p
        UNION ALL
        SELECT o.page, o.pubkey, o.kind, false, coalesce(o.done, true)
          FROM unnest(old_pages, old_keys, old_kinds, old_done) AS o (page, pubkey, kind, done)),
    grouped AS MATERIALIZED (
        SELECT a.page, count(*) AS n, count(*) FILTER (WHERE a.is_first) AS n_new, count(*) FILTER (WHERE a.is_link) AS n_link,
               array_agg(a.pubkey) FILTER (WHERE a.is_first) AS new_pubkeys,
               array_agg(a.kind) FILTER (WHERE a.is_first) AS new_kinds,
               array_agg(a.pubkey) FILTER (WHERE a.is_link AND NOT a.is_first) AS old_pubkeys,
               array_agg(a.kind) FILTER (WHERE a.is_link AND NOT a.is_first) AS old_kinds
          FROM seen_all a GROUP BY a.page),
    queued AS (
        INSERT INTO stat_queue (relay_id, new_pubkeys, new_kinds, old_pubkeys, old_kinds)
        SELECT p_relays[g.page], g.new_pubkeys, g.new_kinds, g.old_pubkeys, g.old_kinds
          FROM grouped g WHERE g.n_link > 0 ORDER BY g.page)
    SELECT array_agg(coalesce(g.n, 0) ORDER BY p.n), array_agg(coalesce(g.n_new, 0) ORDER BY p.n),
           array_agg(coalesce(g.n_link, 0) ORDER BY p.n)
      INTO count_all, count_new, count_link
      FROM generate_series(1, n_pages) AS p (n) LEFT JOIN grouped g ON g.page = p.n;

    IF n_events > 0 THEN
        PERFORM store_derived(p_ids, p_pubkeys, p_created_ats, p_addresses, numbers, is_new,
                              p_tomb_events, p_tomb_keys, p_tomb_up_tos);
    END IF;

    IF cardinality(p_gone_pages) > 0 THEN
        UPDATE events_relays s SET gone_at = seen
          FROM (SELECT g.event, p_relays[g.page] AS relay_id FROM unnest(p_gone_pages, p_gone_events) AS g (page, event)
                 WHERE ok[g.page]) AS gone
         WHERE s.event = gone.event AND s.relay_id = gone.relay_id AND s.gone_at IS NULL;
    END IF;

    -- Days: the client adds before it calls, since this relay's lease makes it the only writer. The last page wins.
    INSERT INTO relay_day AS d (relay_id, day, n, idsum)
    SELECT DISTINCT ON (p_relays[t.page], t.day) p_relays[t.page], t.day, t.n, t.idsum
      FROM unnest(p_day_pages, p_days, p_day_counts, p_day_sums) AS t (page, day, n, idsum)
     WHERE ok[t.page]
     ORDER BY p_relays[t.page], t.day, t.page DESC
    ON CONFLICT (relay_id, day) DO UPDATE SET n = excluded.n, idsum = excluded.idsum;

    PERFORM store_coverage(p_relays, ok, p_drop_pages, p_drop_los, p_cov_pages, p_cov_los, p_cov_his, p_cov_states,
        p_cov_proofs, p_cov_page_counts, p_cov_items, p_cov_caps, p_cov_reasons, p_cov_rescan_ats,
        p_cov_rescan_steps);

    -- Progress. LEAST and GREATEST skip NULLs, so times go through a CASE where NULL means unchanged.
    FOR i IN 1 .. n_pages LOOP
        CONTINUE WHEN NOT ok[i];
        UPDATE relay_sync s
           SET frontier = CASE
                   WHEN p_clears_walk[i] OR (p_walk_his[i] <> s.walk_hi AND p_frontiers[i] IS NOT NULL)
                       THEN CASE WHEN p_frontiers[i] > latest THEN latest ELSE p_frontiers[i] END
                   WHEN p_frontiers[i] IS NULL THEN s.frontier
                   ELSE least(s.frontier, p_frontiers[i], latest) END,
               walk_lo = CASE WHEN p_clears_walk[i] THEN p_walk_los[i] ELSE coalesce(p_walk_los[i], s.walk_lo) END,
               walk_hi = CASE WHEN p_clears_walk[i] THEN p_walk_his[i] ELSE coalesce(p_walk_his[i], s.walk_hi) END,
               sealed_hi = CASE WHEN p_sealed_his[i] IS NULL THEN s.sealed_hi
                                ELSE greatest(s.sealed_hi, least(p_sealed_his[i], latest)) END,
               tail_seen = CASE WHEN p_tail_seens[i] IS NULL THEN s.tail_seen ELSE least(p_tail_seens[i], latest) END,
               cap_seen = coalesce(p_caps[i], s.cap_seen),
               page_size = coalesce(p_page_sizes[i], s.page_size),
               behaviour = coalesce(s.behaviour || p_behaviours[i], s.behaviour),
               events_new = s.events_new + count_new[i],
               sightings = s.sightings + count_link[i]
         WHERE s.relay_id = p_relays[i];
    END LOOP;

    IF true = ANY (is_new) THEN
        INSERT INTO event_batches (events) SELECT array_agg(t.number ORDER BY t.n)
          FROM unnest(numbers, is_new) WITH ORDINALITY AS t (number, is_new, n) WHERE t.is_new;
    END IF;
    IF cardinality(p_bad_pages) > 0 THEN
        PERFORM store_quarantine(p_relays, ok, p_bad_pages, p_bad_reasons, p_bad_digests, p_bad_raws);
    END IF;

    RETURN QUERY SELECT p_relays[p.n], ok[p.n], count_new[p.n], count_all[p.n] - count_new[p.n], count_link[p.n]
      FROM generate_series(1, n_pages) AS p (n) ORDER BY p.n;
END $$;
COMMENT ON FUNCTION public.commit_pages IS 'Stores pages of relays under their leases, with events, sightings and progress, in one transaction.';

-- insert_event: one event seen on one relay, without a lease: for tools, tests and imports. The relay is created when
-- unknown. Synchronizers use commit_pages. If somebody holds the relay's lease, a new sighting takes the lease away, as
-- the holder's day sums would otherwise overwrite this one's. Several in one transaction: in order of event_id.
-- p_address may be left NULL, it is then computed. Answer: whether the event and the sighting are new.
CREATE OR REPLACE FUNCTION public.insert_event(
    p_event_id bytea, p_pubkey bytea, p_created_at bigint, p_kind int, p_tags jsonb, p_content text, p_sig bytea,
    p_relay_url text, p_relay_network text, p_relay_inserted_at bigint, p_seen_at bigint,
    p_tag_keys bigint[] DEFAULT NULL, p_expires_at bigint DEFAULT NULL, p_raw bytea DEFAULT NULL,
    p_id_dialect smallint DEFAULT 0::smallint, p_address uuid DEFAULT NULL,
    p_tomb_keys bytea[] DEFAULT '{}', p_tomb_up_tos bigint[] DEFAULT '{}',
    OUT event_is_new boolean, OUT sighting_is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    relay  int;
    number bigint;
    one_day CONSTANT int := least(p_created_at / 86400, 2147483647);
    zero    CONSTANT bytea := decode(repeat('00', 32), 'hex');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(16962, 1);
    relay := insert_relay(p_relay_url, p_relay_network, p_relay_inserted_at);
    PERFORM FROM relay_sync s WHERE s.relay_id = relay FOR NO KEY UPDATE;

    event_is_new := false;
    SELECT e.id INTO number FROM events e WHERE e.event_id = p_event_id;
    IF NOT FOUND THEN
        INSERT INTO events (created_at, expires_at, kind, id_dialect, event_id, pubkey, sig, tag_keys, tags, content, raw)
        VALUES (p_created_at, p_expires_at, p_kind, p_id_dialect, p_event_id, p_pubkey, p_sig, p_tag_keys, p_tags,
                p_content, p_raw)
        ON CONFLICT (event_id) DO NOTHING RETURNING id INTO number;
        event_is_new := FOUND;
        IF NOT FOUND THEN
            SELECT e.id INTO STRICT number FROM events e WHERE e.event_id = p_event_id;
        END IF;
    END IF;

    INSERT INTO events_relays (event, created_at, relay_id, seen_at) VALUES (number, p_created_at, relay, p_seen_at)
    ON CONFLICT (event, relay_id) DO NOTHING;
    sighting_is_new := FOUND;
    IF event_is_new THEN
        PERFORM store_derived(ARRAY[p_event_id], ARRAY[p_pubkey], ARRAY[p_created_at],
            ARRAY[coalesce(p_address, event_address(p_kind, p_pubkey, p_tags))], ARRAY[number], ARRAY[true],
            array_fill(1, ARRAY[cardinality(p_tomb_keys)]), p_tomb_keys, p_tomb_up_tos);
        INSERT INTO event_batches (events) VALUES (ARRAY[number]);
        INSERT INTO stat_queue (relay_id, new_pubkeys, new_kinds) VALUES (relay, ARRAY[p_pubkey], ARRAY[p_kind]);
    ELSIF sighting_is_new THEN
        INSERT INTO stat_queue (relay_id, old_pubkeys, old_kinds) VALUES (relay, ARRAY[p_pubkey], ARRAY[p_kind]);
    END IF;
    IF sighting_is_new THEN
        INSERT INTO relay_day AS d (relay_id, day, n, idsum) VALUES (relay, one_day, 1, p_event_id)
        ON CONFLICT (relay_id, day) DO UPDATE SET n = d.n + 1, idsum = add_id(d.idsum, excluded.idsum);
        UPDATE relay_sync s
           SET events_new = s.events_new + event_is_new::int, sightings = s.sightings + 1,
               fence = s.fence + (s.owner IS NOT NULL)::int, owner = NULL,
               due_at = CASE WHEN s.owner IS NULL THEN s.due_at ELSE now() END
         WHERE s.relay_id = relay;
    END IF;
END $$;
COMMENT ON FUNCTION public.insert_event IS 'Stores one event as seen on one relay, outside any lease.';

-- insert_relay_metadata: one check of a relay. Documents are stored once: nip11 under the SHA-256 of its raw bytes,
-- nip66 under that of its jsonb text. p_nip11 and p_nip66 hold the columns of those tables by name; what has no column
-- in nip66 stays in its document. NULL means none, and the error says why. p_planned_at and p_unwatched_at are the Monitor's.
-- Answer: whether the row is new.
CREATE OR REPLACE FUNCTION public.insert_relay_metadata(
    p_relay_url text, p_relay_network text, p_relay_inserted_at bigint, p_generated_at bigint,
    p_nip11_raw bytea, p_nip11 jsonb, p_nip66 jsonb, p_nip11_error text, p_nip66_error text,
    p_planned_at bigint DEFAULT NULL, p_unwatched_at bigint DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    id11 CONSTANT bytea := sha256(p_nip11_raw);
    id66 CONSTANT bytea := sha256(convert_to(p_nip66::text, 'UTF8'));
BEGIN
    PERFORM insert_relay(p_relay_url, p_relay_network, p_relay_inserted_at);
    -- The row lock keeps delete_orphan_* off a document that this transaction is about to refer to.
    WHILE id11 IS NOT NULL LOOP
        PERFORM FROM nip11 d WHERE d.id = id11 FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO nip11 SELECT (jsonb_populate_record(
                NULL::nip11, coalesce(p_nip11, '{}') || jsonb_build_object(
                    'id', id11, 'raw', p_nip11_raw, 'defects', coalesce(p_nip11 -> 'defects', '[]')))).*
        ON CONFLICT (id) DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    WHILE id66 IS NOT NULL LOOP
        PERFORM FROM nip66 d WHERE d.id = id66 FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO nip66 SELECT (jsonb_populate_record(
                NULL::nip66, p_nip66 || jsonb_build_object('id', id66, 'document', p_nip66))).*
        ON CONFLICT (id) DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    INSERT INTO relay_metadata (relay_url, generated_at, planned_at, unwatched_at, nip11_id, nip66_id, nip11_error, nip66_error)
    VALUES (p_relay_url, p_generated_at, p_planned_at, p_unwatched_at, id11, id66, p_nip11_error, p_nip66_error)
    ON CONFLICT (relay_url, generated_at) DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION public.insert_relay_metadata IS 'Stores one check of a relay with its documents, each document once.';

-- claim_checks: leases of at most p_limit relays of a network and queue whose check is due, for p_owner until p_ttl seconds from
-- now. Of relays never checked those of greatest worth come first, of the others those due longest. Rows that somebody else has
-- locked are passed over; every claim raises the fence. An ignored relay is put off by an hour, and is not watched from then
-- on. Each queue has an index in its order, and no other index can answer for it.
CREATE OR REPLACE FUNCTION public.claim_checks(
    p_network text, p_queue smallint, p_limit bigint, p_owner uuid, p_ttl double precision)
RETURNS TABLE (
    relay_id int, relay_url text, fence bigint, status text, fails int, was_up boolean, failing_since bigint,
    checked_at bigint, planned_at bigint, full_at bigint, database_now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due   int[];
    relay int;
BEGIN
    IF p_queue = 1 THEN
        due := ARRAY(
            SELECT z.relay_id
              FROM (SELECT c.relay_id FROM relay_checks c
                     WHERE c.network = p_network AND c.queue = 1 AND c.due_at <= now()
                     ORDER BY c.worth DESC, c.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
    ELSE
        due := ARRAY(
            SELECT z.relay_id
              FROM (SELECT c.relay_id FROM relay_checks c
                     WHERE c.network = p_network AND c.queue = p_queue AND c.queue <> 1 AND c.due_at <= now()
                     ORDER BY c.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
    END IF;
    database_now := extract(epoch FROM now())::bigint;
    FOREACH relay IN ARRAY due LOOP
        SELECT r.relay_url, r.status INTO relay_url, status FROM relays r WHERE r.relay_id = relay;
        IF status = 'ignored' THEN
            UPDATE relay_checks c SET owner = NULL, fence = c.fence + 1, due_at = now() + interval '1 h' WHERE c.relay_id = relay;
            PERFORM note_transition(relay, database_now, 'unknown', 'ignored');
            CONTINUE;
        END IF;
        was_up := EXISTS (SELECT FROM relay_transitions t WHERE t.relay_id = relay AND t.status = 'online');
        UPDATE relay_checks c SET owner = p_owner, fence = c.fence + 1, due_at = now() + make_interval(secs => p_ttl)
         WHERE c.relay_id = relay
        RETURNING c.relay_id, c.fence, c.fails, c.failing_since, c.checked_at, c.planned_at, c.full_at
             INTO relay_id, fence, fails, failing_since, checked_at, planned_at, full_at;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.claim_checks(text, smallint, bigint, uuid, double precision) IS 'Leases relays of a queue whose check is due, and says where each stands.';

-- note_transition: a status from p_at on, unless it is the one already known. Rows of a relay ascend by time, so p_at is
-- moved behind the last one. Answer: whether there is a row more.
CREATE OR REPLACE FUNCTION public.note_transition(p_relay int, p_at bigint, p_status text, p_reason text)
RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    last record;
BEGIN
    SELECT t.at, t.status INTO last FROM relay_transitions t WHERE t.relay_id = p_relay ORDER BY t.at DESC LIMIT 1;
    IF coalesce(last.status, 'unknown') = p_status THEN
        RETURN false;
    END IF;
    INSERT INTO relay_transitions (relay_id, at, status, was, reason)
    VALUES (p_relay, greatest(p_at, last.at + 1), p_status, coalesce(last.status, 'unknown'), p_reason);
    RETURN true;
END $$;
COMMENT ON FUNCTION public.note_transition(int, bigint, text, text) IS 'Part of claim_checks and commit_check: a change of status.';

-- commit_check: one check of a relay under its lease, which it ends: documents, history, status, transition and when the
-- next check is due, in one transaction. The check began p_taken seconds ago; the next is due in p_wait seconds. p_is_up
-- says whether the relay answered, p_reason why not, p_status what it is now held for. p_unwatched: Unix seconds from which
-- nobody looked, although a check was due; NULL when that was not for long. p_event: what to publish, as queue_event wants
-- it, or NULL. p_full_wait: seconds until the next full check, NULL when this was none. Answer: false when the lease was
-- lost; then nothing is stored. A status that the operator set to ignored stays, and nothing is published of such a relay.
CREATE OR REPLACE FUNCTION public.commit_check(
    p_owner uuid, p_relay int, p_fence bigint, p_taken double precision, p_wait double precision, p_is_up boolean,
    p_status text, p_fails int, p_unwatched bigint, p_reason text, p_nip66 jsonb, p_nip11_raw bytea, p_nip11 jsonb,
    p_nip11_error text, p_event jsonb DEFAULT NULL, p_full_wait double precision DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    relay  record;
    before record;
    began  bigint;
    since  bigint;
    unwatched bigint;
    planned CONSTANT bigint := extract(epoch FROM now() + make_interval(secs => p_wait))::bigint;
    measured jsonb;
BEGIN
    SELECT r.relay_url, r.network, r.status INTO relay FROM relays r WHERE r.relay_id = p_relay FOR NO KEY UPDATE;
    -- The row lock keeps the lease from changing hands meanwhile.
    SELECT c.checked_at, c.failing_since, c.last_error INTO before FROM relay_checks c
     WHERE c.relay_id = p_relay AND c.fence = p_fence AND c.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Two checks of a relay never stand in the same second.
    began := greatest((extract(epoch FROM now()) - greatest(p_taken, 0))::bigint, before.checked_at + 1);
    unwatched := CASE WHEN p_unwatched IS NOT NULL THEN greatest(p_unwatched, before.checked_at + 1) END;
    since := CASE WHEN p_is_up THEN NULL WHEN p_fails > 1 THEN coalesce(before.failing_since, began) ELSE began END;

    -- What synchronizers have seen of how it answers belongs to what is known of it, and is asked for by nobody twice.
    -- What they note for themselves does not.
    SELECT p_nip66 || jsonb_build_object('behaviour',
               (s.behaviour - '{filter,rescans,span,reading}'::text[])
               || CASE WHEN s.cap_seen > 0 THEN jsonb_build_object('page', s.cap_seen) ELSE '{}' END)
      INTO measured FROM relay_sync s
     WHERE s.relay_id = p_relay AND (s.behaviour - '{filter,rescans,span,reading}'::text[] <> '{}' OR s.cap_seen > 0);
    PERFORM insert_relay_metadata(relay.relay_url, relay.network, began, began, p_nip11_raw, p_nip11,
        coalesce(measured, p_nip66), p_nip11_error,
        CASE WHEN NOT p_is_up THEN p_reason END, planned, unwatched);
    INSERT INTO relay_check_days AS d (relay_id, day, checks, answered) VALUES (p_relay, began / 86400, 1, p_is_up::int)
    ON CONFLICT (relay_id, day) DO UPDATE SET checks = d.checks + 1, answered = d.answered + excluded.answered;
    UPDATE relay_checks c
       SET owner = NULL, due_at = now() + make_interval(secs => p_wait), fails = p_fails, checked_at = began,
           queue = CASE p_status WHEN 'online' THEN 0 ELSE 2 END,
           planned_at = planned, failing_since = since,
           full_at = coalesce(extract(epoch FROM now() + make_interval(secs => p_full_wait))::bigint, c.full_at),
           last_error = CASE WHEN NOT p_is_up THEN p_reason END
     WHERE c.relay_id = p_relay;
    IF relay.status = 'ignored' THEN
        RETURN true;
    END IF;

    IF unwatched IS NOT NULL THEN
        PERFORM note_transition(p_relay, unwatched, 'unknown', 'not_watched');
    END IF;
    -- One failure alone says nothing about what the relay is.
    IF p_is_up OR p_status IN ('offline', 'dead') THEN
        -- An outage begins with the first of its failures, and its cause is that one's.
        PERFORM note_transition(p_relay, CASE WHEN p_status = 'offline' AND unwatched IS NULL THEN since ELSE began END,
            p_status, CASE WHEN p_is_up THEN NULL WHEN p_status = 'offline' AND unwatched IS NULL
                           THEN coalesce(before.last_error, p_reason) ELSE p_reason END);
    END IF;
    UPDATE relays r SET status = p_status, last_seen = CASE WHEN p_is_up THEN began ELSE r.last_seen END
     WHERE r.relay_id = p_relay AND (p_is_up OR r.status <> p_status);
    IF p_event IS NOT NULL THEN
        PERFORM queue_event(p_event, p_relay, began);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.commit_check IS 'Stores one check of a relay under its lease, with what follows from it, and ends the lease.';

-- find_aliases: looks whether relays that are up, at most p_limit and none twice a day, are an older one by a second name.
-- They are when both give the same events on the newest five days that are over, at least p_events of them, and their host
-- or their information document (NIP-11) is the same: software of other people that mirrors a relay is no alias of it. A day
-- counts from its second midnight on, because events of it still come. A relay is compared with those of the same host or
-- document only, at most 1,000 of each, so the work does not grow with the relays that are known. Answer: how many were
-- looked at, how many are aliases.
CREATE OR REPLACE FUNCTION public.find_aliases(p_limit bigint, p_events bigint DEFAULT 100, OUT compared bigint, OUT aliases bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    relay  int;
    older  int;
    days   int[];
    events bigint;
    proof  jsonb;
BEGIN
    compared := 0;
    aliases := 0;
    FOR relay IN
        SELECT c.relay_id FROM relay_checks c
         WHERE c.queue = 0 AND coalesce(c.compared_at, '-infinity') < now() - interval '1 day'
         ORDER BY coalesce(c.compared_at, '-infinity') LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        compared := compared + 1;
        UPDATE relay_checks c SET compared_at = now() WHERE c.relay_id = relay;
        SELECT array_agg(d.day), coalesce(sum(d.n), 0) INTO days, events
          FROM (SELECT d.day, d.n FROM relay_day d
                 WHERE d.relay_id = relay AND d.day < extract(epoch FROM now())::bigint / 86400 - 1 AND d.n > 0
                 ORDER BY d.day DESC LIMIT 5) AS d;
        proof := NULL;
        FOR older IN
            SELECT c.relay_id FROM unnest(similar_relays(relay)) AS s (relay_id) JOIN relay_checks c USING (relay_id)
             WHERE events >= p_events AND c.queue = 0 AND c.relay_id < relay ORDER BY c.relay_id
        LOOP
            CONTINUE WHEN EXISTS (
                SELECT FROM relay_day d
                 WHERE d.relay_id = relay AND d.day = ANY (days)
                   AND NOT EXISTS (SELECT FROM relay_day o
                                    WHERE o.relay_id = older AND o.day = d.day AND o.n = d.n AND o.idsum = d.idsum));
            proof := same_service(relay, older);
            EXIT WHEN proof IS NOT NULL;
        END LOOP;
        IF proof IS NULL THEN
            DELETE FROM relay_aliases a WHERE a.relay_id = relay;
            CONTINUE;
        END IF;
        aliases := aliases + 1;
        INSERT INTO relay_aliases AS a (found_at, relay_id, alias_of, evidence)
        VALUES (extract(epoch FROM now())::bigint, relay, older,
                proof || jsonb_build_object('days', array_length(days, 1), 'events', events))
        ON CONFLICT (relay_id) DO UPDATE
           SET evidence = excluded.evidence, alias_of = excluded.alias_of,
               found_at = CASE a.alias_of WHEN excluded.alias_of THEN a.found_at ELSE excluded.found_at END;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.find_aliases(bigint, bigint) IS 'Finds relays that are another one by a second name, by what they serve.';

-- similar_relays: at most 1,000 relays of the host of one, and at most 1,000 that have shown its document, itself among them.
CREATE OR REPLACE FUNCTION public.similar_relays(p_relay int)
RETURNS int[] LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    url      CONSTANT text := (SELECT r.relay_url FROM relays r WHERE r.relay_id = p_relay);
    document CONSTANT bytea := newest_document(url);
    one      text;
    urls     text[] := '{}';
BEGIN
    -- From one relay to the next, past the many checks in which each has shown it.
    WHILE document IS NOT NULL AND cardinality(urls) < 1000 LOOP
        SELECT m.relay_url INTO one FROM relay_metadata m
         WHERE m.nip11_id = document AND m.relay_url > coalesce(one, '') ORDER BY m.relay_url LIMIT 1;
        EXIT WHEN NOT FOUND;
        urls := urls || one;
    END LOOP;
    RETURN ARRAY(
        SELECT r.relay_id FROM relays r WHERE r.relay_url = ANY (urls)
        UNION
        (SELECT r.relay_id FROM relays r
          WHERE substring(r.relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)') = substring(url FROM '^wss?://(\[[^]]*\]|[^/:?]*)')
          ORDER BY r.relay_id LIMIT 1000));
END $$;
COMMENT ON FUNCTION public.similar_relays(int) IS 'Part of find_aliases: relays that could be the same service as one.';

-- newest_document: id of the information document in the newest of the last hundred checks of a relay that has one. In
-- plpgsql, like advertised_limit, because claims call it: a function in SQL is parsed and planned again by each statement.
CREATE OR REPLACE FUNCTION public.newest_document(p_url text)
RETURNS bytea LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT m.nip11_id
              FROM (SELECT n.nip11_id, n.generated_at FROM relay_metadata n
                     WHERE n.relay_url = p_url ORDER BY n.generated_at DESC LIMIT 100) AS m
             WHERE m.nip11_id IS NOT NULL ORDER BY m.generated_at DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION public.newest_document(text) IS 'Part of find_aliases: the information document that a relay shows now.';

-- advertised_limit: the page size that a relay's information document allows (NIP-11, limitation.max_limit), to begin with: such
-- numbers are often wrong, so what pages show counts more. What is below 50 is raised to it.
CREATE OR REPLACE FUNCTION public.advertised_limit(p_url text) RETURNS int
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN jsonb_typeof(n.limitation -> 'max_limit') = 'number'
                        THEN greatest(least((n.limitation ->> 'max_limit')::numeric, 5000), 50)::int END
              FROM nip11 n WHERE n.id = newest_document(p_url));
END $$;
COMMENT ON FUNCTION public.advertised_limit(text) IS 'Events a page by the relay''s own document, 50 to 5,000; NULL where it says nothing.';

-- same_service: what two relays have in common beside what they serve; NULL for nothing.
CREATE OR REPLACE FUNCTION public.same_service(p_one int, p_other int)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN z.same_host OR z.same_document
                THEN jsonb_build_object('same_host', z.same_host, 'same_document', z.same_document) END
      FROM (SELECT count(DISTINCT substring(r.relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)')) = 1 AS same_host,
                   count(d.nip11_id) = 2 AND count(DISTINCT d.nip11_id) = 1 AS same_document
              FROM relays r CROSS JOIN LATERAL (SELECT newest_document(r.relay_url) AS nip11_id) AS d
             WHERE r.relay_id IN (p_one, p_other)) AS z
$$;
COMMENT ON FUNCTION public.same_service(int, int) IS 'Part of find_aliases: whether two relays share host or information document.';

-- queue_event: an event to be published, in the place of an older one of its address. p_event: kind, identifier (tag d, or
-- empty), tags, content, digest (hex), refresh (seconds), targets (URLs). Nothing is done when the last one had the same
-- digest and is younger than refresh. p_created_at is moved behind that of the last one; NULL is now. Targets that have not got
-- the older event will not get it any more. Answer: whether the event is in the queue.
CREATE OR REPLACE FUNCTION public.queue_event(p_event jsonb, p_relay int, p_created_at bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    before  record;
    targets CONSTANT text[] := ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(p_event -> 'targets') AS t ORDER BY t);
    mark    CONSTANT bytea := decode(p_event ->> 'digest', 'hex');
    made    bigint := coalesce(p_created_at, extract(epoch FROM now())::bigint);
    work    CONSTANT smallint := coalesce((SELECT max(t.pow) FROM publish_targets t WHERE t.url = ANY (targets)), 0);
    number  bigint;
BEGIN
    SELECT q.id, q.created_at, q.digest, q.pow INTO before FROM publish_queue q
     WHERE q.kind = (p_event ->> 'kind')::int AND q.identifier = p_event ->> 'identifier' FOR UPDATE;
    IF FOUND THEN
        IF before.digest = mark AND before.pow >= work AND made - before.created_at < (p_event ->> 'refresh')::float8 THEN
            RETURN false;
        END IF;
        -- A new number, which the rows of publish_waiting follow.
        UPDATE publish_queue q
           SET id = DEFAULT, created_at = greatest(made, before.created_at + 1), queued_at = now(), relay_id = p_relay, pow = work,
               digest = mark, tags = p_event -> 'tags', content = p_event ->> 'content'
         WHERE q.id = before.id RETURNING q.id INTO number;
        UPDATE publish_waiting w SET skipped = w.skipped + 1, tries = 0 WHERE w.id = number;
    ELSE
        INSERT INTO publish_queue (created_at, relay_id, kind, pow, digest, identifier, tags, content)
        VALUES (made, p_relay, (p_event ->> 'kind')::int, work, mark, p_event ->> 'identifier', p_event -> 'tags',
                p_event ->> 'content')
        ON CONFLICT (kind, identifier) DO NOTHING RETURNING id INTO number;
        -- Somebody else says the same at this moment.
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO publish_waiting (id, target) SELECT number, t FROM unnest(targets) AS t ON CONFLICT DO NOTHING;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.queue_event(jsonb, int, bigint) IS 'Part of commit_check, and for events about the Monitor itself: what is to be published.';

-- claim_publishing: leases of at most p_limit of these targets that something waits for, for p_owner until p_ttl seconds from now.
-- One that somebody else has locked is passed over; every claim raises the fence. What a target asked for in work
-- beyond p_most_pow bits is forgotten. A target that is new gets its row.
CREATE OR REPLACE FUNCTION public.claim_publishing(
    p_targets text[], p_limit int, p_owner uuid, p_ttl double precision, p_most_pow smallint)
RETURNS TABLE (url text, fence bigint, fails int, database_now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due text[];
BEGIN
    INSERT INTO publish_targets (url)
    SELECT DISTINCT n FROM unnest(p_targets) AS n
     WHERE NOT EXISTS (SELECT FROM publish_targets t WHERE t.url = n) ORDER BY n ON CONFLICT DO NOTHING;
    due := ARRAY(
        SELECT z.url
          FROM (SELECT t.url FROM publish_targets t
                 WHERE t.url = ANY (p_targets) AND t.due_at <= now()
                   AND EXISTS (SELECT FROM publish_waiting w WHERE w.target = t.url)
                 ORDER BY t.due_at, t.url LIMIT p_limit FOR NO KEY UPDATE OF t SKIP LOCKED) AS z);
    RETURN QUERY
    UPDATE publish_targets t
       SET owner = p_owner, fence = t.fence + 1, due_at = now() + make_interval(secs => p_ttl),
           pow = CASE WHEN t.pow <= p_most_pow THEN t.pow ELSE 0 END
     WHERE t.url = ANY (due)
    RETURNING t.url, t.fence, t.fails, extract(epoch FROM now())::bigint;
END $$;
COMMENT ON FUNCTION public.claim_publishing(text[], int, uuid, double precision, smallint) IS 'Leases relays that events wait for.';

-- settle_publishing: what a target has answered, under its lease. p_done: events that it needs not be sent any more; p_late:
-- those that it gave no answer to, which come last from now on. p_pow: bits of work it asked for, NULL when it did not.
-- p_wait: seconds until it may be published to again, when p_ends; else until the lease ends. A row that a newer event is just
-- taking is passed over: it stands for that one. Answer: false when the lease was lost; then nothing is changed.
CREATE OR REPLACE FUNCTION public.settle_publishing(
    p_owner uuid, p_target text, p_fence bigint, p_done bigint[], p_late bigint[], p_accepted int, p_refused int,
    p_pow smallint, p_fails int, p_error text, p_message text, p_wait double precision, p_ends boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE publish_targets t
       SET owner = CASE WHEN p_ends THEN NULL ELSE t.owner END, due_at = now() + make_interval(secs => p_wait),
           accepted = t.accepted + p_accepted, refused = t.refused + p_refused,
           accepted_at = CASE WHEN p_accepted > 0 THEN extract(epoch FROM now())::bigint ELSE t.accepted_at END,
           pow = coalesce(p_pow, t.pow), fails = p_fails, last_error = p_error, last_message = p_message
     WHERE t.url = p_target AND t.owner = p_owner AND t.fence = p_fence;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM publish_waiting w
     WHERE w.target = p_target AND w.id = ANY (ARRAY(
           SELECT l.id FROM publish_waiting l WHERE l.target = p_target AND l.id = ANY (p_done)
            ORDER BY l.id FOR UPDATE SKIP LOCKED));
    UPDATE publish_waiting w SET tries = least(w.tries + 1, 32000)
     WHERE w.target = p_target AND w.id = ANY (ARRAY(
           SELECT l.id FROM publish_waiting l WHERE l.target = p_target AND l.id = ANY (p_late)
            ORDER BY l.id FOR UPDATE SKIP LOCKED));
    RETURN true;
END $$;
COMMENT ON FUNCTION public.settle_publishing IS 'Stores what a relay answered to events that were published to it.';

-- hear_deltas: what others say in archived events of kind 1066, into relay_voices. Looks at the newest p_limit of the last p_window
-- seconds; an event of the future is heard when its time has come, so none can stand before all others for long. Only changes of
-- state count (tag O: init, up, down), about relays that are known (tag r, also with the slash of an empty path). An event with more
-- than 200 tags takes long to read and is passed over. p_own is our key, or NULL. Kept are the newest p_share relays of an author,
-- p_most in all. One at a time. Answer: voices that are new or say something newer, -1 while somebody else hears. The order is that
-- of events_kind and of no other index.
CREATE OR REPLACE FUNCTION public.hear_deltas(
    p_own bytea, p_window int, p_limit int, p_share int DEFAULT 5000, p_most int DEFAULT 200000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    today CONSTANT bigint := extract(epoch FROM now())::bigint;
    heard int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(16962, 4) THEN
        RETURN -1;
    END IF;
    WITH said AS MATERIALIZED (
        SELECT z.pubkey, z.created_at,
               (SELECT t ->> 1 FROM jsonb_array_elements(z.tags) AS t WHERE t ->> 0 = 'r' LIMIT 1) AS url,
               (SELECT t ->> 1 FROM jsonb_array_elements(z.tags) AS t WHERE t ->> 0 = 'O' LIMIT 1) AS state
          FROM (SELECT e.pubkey, e.created_at, e.tags FROM events e
                 WHERE (e.kind, e.created_at) >= (1066, today - p_window) AND (e.kind, e.created_at) <= (1066, today)
                 ORDER BY e.kind DESC, e.created_at DESC LIMIT p_limit) AS z
         -- Both hold for no tags that are no array.
         WHERE z.tags -> 200 IS NULL AND z.tags @> '[["O"]]' AND z.pubkey IS DISTINCT FROM p_own),
    known AS MATERIALIZED (
        SELECT (SELECT r.relay_id FROM relays r
                 WHERE r.relay_url = regexp_replace(s.url, '^([a-z]+://[^/?]+)/(\?|$)', '\1\2')) AS relay_id,
               s.pubkey, s.created_at AS at, s.state <> 'down' AS is_up
          FROM said s WHERE s.state IN ('init', 'up', 'down') AND octet_length(s.url) <= 2048),
    newest AS (
        SELECT DISTINCT ON (k.relay_id, k.pubkey) k.relay_id, k.pubkey, k.at, k.is_up FROM known k
         WHERE k.relay_id IS NOT NULL ORDER BY k.relay_id, k.pubkey, k.at DESC, k.is_up DESC),
    ranked AS (
        SELECT n.relay_id, n.pubkey, n.at, n.is_up, row_number() OVER (PARTITION BY n.pubkey ORDER BY n.at DESC, n.relay_id) AS place
          FROM newest n)
    INSERT INTO relay_voices AS v (at, relay_id, is_up, pubkey)
    SELECT r.at, r.relay_id, r.is_up, r.pubkey FROM ranked r WHERE r.place <= p_share
    ON CONFLICT (relay_id, pubkey) DO UPDATE SET at = excluded.at, is_up = excluded.is_up
     WHERE (excluded.at, excluded.is_up) > (v.at, v.is_up);
    GET DIAGNOSTICS heard = ROW_COUNT;
    DELETE FROM relay_voices v
     USING (SELECT o.relay_id, o.pubkey, o.at, row_number() OVER (ORDER BY o.at DESC, o.relay_id, o.pubkey) AS place,
                   row_number() OVER (PARTITION BY o.pubkey ORDER BY o.at DESC, o.relay_id) AS own_place
              FROM relay_voices o) AS z
     WHERE v.relay_id = z.relay_id AND v.pubkey = z.pubkey
       AND (z.at < today - p_window OR z.own_place > p_share OR z.place > p_most);
    RETURN heard;
END $$;
COMMENT ON FUNCTION public.hear_deltas(bytea, int, int, int, int) IS 'Keeps what other monitors say of changes of state; how many voices are new.';

-- note_opinions: what others say of a relay: the newest archived event of kind 30166 of each, which says that it is there, or what
-- hear_deltas has heard of each, where that is newer; at most p_window seconds old. At the same second the relay is there.
-- p_keys: index keys of the tag d with each of p_identifiers, of the weeks that the window touches; p_own is our key. Reads
-- at most 1,000 of either; a monitor that is not archived has no voice. Answer: how many spoke.
CREATE OR REPLACE FUNCTION public.note_opinions(
    p_relay int, p_is_up boolean, p_keys bigint[], p_identifiers text[], p_own bytea, p_window int)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    today  CONSTANT bigint := extract(epoch FROM now())::bigint;
    ups    int;
    downs  int;
    median int;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT e.pubkey, e.created_at, CASE jsonb_typeof(e.tags) WHEN 'array' THEN e.tags END AS tags FROM events e
         WHERE e.tag_keys && p_keys AND e.kind = 30166 AND e.created_at BETWEEN today - p_window AND today + 3600 LIMIT 1000),
    newest AS (
        SELECT DISTINCT ON (f.pubkey) f.pubkey, f.created_at, f.tags FROM found f
         WHERE EXISTS (SELECT FROM jsonb_array_elements(f.tags) AS t WHERE t ->> 0 = 'd' AND t ->> 1 = ANY (p_identifiers))
         ORDER BY f.pubkey, f.created_at DESC),
    heard AS (
        SELECT v.pubkey, v.at, v.is_up FROM relay_voices v WHERE v.relay_id = p_relay AND v.at >= today - p_window LIMIT 1000),
    said AS (
        SELECT CASE WHEN n.created_at >= h.at THEN true ELSE coalesce(h.is_up, true) END AS is_up, n.tags
          FROM newest n FULL JOIN heard h ON h.pubkey = n.pubkey
         WHERE coalesce(n.pubkey, h.pubkey) IS DISTINCT FROM p_own)
    SELECT count(*) FILTER (WHERE s.is_up), count(*) FILTER (WHERE NOT s.is_up),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY (
               SELECT (t ->> 1)::int FROM jsonb_array_elements(s.tags) AS t
                WHERE t ->> 0 = 'rtt-open' AND t ->> 1 ~ '^[0-9]{1,8}$' LIMIT 1)) FILTER (WHERE s.is_up)
      INTO ups, downs, median FROM said s;
    -- Silence about a relay that was never spoken of needs no row.
    IF ups + downs = 0 AND NOT EXISTS (SELECT FROM relay_opinions o WHERE o.relay_id = p_relay) THEN
        RETURN 0;
    END IF;
    INSERT INTO relay_opinions AS o (relay_id, asked_at, monitors, monitors_down, rtt_open, is_up, agreed, disagreed)
    SELECT r.relay_id, today, ups, downs, median, p_is_up,
           (ups <> downs AND (ups > downs) = p_is_up)::int, (ups <> downs AND (ups > downs) <> p_is_up)::int
      FROM relays r WHERE r.relay_id = p_relay
    ON CONFLICT (relay_id) DO UPDATE
       SET asked_at = excluded.asked_at, monitors = excluded.monitors, monitors_down = excluded.monitors_down,
           rtt_open = excluded.rtt_open, is_up = excluded.is_up,
           agreed = o.agreed + excluded.agreed, disagreed = o.disagreed + excluded.disagreed;
    RETURN ups + downs;
END $$;
COMMENT ON FUNCTION public.note_opinions(int, boolean, bigint[], text[], bytea, int) IS 'Stores whether other monitors agree with a check; how many of them spoke.';

-- trim_publishing: gives up deliveries that have waited for more than p_age seconds, that were not answered p_tries times, and the
-- oldest beyond p_most. Reads the whole of publish_waiting: once a minute, not once a check.
CREATE OR REPLACE FUNCTION public.trim_publishing(p_age double precision, p_tries int, p_most bigint)
RETURNS TABLE (expired bigint, unanswered bigint, overflow bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    WITH old AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w JOIN publish_queue q ON q.id = w.id
         WHERE q.queued_at < now() - make_interval(secs => p_age) ORDER BY w.id, w.target FOR UPDATE OF w SKIP LOCKED)
    DELETE FROM publish_waiting w USING old WHERE w.id = old.id AND w.target = old.target;
    GET DIAGNOSTICS expired = ROW_COUNT;
    WITH mute AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w WHERE w.tries >= p_tries ORDER BY w.id, w.target FOR UPDATE SKIP LOCKED)
    DELETE FROM publish_waiting w USING mute WHERE w.id = mute.id AND w.target = mute.target;
    GET DIAGNOSTICS unanswered = ROW_COUNT;
    WITH surplus AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w ORDER BY w.id, w.target
         LIMIT greatest((SELECT count(*) FROM publish_waiting) - p_most, 0) FOR UPDATE SKIP LOCKED)
    DELETE FROM publish_waiting w USING surplus WHERE w.id = surplus.id AND w.target = surplus.target;
    GET DIAGNOSTICS overflow = ROW_COUNT;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION public.trim_publishing(double precision, int, bigint) IS 'Gives up deliveries that nobody should wait for any more, and says how many for which reason.';

-- fold_statistics: moves the oldest queue rows, about p_limit of them, into the counters. Deletion and counting commit
-- together, so nothing is lost or counted twice. One at a time. Answer: rows folded, 0 when none are left, -1 while
-- somebody else folds. Nested loops over CTEs of unknown size would be quadratic, hence the settings.
CREATE OR REPLACE FUNCTION public.fold_statistics(p_limit int DEFAULT 100)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    bound  bigint;
    folded int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(16962, 2) THEN
        RETURN -1;
    END IF;
    SELECT max(z.id) INTO bound FROM (SELECT q.id FROM stat_queue q ORDER BY q.id LIMIT p_limit) AS z;
    WITH queue AS MATERIALIZED (
        DELETE FROM stat_queue q WHERE q.id <= bound
        RETURNING q.relay_id, q.new_pubkeys, q.new_kinds, q.old_pubkeys, q.old_kinds, q.gone_pubkeys, q.gone_kinds),
    seen AS MATERIALIZED (
        SELECT q.relay_id, u.pubkey, u.kind, 1 AS events, 1 AS sightings
          FROM queue q, unnest(q.new_pubkeys, q.new_kinds) AS u (pubkey, kind)
        UNION ALL
        SELECT q.relay_id, u.pubkey, u.kind, 0, 1 FROM queue q, unnest(q.old_pubkeys, q.old_kinds) AS u (pubkey, kind)
        UNION ALL
        SELECT q.relay_id, u.pubkey, u.kind, -(q.relay_id IS NULL)::int, -(q.relay_id IS NOT NULL)::int
          FROM queue q, unnest(q.gone_pubkeys, q.gone_kinds) AS u (pubkey, kind)),
    pairs AS MATERIALIZED (
        SELECT s.relay_id, s.pubkey, sum(s.events) AS events, sum(s.sightings) AS sightings FROM seen s GROUP BY 1, 2),
    persons AS MATERIALIZED (SELECT p.pubkey, sum(p.events)::bigint AS events FROM pairs p GROUP BY 1),
    authors AS (
        INSERT INTO stat_authors AS a (pubkey, n) SELECT p.pubkey, p.events FROM persons p ORDER BY p.pubkey
        ON CONFLICT (pubkey) DO UPDATE SET n = a.n + excluded.n RETURNING author_id, pubkey, n),
    placed AS MATERIALIZED (
        SELECT p.relay_id, a.author_id, p.sightings FROM pairs p JOIN authors a ON a.pubkey = p.pubkey
         WHERE p.relay_id IS NOT NULL),
    relay_authors AS (
        INSERT INTO stat_relay_authors AS r (relay_id, author_id, n)
        SELECT p.relay_id, p.author_id, p.sightings FROM placed p ORDER BY 1, 2
        ON CONFLICT (relay_id, author_id) DO UPDATE SET n = r.n + excluded.n
        RETURNING relay_id, author_id, n),
    relay_kinds AS (
        INSERT INTO stat_relay_kinds AS r (relay_id, kind, n)
        SELECT s.relay_id, s.kind, sum(s.sightings) FROM seen s WHERE s.relay_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (relay_id, kind) DO UPDATE SET n = r.n + excluded.n),
    kinds AS (
        INSERT INTO stat_kinds AS k (kind, n)
        SELECT s.kind, sum(s.events) FROM seen s GROUP BY 1 HAVING sum(s.events) <> 0 ORDER BY 1
        ON CONFLICT (kind) DO UPDATE SET n = k.n + excluded.n),
    relays AS (
        INSERT INTO stat_relays AS r (relay_id, n, authors)
        SELECT z.relay_id, sum(z.n), sum(z.authors)
          FROM (SELECT p.relay_id, sum(p.sightings) AS n, 0 AS authors FROM pairs p WHERE p.relay_id IS NOT NULL GROUP BY 1
                UNION ALL
                SELECT a.relay_id, 0, sum((a.n > 0)::int - (a.n - p.sightings > 0)::int)
                  FROM relay_authors a JOIN placed p ON p.relay_id = a.relay_id AND p.author_id = a.author_id
                 GROUP BY 1) AS z
         GROUP BY 1 ORDER BY 1
        ON CONFLICT (relay_id) DO UPDATE SET n = r.n + excluded.n, authors = r.authors + excluded.authors),
    totals AS (
        UPDATE stat_totals t
           SET events = t.events + z.events, authors = t.authors + z.authors
          FROM (SELECT coalesce(sum(p.events), 0) AS events,
                       coalesce(sum((a.n > 0)::int - (a.n - p.events > 0)::int), 0) AS authors
                  FROM persons p JOIN authors a ON a.pubkey = p.pubkey) AS z)
    SELECT count(*) INTO folded FROM queue;
    RETURN folded;
END $$;
COMMENT ON FUNCTION public.fold_statistics(int) IS 'Moves queued counting into the counters, a bounded number of rows a call.';

-- new_events: the events of batches behind a position, in the order (xid, batch_id, place), at most p_limit and about
-- p_bytes of them. Only batches that no open transaction can precede, so that none is ever passed over. An event that was
-- erased meanwhile is a row without kind: the reader's position moves over it too. p_xid beyond what this cluster has
-- given out is another cluster's, and reading begins anew.
CREATE OR REPLACE FUNCTION public.new_events(p_xid bigint, p_batch_id bigint, p_place int, p_limit int, p_bytes bigint)
RETURNS TABLE (xid bigint, batch_id bigint, place int, committed_at timestamptz, kind int, pubkey bytea, tags jsonb, content text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    bound    CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    is_ours  CONSTANT boolean := p_xid::text::xid8 < pg_snapshot_xmax(pg_current_snapshot());
    since    CONSTANT xid8 := CASE WHEN is_ours THEN p_xid::text ELSE '0' END::xid8;
    batch    record;
    numbers  bigint[];
    n_events int := 0;
    n_bytes  bigint := 0;
BEGIN
    FOR batch IN
        SELECT b.xid, b.batch_id, b.committed_at, b.events FROM event_batches b
         WHERE b.xid >= since AND b.xid < bound AND (b.xid > since OR NOT is_ours OR b.batch_id >= p_batch_id)
         ORDER BY b.xid, b.batch_id LIMIT p_limit + 1
    LOOP
        numbers := batch.events;
        xid := batch.xid::text::bigint;
        batch_id := batch.batch_id;
        committed_at := batch.committed_at;
        FOR i IN CASE WHEN is_ours AND xid = p_xid AND batch_id = p_batch_id THEN p_place + 1 ELSE 1 END .. cardinality(numbers)
        LOOP
            IF n_events >= p_limit OR n_bytes >= p_bytes THEN
                RETURN;
            END IF;
            SELECT e.kind, e.pubkey, e.tags, e.content INTO kind, pubkey, tags, content FROM events e WHERE e.id = numbers[i];
            place := i;
            n_events := n_events + 1;
            n_bytes := n_bytes + coalesce(octet_length(content), 0) + coalesce(pg_column_size(tags), 0);
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.new_events(bigint, bigint, int, int, bigint) IS 'The next events behind a position in the order of event_batches, none passed over.';

-- commit_candidates: under the lease finder, relays that a source names, with spellings, places and authors; of a scan also
-- its watermark, which moves from p_from to p_to, each (xid, batch_id, place), in the same transaction. Relays are named by
-- their place in p_urls, from 1. Answer: relays that were new, -1 when the lease was lost, -2 when the watermark does not
-- stand at p_from: then all of this is stored already, or somebody else goes on.
-- The tables grow: they are searched by whole keys only, hence the settings.
CREATE OR REPLACE FUNCTION public.commit_candidates(
    p_owner uuid, p_fence bigint, p_source text, p_url_rule smallint, p_from bigint[], p_to bigint[],
    p_urls text[], p_networks text[],
    p_spelling_relays int[], p_spellings text[], p_spelling_counts int[],
    p_slot_relays int[], p_slots text[], p_slot_counts int[],
    p_author_relays int[], p_author_slots text[], p_authors bigint[])
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    seen    CONSTANT bigint := extract(epoch FROM now())::bigint;
    ids     int[];
    n_new   int;
BEGIN
    -- The row lock keeps the lease from changing hands meanwhile.
    PERFORM FROM service_leases l WHERE l.name = 'finder' AND l.fence = p_fence AND l.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    IF cardinality(p_to) > 0 THEN
        UPDATE scan_watermarks w
           SET xid = p_to[1]::text::xid8, batch_id = p_to[2], place = p_to[3]::int,
               committed_at = (SELECT b.committed_at FROM event_batches b WHERE b.batch_id = p_to[2])
         WHERE w.name = 'finder' AND w.xid = p_from[1]::text::xid8 AND w.batch_id = p_from[2] AND w.place = p_from[3];
        IF NOT FOUND THEN
            RETURN -2;
        END IF;
    END IF;
    IF cardinality(p_urls) = 0 THEN
        RETURN 0;
    END IF;

    SELECT array_agg(r.relay_id ORDER BY r.ord), count(*) FILTER (WHERE r.is_new) INTO ids, n_new
      FROM insert_relays(p_urls, p_networks, array_fill(seen, ARRAY[cardinality(p_urls)])) AS r;

    INSERT INTO relay_spellings AS s (relay_id, source, spelling, n, first_seen, last_seen)
    SELECT ids[u.relay], p_source, u.spelling, u.n, seen, seen
      FROM unnest(p_spelling_relays, p_spellings, p_spelling_counts) AS u (relay, spelling, n)
     WHERE (SELECT count(*) FROM (SELECT FROM relay_spellings o WHERE o.relay_id = ids[u.relay] LIMIT 1000) AS kept) < 1000
        OR (SELECT true FROM relay_spellings o
             WHERE o.relay_id = ids[u.relay] AND o.source = p_source AND o.spelling = u.spelling)
    ON CONFLICT (relay_id, source, spelling) DO UPDATE SET n = s.n + excluded.n, last_seen = excluded.last_seen;

    -- Beyond a thousand one more author says nothing.
    WITH added AS (
        INSERT INTO relay_candidate_authors (relay_id, slot, author)
        SELECT DISTINCT ids[u.relay], u.slot, u.author
          FROM unnest(p_author_relays, p_author_slots, p_authors) AS u (relay, slot, author)
         WHERE coalesce((SELECT c.authors FROM relay_candidates c
                          WHERE c.relay_id = ids[u.relay] AND c.source = p_source AND c.slot = u.slot), 0) < 1000
        ON CONFLICT (relay_id, slot, author) DO NOTHING RETURNING relay_id, slot, author),
    counted AS (
        INSERT INTO candidate_authors AS c (author, named) SELECT a.author, count(*)::int FROM added a GROUP BY 1 ORDER BY 1
        ON CONFLICT (author) DO UPDATE SET named = c.named + excluded.named),
    fresh AS MATERIALIZED (SELECT a.relay_id, a.slot, count(*)::int AS n FROM added a GROUP BY 1, 2)
    INSERT INTO relay_candidates AS c (relay_id, source, slot, mentions, authors, first_seen, last_seen, url_rule)
    SELECT ids[u.relay], p_source, u.slot, u.n, coalesce(f.n, 0), seen, seen, p_url_rule
      FROM unnest(p_slot_relays, p_slots, p_slot_counts) AS u (relay, slot, n)
      LEFT JOIN fresh f ON f.relay_id = ids[u.relay] AND f.slot = u.slot
    ON CONFLICT (relay_id, source, slot) DO UPDATE
       SET mentions = c.mentions + excluded.mentions, authors = c.authors + excluded.authors, last_seen = excluded.last_seen,
           url_rule = excluded.url_rule;

    -- What was ranked lately can wait: a popular relay is named in every batch.
    UPDATE relay_checks k SET ranked_at = NULL WHERE k.relay_id = ANY (ids) AND k.ranked_at < now() - interval '1 day';
    RETURN n_new;
END $$;
COMMENT ON FUNCTION public.commit_candidates IS 'Stores what a source of relays names, and how far a scan has come, in one transaction under the lease finder.';

-- unranked_relays: at most p_limit relays whose worth is to be worked out, with what speaks for each: a row for each source
-- and slot, one with source NULL where nothing does. votes counts authors, each divided by how often its names go beyond
-- p_quota. The oldest ranking is renewed when it is older than 30 days, because what nobody names any more loses worth.
CREATE OR REPLACE FUNCTION public.unranked_relays(p_limit int, p_quota int)
RETURNS TABLE (relay_id int, relay_url text, source text, slot text, votes double precision, last_seen bigint, today bigint)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    due CONSTANT int[] := ARRAY(
        SELECT z.relay_id FROM (SELECT k.relay_id, k.ranked_at FROM relay_checks k ORDER BY k.ranked_at NULLS FIRST LIMIT p_limit) AS z
         WHERE z.ranked_at IS NULL OR z.ranked_at < now() - interval '30 days');
BEGIN
    RETURN QUERY
        SELECT d.relay_id, (SELECT r.relay_url FROM relays r WHERE r.relay_id = d.relay_id), c.source, c.slot,
               coalesce((SELECT sum(least(1, p_quota::double precision
                                           / (SELECT n.named FROM candidate_authors n WHERE n.author = a.author)))
                           FROM relay_candidate_authors a
                          WHERE c.source = 'events' AND a.relay_id = d.relay_id AND a.slot = c.slot), 0),
               c.last_seen, extract(epoch FROM now())::bigint
          FROM unnest(due) AS d (relay_id) LEFT JOIN relay_candidates c ON c.relay_id = d.relay_id;
END $$;
COMMENT ON FUNCTION public.unranked_relays(int, int) IS 'Relays whose worth is to be worked out, and what speaks for each.';

-- commit_ranking: under the lease finder, the worth of relays and of what speaks for them; parts are numbered by their place
-- in p_relays, from 1. Where a relay is the n-th of its domain and n is beyond p_quota, its worth is multiplied by
-- p_quota / n. Answer: whether the lease was held.
CREATE OR REPLACE FUNCTION public.commit_ranking(
    p_owner uuid, p_fence bigint, p_quota int, p_relays int[], p_domains text[], p_worths double precision[],
    p_part_relays int[], p_part_sources text[], p_part_slots text[], p_part_worths double precision[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    item  record;
    place int;
BEGIN
    PERFORM FROM service_leases l WHERE l.name = 'finder' AND l.fence = p_fence AND l.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    FOR item IN
        SELECT u.relay, u.domain, u.worth, k.domain_n, k.domain IS NOT DISTINCT FROM u.domain AS is_placed
          FROM unnest(p_relays, p_domains, p_worths) AS u (relay, domain, worth)
          JOIN relay_checks k ON k.relay_id = u.relay ORDER BY u.relay
    LOOP
        place := item.domain_n;
        IF NOT item.is_placed THEN
            INSERT INTO relay_domains AS d (domain, relays) VALUES (item.domain, 1)
                ON CONFLICT (domain) DO UPDATE SET relays = d.relays + 1 RETURNING d.relays INTO place;
        END IF;
        UPDATE relay_checks k
           SET worth = item.worth * least(1, p_quota::double precision / place), ranked_at = now(), domain = item.domain, domain_n = place
         WHERE k.relay_id = item.relay;
    END LOOP;
    UPDATE relay_candidates c SET worth = u.worth
      FROM unnest(p_part_relays, p_part_sources, p_part_slots, p_part_worths) AS u (relay, source, slot, worth)
     WHERE c.relay_id = p_relays[u.relay] AND c.source = u.source AND c.slot = u.slot;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.commit_ranking IS 'Stores the worth of relays, by which the Monitor orders those it never checked.';

-- note_nip05: authors' names (NIP-05) as profiles give them, to be looked up at once where they are new. Of an author named
-- twice the last counts.
CREATE OR REPLACE FUNCTION public.note_nip05(p_authors bytea[], p_names text[], p_domains text[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO nip05_names AS n (author, name, domain, due_at)
    SELECT DISTINCT ON (u.author) u.author, u.name, u.domain, now()
      FROM unnest(p_authors, p_names, p_domains) WITH ORDINALITY AS u (author, name, domain, o) ORDER BY u.author, u.o DESC
    ON CONFLICT (author) DO UPDATE
       SET name = excluded.name, domain = excluded.domain, due_at = excluded.due_at, last_error = NULL
     WHERE (n.name, n.domain) IS DISTINCT FROM (excluded.name, excluded.domain)
$$;
COMMENT ON FUNCTION public.note_nip05(bytea[], text[], text[]) IS 'Remembers names of authors that are to be looked up.';

-- due_nip05: names whose time has come, at most p_limit and one a domain, in the order of domains from the one behind p_after
-- on and around. Two look-ups by key a domain, however many names it has.
CREATE OR REPLACE FUNCTION public.due_nip05(p_limit int, p_after text)
RETURNS TABLE (author bytea, name text, domain text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    here    text := p_after;
    wrapped boolean := false;
    next    text;
    found_n int := 0;
BEGIN
    -- A cycle looks at so many domains at most, however few of them have something due.
    FOR i IN 1 .. p_limit * 20 LOOP
        EXIT WHEN found_n >= p_limit;
        SELECT n.domain INTO next FROM nip05_names n WHERE n.domain > here ORDER BY n.domain LIMIT 1;
        IF NOT FOUND THEN
            EXIT WHEN wrapped;
            wrapped := true;
            here := '';
            CONTINUE;
        END IF;
        here := next;
        EXIT WHEN wrapped AND here > p_after;
        RETURN QUERY SELECT n.author, n.name, n.domain FROM nip05_names n
            WHERE n.domain = here AND n.due_at <= now() ORDER BY n.due_at LIMIT 1;
        IF FOUND THEN
            found_n := found_n + 1;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.due_nip05(int, text) IS 'Names that are to be looked up, one a domain.';

-- settle_nip05: when a name is asked again, and what went wrong.
CREATE OR REPLACE FUNCTION public.settle_nip05(p_author bytea, p_due_in double precision, p_error text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE nip05_names SET due_at = now() + make_interval(secs => p_due_in), asked_at = now(), last_error = p_error
     WHERE author = p_author
$$;
COMMENT ON FUNCTION public.settle_nip05(bytea, double precision, text) IS 'Notes what became of a look-up.';
