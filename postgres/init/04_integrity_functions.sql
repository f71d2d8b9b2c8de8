-- Clean-up and recomputation. The single transaction of the writer leaves no orphans behind; these functions serve what
-- operators delete by hand, and documents that no check refers to any more.
--
-- Each delete_orphan function looks at p_limit rows a call, from where the last call of anybody ended, and deletes the
-- orphans among them. Answer: how many it deleted, or -1 when the round is over (the next call begins a new one). The
-- client commits and calls again until -1.

-- delete_orphan_events: events that no relay is linked to. Their counters go down, their address falls back to the newest
-- version that is left. Deleting excludes those who link events, (16962, 1); looking does not.
CREATE OR REPLACE FUNCTION public.delete_orphan_events(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    start    bigint;
    last     bigint;
    suspects bigint[];
    number   bigint;
    gone     record;
    home     uuid;
    pubkeys  bytea[] := '{}';
    kinds    int[] := '{}';
BEGIN
    SELECT w.position_id INTO STRICT start FROM orphan_walks w WHERE w.name = 'events' FOR UPDATE;
    SELECT max(z.id), array_agg(z.id ORDER BY z.id) FILTER (WHERE z.is_orphan) INTO last, suspects
      FROM (SELECT e.id, (SELECT false FROM events_relays s WHERE s.event = e.id LIMIT 1) IS NULL AS is_orphan
              FROM (SELECT i.id FROM events i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS e OFFSET 0) AS z;
    IF last IS NULL THEN
        UPDATE orphan_walks w SET position_id = 0, rounds = w.rounds + 1 WHERE w.name = 'events';
        RETURN -1;
    END IF;
    UPDATE orphan_walks w SET position_id = last WHERE w.name = 'events';
    IF suspects IS NULL THEN
        RETURN 0;
    END IF;

    PERFORM pg_advisory_xact_lock(16962, 1);
    FOREACH number IN ARRAY suspects LOOP
        -- Linked while we waited for the lock?
        CONTINUE WHEN EXISTS (SELECT FROM events_relays s WHERE s.event = number);
        DELETE FROM events e WHERE e.id = number RETURNING e.pubkey, e.kind, e.tags INTO gone;
        CONTINUE WHEN NOT FOUND;
        pubkeys := pubkeys || gone.pubkey;
        kinds := kinds || gone.kind;
        home := event_address(gone.kind, gone.pubkey, gone.tags);
        DELETE FROM latest_versions l WHERE l.address = home AND l.event = number;
        IF FOUND THEN
            INSERT INTO latest_versions (address, created_at, event, event_id)
            SELECT home, e.created_at, e.id, e.event_id FROM events e
             WHERE e.pubkey = gone.pubkey AND e.kind = gone.kind AND event_address(e.kind, e.pubkey, e.tags) = home
             ORDER BY e.created_at DESC, e.event_id LIMIT 1;
        END IF;
    END LOOP;
    IF cardinality(kinds) > 0 THEN
        INSERT INTO stat_queue (gone_pubkeys, gone_kinds) VALUES (pubkeys, kinds);
        UPDATE orphan_walks w SET deleted = w.deleted + cardinality(kinds), deleted_at = clock_timestamp()
         WHERE w.name = 'events';
    END IF;
    RETURN cardinality(kinds);
END $$;
COMMENT ON FUNCTION public.delete_orphan_events(int) IS 'Deletes events that no relay is linked to, among the next p_limit events. Deleted rows, or -1 at the end of a round.';

-- erase_vanished: events of authors who asked to vanish (NIP-62), up to the time of the request, with their sightings and all
-- that was counted of them; the requests themselves stay. What came back or came late is met in the next round, and an
-- erased id is none that is lacking: known_events says so. At most p_limit events a call and 1,000 authors are looked at.
-- Deleting excludes those who link events, (16962, 1), so day sums have no other writer meanwhile. A holder of the relay's
-- lease who has read a day's sum before writes its own over this one: then that day is compared by its ids. Answer: events
-- erased, or -1 when the round is over.
CREATE OR REPLACE FUNCTION public.erase_vanished(p_limit int DEFAULT 200)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    start   bytea;
    is_over boolean := true;
    erased  int := 0;
    request record;
    numbers bigint[];
    ids     bytea[];
    kinds   int[];
    homes   uuid[];
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'vanished' FOR UPDATE;
    FOR request IN
        SELECT t.key AS author, t.up_to FROM tombstones t WHERE t.key = t.pubkey AND t.key > start ORDER BY t.key LIMIT 1000
    LOOP
        is_over := false;
        numbers := ARRAY(SELECT e.id FROM events e
                          WHERE e.pubkey = request.author AND e.created_at <= request.up_to AND e.kind <> 62
                          LIMIT p_limit - erased);
        IF cardinality(numbers) > 0 THEN
            PERFORM pg_advisory_xact_lock(16962, 1);
            WITH gone AS (
                DELETE FROM events e WHERE e.id = ANY (numbers)
                RETURNING e.id, e.event_id, e.kind, event_address(e.kind, e.pubkey, e.tags) AS home)
            SELECT array_agg(g.id), array_agg(g.event_id), array_agg(g.kind), array_agg(g.home)
              INTO numbers, ids, kinds, homes FROM gone g;
            CONTINUE WHEN numbers IS NULL;
            PERFORM forget_sightings(request.author, numbers, ids, kinds);
            DELETE FROM latest_versions l USING unnest(homes, numbers) AS h (home, number)
             WHERE l.address = h.home AND l.event = h.number;
            INSERT INTO stat_queue (gone_pubkeys, gone_kinds)
            VALUES (array_fill(request.author, ARRAY[cardinality(kinds)]), kinds);
            INSERT INTO erased_events (event_id) SELECT i FROM unnest(ids) AS i ORDER BY i ON CONFLICT DO NOTHING;
            erased := erased + cardinality(numbers);
        END IF;
        EXIT WHEN erased >= p_limit;
        start := request.author;
    END LOOP;
    IF is_over THEN
        UPDATE orphan_walks w SET position_key = '', rounds = w.rounds + 1 WHERE w.name = 'vanished';
        RETURN -1;
    END IF;
    UPDATE orphan_walks w SET position_key = start, deleted = w.deleted + erased WHERE w.name = 'vanished';
    IF erased > 0 THEN
        UPDATE orphan_walks w SET deleted_at = clock_timestamp() WHERE w.name IN ('events', 'vanished');
    END IF;
    RETURN erased;
END $$;
COMMENT ON FUNCTION public.erase_vanished(int) IS 'Erases events of authors who vanished (NIP-62). Erased events, or -1 at the end of a round.';

-- forget_sightings: deletes the sightings of one author's events, by number, and takes them out of counters and day sums.
CREATE OR REPLACE FUNCTION public.forget_sightings(p_author bytea, p_numbers bigint[], p_ids bytea[], p_kinds int[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    WITH unlinked AS (
        DELETE FROM events_relays s WHERE s.event = ANY (p_numbers)
        RETURNING s.relay_id, s.event, s.created_at, s.gone_at),
    lost AS MATERIALIZED (
        SELECT u.relay_id, u.created_at, u.gone_at, g.event_id, g.kind
          FROM unlinked u JOIN unnest(p_numbers, p_ids, p_kinds) AS g (number, event_id, kind) ON g.number = u.event),
    counted AS (
        INSERT INTO stat_queue (relay_id, gone_pubkeys, gone_kinds)
        SELECT l.relay_id, array_fill(p_author, ARRAY[count(*)::int]), array_agg(l.kind)
          FROM lost l GROUP BY l.relay_id ORDER BY l.relay_id)
    UPDATE relay_day d SET n = d.n - z.n, idsum = subtract_id(d.idsum, z.idsum)
      FROM (SELECT l.relay_id, least(l.created_at / 86400, 2147483647)::int AS day, count(*)::int AS n,
                   sum_ids(l.event_id) AS idsum
              FROM lost l WHERE l.gone_at IS NULL GROUP BY 1, 2) AS z
     WHERE d.relay_id = z.relay_id AND d.day = z.day;
END $$;
COMMENT ON FUNCTION public.forget_sightings(bytea, bigint[], bytea[], int[]) IS 'Part of erase_vanished: sightings, with what was counted of them.';

-- delete_orphan_nip11, delete_orphan_nip66: documents that no check refers to. A document locked by a check in progress
-- is left for the next round; the foreign keys guard the rest.
CREATE OR REPLACE FUNCTION public.delete_orphan_nip11(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    start bytea;
    last  bytea;
    item  record;
    count int := 0;
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'nip11' FOR UPDATE;
    FOR item IN
        SELECT d.id, (SELECT false FROM relay_metadata m WHERE m.nip11_id = d.id LIMIT 1) IS NULL AS is_orphan
          FROM (SELECT i.id FROM nip11 i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS d ORDER BY d.id
    LOOP
        last := item.id;
        CONTINUE WHEN NOT item.is_orphan;
        PERFORM FROM nip11 d WHERE d.id = item.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM relay_metadata m WHERE m.nip11_id = item.id);
        DELETE FROM nip11 d WHERE d.id = item.id;
        count := count + 1;
    END LOOP;
    UPDATE orphan_walks w
       SET position_key = coalesce(last, ''), rounds = w.rounds + (last IS NULL)::int, deleted = w.deleted + count,
           deleted_at = CASE WHEN count > 0 THEN clock_timestamp() ELSE w.deleted_at END
     WHERE w.name = 'nip11';
    RETURN CASE WHEN last IS NULL THEN -1 ELSE count END;
END $$;
COMMENT ON FUNCTION public.delete_orphan_nip11(int) IS 'Deletes NIP-11 documents that no check refers to, among the next p_limit. Deleted rows, or -1 at the end of a round.';

CREATE OR REPLACE FUNCTION public.delete_orphan_nip66(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    start bytea;
    last  bytea;
    item  record;
    count int := 0;
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'nip66' FOR UPDATE;
    FOR item IN
        SELECT d.id, (SELECT false FROM relay_metadata m WHERE m.nip66_id = d.id LIMIT 1) IS NULL AS is_orphan
          FROM (SELECT i.id FROM nip66 i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS d ORDER BY d.id
    LOOP
        last := item.id;
        CONTINUE WHEN NOT item.is_orphan;
        PERFORM FROM nip66 d WHERE d.id = item.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM relay_metadata m WHERE m.nip66_id = item.id);
        DELETE FROM nip66 d WHERE d.id = item.id;
        count := count + 1;
    END LOOP;
    UPDATE orphan_walks w
       SET position_key = coalesce(last, ''), rounds = w.rounds + (last IS NULL)::int, deleted = w.deleted + count,
           deleted_at = CASE WHEN count > 0 THEN clock_timestamp() ELSE w.deleted_at END
     WHERE w.name = 'nip66';
    RETURN CASE WHEN last IS NULL THEN -1 ELSE count END;
END $$;
COMMENT ON FUNCTION public.delete_orphan_nip66(int) IS 'Deletes NIP-66 documents that no check refers to, among the next p_limit. Deleted rows, or -1 at the end of a round.';

-- schema_inventory: what this database has, one line an object: extensions, group roles, tables, views, types, their columns with type
-- and nullability, valid indexes and constraints, policies, triggers, functions with result. Storage parameters are left out: they may
-- be tuned.
CREATE OR REPLACE FUNCTION public.schema_inventory()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH relations AS (
        SELECT c.oid, c.relname::text AS name, c.relkind, c.relrowsecurity FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
    SELECT 'extension ' || e.extname FROM pg_extension e
    UNION ALL
    SELECT 'role ' || r.rolname FROM pg_roles r
     WHERE r.rolname LIKE 'bigbrotr\_%' AND (NOT r.rolcanlogin OR r.rolname = 'bigbrotr_pgbouncer')
    UNION ALL
    SELECT CASE r.relkind WHEN 'v' THEN 'view ' WHEN 'c' THEN 'type ' ELSE 'table ' END || r.name FROM relations r
    UNION ALL
    SELECT format('%scolumn %s.%s %s%s', CASE r.relkind WHEN 'v' THEN 'view ' END, r.name, a.attname,
               format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '!' END)
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('index %s on %s %s', i.indexrelid::regclass, r.name,
               regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING (.*?)( WITH \(.*?\))?( WHERE .*)?$', '\1\3'))
      FROM relations r JOIN pg_index i ON i.indrelid = r.oid WHERE i.indisvalid
    UNION ALL
    SELECT format('constraint %s on %s', k.conname, r.name)
      FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid WHERE k.contype <> 'n' AND k.convalidated
    UNION ALL
    SELECT format('policy %s on %s', p.polname, r.name)
      FROM relations r JOIN pg_policy p ON p.polrelid = r.oid WHERE r.relrowsecurity
    UNION ALL
    SELECT format('trigger %s on %s', t.tgname, r.name)
      FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL
    SELECT format('function %s(%s) %s', p.proname, oidvectortypes(p.proargtypes), pg_get_function_result(p.oid))
      FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
$$;
COMMENT ON FUNCTION public.schema_inventory() IS 'What this database has, one line an object.';

-- schema_expected: what must be there, in the words of schema_inventory. pgbouncer_get_auth is missing on purpose: only an
-- administrator can make it.
CREATE OR REPLACE FUNCTION public.schema_expected()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT unnest(ARRAY[r.kind || ' ' || r.name] || array(
               SELECT format('%scolumn %s.%s', CASE r.kind WHEN 'view' THEN 'view ' END, r.name, c)
                 FROM string_to_table(r.columns, ', ') AS c))
      FROM (VALUES
        ('table', 'candidate_authors',
            'author bigint!, named integer!'),
        ('table', 'erased_events',
            'event_id bytea!'),
        ('table', 'event_batches',
            'batch_id bigint!, xid xid8!, committed_at timestamp with time zone!, events bigint[]!'),
        ('table', 'events',
            'id bigint!, created_at bigint!, expires_at bigint, kind integer!, id_dialect smallint!, event_id bytea!, '
            'pubkey bytea!, sig bytea!, tag_keys bigint[], tags jsonb!, content text!, raw bytea'),
        ('table', 'events_relays',
            'event bigint!, created_at bigint!, relay_id integer!, seen_at integer!, gone_at integer'),
        ('table', 'latest_versions',
            'address uuid!, created_at bigint!, event bigint!, event_id bytea!'),
        ('table', 'nip05_names',
            'due_at timestamp with time zone!, asked_at timestamp with time zone, author bytea!, name text!, domain text!, '
            'last_error text'),
        ('table', 'nip11',
            'id bytea!, raw bytea!, supported_nips integer[], name text, description text, banner text, icon text, pubkey text, '
            'self text, contact text, software text, version text, privacy_policy text, terms_of_service text, '
            'posting_policy text, payments_url text, relay_countries text[], language_tags text[], tags text[], '
            'limitation jsonb, fees jsonb, retention jsonb, extra_fields jsonb, defects text[]!'),
        ('table', 'nip66',
            'id bytea!, openable boolean, readable boolean, writable boolean, rtt_open integer, rtt_read integer, '
            'rtt_write integer, document jsonb!'),
        ('table', 'orphan_walks',
            'name text!, position_id bigint!, position_key bytea!, rounds bigint!, deleted bigint!, '
            'deleted_at timestamp with time zone'),
        ('table', 'publish_queue',
            'id bigint!, created_at bigint!, queued_at timestamp with time zone!, relay_id integer, kind integer!, pow smallint!, '
            'digest bytea!, identifier text!, tags jsonb!, content text!'),
        ('table', 'publish_targets',
            'due_at timestamp with time zone!, fence bigint!, accepted bigint!, refused bigint!, accepted_at bigint, owner uuid, '
            'fails integer!, pow smallint!, url text!, last_error text, last_message text'),
        ('table', 'publish_waiting',
            'id bigint!, skipped integer!, tries smallint!, target text!'),
        ('table', 'quarantine',
            'id bigint!, n bigint!, first_seen bigint!, last_seen bigint!, relay_id integer, digest bytea!, reason text!, '
            'raw bytea'),
        ('table', 'relay_aliases',
            'found_at bigint!, relay_id integer!, alias_of integer!, evidence jsonb!'),
        ('table', 'relay_candidate_authors',
            'author bigint!, relay_id integer!, slot text!'),
        ('table', 'relay_candidates',
            'mentions bigint!, first_seen bigint!, last_seen bigint!, relay_id integer!, authors integer!, worth real!, '
            'url_rule smallint!, source text!, slot text!'),
        ('table', 'relay_check_days',
            'relay_id integer!, day integer!, checks integer!, answered integer!'),
        ('table', 'relay_checks',
            'relay_id integer!, fails integer!, due_at timestamp with time zone!, fence bigint!, checked_at bigint, '
            'failing_since bigint, planned_at bigint, full_at bigint, ranked_at timestamp with time zone, '
            'compared_at timestamp with time zone, worth real!, domain_n integer, '
            'owner uuid, queue smallint!, network text!, last_error text, domain text'),
        ('table', 'relay_coverage',
            'relay_id integer!, lo bigint!, hi bigint!, state smallint!, proof smallint, reason smallint, rescan_step smallint, '
            'pages integer, cap integer, items bigint, rescan_at timestamp with time zone, proved_at timestamp with time zone'),
        ('table', 'relay_day',
            'relay_id integer!, day integer!, n integer!, idsum bytea!'),
        ('table', 'relay_domains',
            'relays integer!, domain text!'),
        ('table', 'relay_metadata',
            'relay_url text!, generated_at bigint!, planned_at bigint, unwatched_at bigint, nip11_id bytea, nip66_id bytea, '
            'nip11_error text, nip66_error text'),
        ('table', 'relay_opinions',
            'asked_at bigint!, agreed bigint!, disagreed bigint!, relay_id integer!, monitors integer!, monitors_down integer!, '
            'rtt_open integer, is_up boolean!'),
        ('table', 'relay_phantoms',
            'relay_id integer!, n integer!, first_seen timestamp with time zone!, last_seen timestamp with time zone!, '
            'event_id bytea!'),
        ('table', 'relay_spellings',
            'n bigint!, first_seen bigint!, last_seen bigint!, relay_id integer!, source text!, spelling text!'),
        ('table', 'relay_sync',
            'relay_id integer!, lane smallint!, lane_next smallint, class smallint!, fails integer!, due_at timestamp with time zone!, '
            'fence bigint!, tail_seen bigint, sealed_hi bigint, walk_lo bigint, walk_hi bigint, frontier bigint, '
            'deficit_bytes bigint!, events_new bigint!, sightings bigint!, cap_seen integer, page_size integer, rate real, '
            'owner uuid, network text!, last_error text, behaviour jsonb!'),
        ('table', 'relay_transitions',
            'at bigint!, recorded_at bigint!, relay_id integer!, status text!, was text!, reason text'),
        ('table', 'relay_voices',
            'at bigint!, relay_id integer!, is_up boolean!, pubkey bytea!'),
        ('table', 'relays',
            'relay_url text!, network text!, first_seen bigint!, last_seen bigint!, status text!, relay_id integer!'),
        ('table', 'scan_watermarks',
            'xid xid8!, batch_id bigint!, committed_at timestamp with time zone, place integer!, name text!'),
        ('table', 'schema_migrations',
            'version integer!, name text!, checksum bytea!, applied_at timestamp with time zone!'),
        ('table', 'service_leases',
            'name text!, fence bigint!, due_at timestamp with time zone!, owner uuid'),
        ('table', 'service_replicas',
            'replica_id uuid!, service text!, lane smallint, steal_wanted boolean!, slots integer!, '
            'started_at timestamp with time zone!, heartbeat_at timestamp with time zone!, build text'),
        ('table', 'service_state',
            'service_name text!, state jsonb!, updated_at bigint!'),
        ('table', 'stat_authors',
            'author_id bigint!, n bigint!, pubkey bytea!'),
        ('table', 'stat_kinds',
            'n bigint!, kind integer!'),
        ('table', 'stat_queue',
            'id bigint!, relay_id integer, new_pubkeys bytea[], new_kinds integer[], old_pubkeys bytea[], old_kinds integer[], '
            'gone_pubkeys bytea[], gone_kinds integer[]'),
        ('table', 'stat_relay_authors',
            'author_id bigint!, relay_id integer!, n integer!'),
        ('table', 'stat_relay_kinds',
            'n bigint!, relay_id integer!, kind integer!'),
        ('table', 'stat_relays',
            'n bigint!, authors bigint!, relay_id integer!'),
        ('table', 'stat_totals',
            'one boolean!, events bigint!, authors bigint!'),
        ('table', 'tombstones',
            'key bytea!, pubkey bytea!, up_to bigint!, event bigint!'),
        ('view', 'coverage_by_relay',
            'relay_url text, network text, intervals bigint, gaps bigint, covered_from bigint, covered_to bigint, '
            'open_seconds numeric, walking_seconds numeric, provisional_seconds numeric, sealed_seconds numeric, '
            'settled_seconds numeric, gap_seconds numeric, open_days numeric, walking_days numeric, '
            'provisional_days numeric, sealed_days numeric, settled_days numeric, gap_days numeric, '
            'gap_unanswered_seconds numeric, gap_saturated_second_seconds numeric, gap_until_ignored_seconds numeric, '
            'gap_unordered_seconds numeric, gap_auth_seconds numeric, gap_payment_seconds numeric, '
            'gap_restricted_seconds numeric, gap_oversize_seconds numeric, gap_poison_seconds numeric'),
        ('view', 'coverage_total',
            'relays bigint, intervals bigint, gaps bigint, relays_with_gaps bigint, covered_from bigint, '
            'covered_to bigint, open_seconds numeric, walking_seconds numeric, provisional_seconds numeric, '
            'sealed_seconds numeric, settled_seconds numeric, gap_seconds numeric, open_days numeric, '
            'walking_days numeric, provisional_days numeric, sealed_days numeric, settled_days numeric, gap_days numeric, '
            'gap_unanswered_seconds numeric, gap_saturated_second_seconds numeric, gap_until_ignored_seconds numeric, '
            'gap_unordered_seconds numeric, gap_auth_seconds numeric, gap_payment_seconds numeric, '
            'gap_restricted_seconds numeric, gap_oversize_seconds numeric, gap_poison_seconds numeric'),
        ('view', 'events_statistics',
            'total_events bigint, total_sightings bigint, unique_pubkeys bigint, unique_kinds bigint, regular_events bigint, '
            'replaceable_events bigint, ephemeral_events bigint, addressable_events bigint, earliest_event_timestamp bigint, '
            'latest_event_timestamp bigint'),
        ('view', 'kind_counts_by_relay',
            'relay_url text, kind integer, total_events bigint'),
        ('view', 'kind_counts_total',
            'kind integer, total_events bigint'),
        ('view', 'pubkey_counts_by_relay',
            'pubkey bytea, relay_url text, total_events bigint'),
        ('view', 'pubkey_counts_total',
            'pubkey bytea, total_events bigint'),
        ('view', 'relay_coverage_summary',
            'relay_url text, network text, class smallint, sealed_hi bigint, frontier bigint, tail_seen bigint, '
            'intervals bigint, covered_from bigint, covered_to bigint, open_seconds numeric, provisional_seconds numeric, '
            'sealed_seconds numeric, settled_seconds numeric, gap_seconds numeric, gap_reasons smallint[], '
            'last_proved_at timestamp with time zone'),
        ('view', 'relay_metadata_latest',
            'relay_url text, network text, status text, generated_at bigint, nip11_id bytea, nip66_id bytea, nip11_error text, '
            'nip66_error text, name text, description text, pubkey text, contact text, software text, version text, '
            'supported_nips integer[], limitation jsonb, defects text[], openable boolean, readable boolean, writable boolean, '
            'rtt_open integer, rtt_read integer, rtt_write integer'),
        ('view', 'relay_outages',
            'relay_url text, network text, started_at bigint, ended_at bigint, has_recovered boolean, seconds bigint, cause text, '
            'was text, relay_id integer'),
        ('view', 'relay_uptime',
            'relay_url text, network text, status text, days integer, checks bigint, answered bigint, by_checks numeric, '
            'known_seconds numeric, up_seconds numeric, by_time numeric, relay_id integer'),
        ('view', 'relays_statistics',
            'relay_url text, network text, status text, first_seen bigint, last_seen bigint, total_events bigint, '
            'unique_pubkeys bigint, events_first_seen_here bigint, first_event_timestamp bigint, last_event_timestamp bigint, '
            'avg_rtt_open numeric, avg_rtt_read numeric, avg_rtt_write numeric'),
        ('view', 'sightings',
            'event_id bytea, relay_url text, seen_at bigint, gone_at bigint, created_at bigint'),
        ('view', 'stat_pending',
            'relay_id integer, pubkey bytea, kind integer, events integer, sightings integer'),
        ('type', 'tagset',
            'k bigint[]')
        ) AS r (kind, name, columns)
    UNION ALL
    SELECT format('index %s on %s %s', i.name, i.relation, i.definition)
      FROM (VALUES
        ('candidate_authors_pkey', 'candidate_authors', 'btree (author)'),
        ('erased_events_pkey', 'erased_events', 'btree (event_id)'),
        ('event_batches_pkey', 'event_batches', 'btree (batch_id)'),
        ('event_batches_xid', 'event_batches', 'btree (xid, batch_id)'),
        ('events_author', 'events', 'btree (pubkey, created_at)'),
        ('events_event_id_key', 'events', 'btree (event_id)'),
        ('events_expiry', 'events', 'btree (expires_at) WHERE (expires_at IS NOT NULL)'),
        ('events_kind', 'events', 'btree (kind, created_at)'),
        ('events_pkey', 'events', 'btree (id)'),
        ('events_tags', 'events', 'gin (tag_keys)'),
        ('events_time', 'events', 'btree (created_at)'),
        ('events_relays_event', 'events_relays', 'btree (event, relay_id)'),
        ('events_relays_time', 'events_relays', 'btree (relay_id, created_at, event)'),
        ('latest_versions_pkey', 'latest_versions', 'btree (address)'),
        ('nip05_names_due', 'nip05_names', 'btree (domain, due_at)'),
        ('nip05_names_pkey', 'nip05_names', 'btree (author)'),
        ('nip11_pkey', 'nip11', 'btree (id)'),
        ('nip66_pkey', 'nip66', 'btree (id)'),
        ('orphan_walks_pkey', 'orphan_walks', 'btree (name)'),
        ('publish_queue_address', 'publish_queue', 'btree (kind, identifier)'),
        ('publish_queue_pkey', 'publish_queue', 'btree (id)'),
        ('publish_targets_pkey', 'publish_targets', 'btree (url)'),
        ('publish_waiting_order', 'publish_waiting', 'btree (target, tries, id)'),
        ('publish_waiting_pkey', 'publish_waiting', 'btree (id, target)'),
        ('quarantine_digest_key', 'quarantine', 'btree (digest)'),
        ('quarantine_pkey', 'quarantine', 'btree (id)'),
        ('relay_aliases_pkey', 'relay_aliases', 'btree (relay_id)'),
        ('relay_candidate_authors_pkey', 'relay_candidate_authors', 'btree (relay_id, slot, author)'),
        ('relay_candidates_pkey', 'relay_candidates', 'btree (relay_id, source, slot)'),
        ('relay_check_days_pkey', 'relay_check_days', 'btree (relay_id, day)'),
        ('relay_checks_compared', 'relay_checks',
            'btree (COALESCE(compared_at, ''-infinity''::timestamp with time zone)) WHERE (queue = 0)'),
        ('relay_checks_due', 'relay_checks', 'btree (network, queue, due_at) WHERE (queue <> 1)'),
        ('relay_checks_new', 'relay_checks', 'btree (network, worth DESC, due_at) WHERE (queue = 1)'),
        ('relay_checks_pkey', 'relay_checks', 'btree (relay_id)'),
        ('relay_checks_ranked', 'relay_checks', 'btree (ranked_at NULLS FIRST)'),
        ('relay_coverage_disjoint', 'relay_coverage', 'gist (relay_id, int8range(lo, hi, ''[]''::text))'),
        ('relay_coverage_pkey', 'relay_coverage', 'btree (relay_id, lo)'),
        ('relay_day_pkey', 'relay_day', 'btree (relay_id, day)'),
        ('relay_metadata_nip11', 'relay_metadata', 'btree (nip11_id, relay_url) WHERE (nip11_id IS NOT NULL)'),
        ('relay_metadata_nip66', 'relay_metadata', 'btree (nip66_id) WHERE (nip66_id IS NOT NULL)'),
        ('relay_domains_pkey', 'relay_domains', 'btree (domain)'),
        ('relay_metadata_pkey', 'relay_metadata', 'btree (relay_url, generated_at)'),
        ('relay_opinions_pkey', 'relay_opinions', 'btree (relay_id)'),
        ('relay_phantoms_pkey', 'relay_phantoms', 'btree (relay_id, event_id)'),
        ('relay_spellings_pkey', 'relay_spellings', 'btree (relay_id, source, spelling)'),
        ('relay_sync_due', 'relay_sync', 'btree (lane, network, due_at)'),
        ('relay_sync_pkey', 'relay_sync', 'btree (relay_id)'),
        ('relay_transitions_pkey', 'relay_transitions', 'btree (relay_id, at)'),
        ('relay_voices_pkey', 'relay_voices', 'btree (relay_id, pubkey)'),
        ('relays_host', 'relays', 'btree ("substring"(relay_url, ''^wss?://(\[[^]]*\]|[^/:?]*)''::text))'),
        ('relays_pkey', 'relays', 'btree (relay_url)'),
        ('relays_relay_id_key', 'relays', 'btree (relay_id)'),
        ('scan_watermarks_pkey', 'scan_watermarks', 'btree (name)'),
        ('schema_migrations_pkey', 'schema_migrations', 'btree (version)'),
        ('service_leases_pkey', 'service_leases', 'btree (name)'),
        ('service_replicas_pkey', 'service_replicas', 'btree (replica_id)'),
        ('service_state_pkey', 'service_state', 'btree (service_name)'),
        ('stat_authors_pkey', 'stat_authors', 'btree (author_id)'),
        ('stat_authors_pubkey_key', 'stat_authors', 'btree (pubkey)'),
        ('stat_kinds_pkey', 'stat_kinds', 'btree (kind)'),
        ('stat_queue_pkey', 'stat_queue', 'btree (id)'),
        ('stat_relay_authors_author', 'stat_relay_authors', 'btree (author_id)'),
        ('stat_relay_authors_pkey', 'stat_relay_authors', 'btree (relay_id, author_id)'),
        ('stat_relay_kinds_pkey', 'stat_relay_kinds', 'btree (relay_id, kind)'),
        ('stat_relays_pkey', 'stat_relays', 'btree (relay_id)'),
        ('stat_totals_pkey', 'stat_totals', 'btree (one)'),
        ('tombstones_pkey', 'tombstones', 'btree (key, pubkey)'),
        ('tombstones_vanished', 'tombstones', 'btree (key) WHERE (key = pubkey)')
        ) AS i (name, relation, definition)
    UNION ALL
    SELECT format('constraint %s on %s', c, k.relation)
      FROM (VALUES
        ('candidate_authors', 'candidate_authors_pkey'),
        ('erased_events', 'erased_events_event_id_check erased_events_pkey'),
        ('event_batches', 'event_batches_pkey'),
        ('events', 'events_created_at_check events_event_id_check events_event_id_key events_id_dialect_check '
            'events_kind_check events_pkey events_pubkey_check events_sig_check'),
        ('latest_versions', 'latest_versions_pkey'),
        ('nip05_names', 'nip05_names_author_check nip05_names_domain_check nip05_names_name_check nip05_names_pkey'),
        ('nip11', 'nip11_id_check nip11_pkey nip11_raw_check'),
        ('nip66', 'nip66_id_check nip66_pkey'),
        ('orphan_walks', 'orphan_walks_name_check orphan_walks_pkey'),
        ('publish_queue', 'publish_queue_address publish_queue_digest_check publish_queue_pkey publish_queue_pow_check '
            'publish_queue_relay_id_fkey'),
        ('publish_targets', 'publish_targets_pkey publish_targets_pow_check'),
        ('publish_waiting', 'publish_waiting_id_fkey publish_waiting_pkey'),
        ('quarantine', 'quarantine_digest_check quarantine_digest_key quarantine_pkey quarantine_raw_check '
            'quarantine_reason_check'),
        ('relay_aliases', 'relay_aliases_alias_of_fkey relay_aliases_older relay_aliases_pkey relay_aliases_relay_id_fkey'),
        ('relay_candidate_authors', 'relay_candidate_authors_pkey relay_candidate_authors_relay_id_fkey'),
        ('relay_candidates', 'relay_candidates_pkey relay_candidates_relay_id_fkey relay_candidates_slot_check '
            'relay_candidates_source_check'),
        ('relay_check_days', 'relay_check_days_checks_check relay_check_days_parts relay_check_days_pkey '
            'relay_check_days_relay_id_fkey'),
        ('relay_checks', 'relay_checks_pkey relay_checks_queue_check relay_checks_relay_id_fkey'),
        ('relay_coverage', 'relay_coverage_bounds relay_coverage_disjoint relay_coverage_gap_has_reason '
            'relay_coverage_pkey relay_coverage_proof_check relay_coverage_reason_check relay_coverage_relay_id_fkey '
            'relay_coverage_sealed_has_proof relay_coverage_state_check'),
        ('relay_day', 'relay_day_idsum_check relay_day_n_check relay_day_pkey relay_day_relay_id_fkey'),
        ('relay_domains', 'relay_domains_pkey'),
        ('relay_metadata', 'relay_metadata_nip11_id_fkey relay_metadata_nip66_id_fkey relay_metadata_pkey '
            'relay_metadata_relay_url_fkey'),
        ('relay_opinions', 'relay_opinions_pkey relay_opinions_relay_id_fkey'),
        ('relay_phantoms', 'relay_phantoms_event_id_check relay_phantoms_pkey relay_phantoms_relay_id_fkey'),
        ('relay_spellings', 'relay_spellings_pkey relay_spellings_relay_id_fkey relay_spellings_source_check '
            'relay_spellings_spelling_check'),
        ('relay_sync', 'relay_sync_class_check relay_sync_lane_check relay_sync_lane_next_check relay_sync_pkey relay_sync_relay_id_fkey'),
        ('relay_transitions', 'relay_transitions_changes relay_transitions_pkey relay_transitions_relay_id_fkey '
            'relay_transitions_status_check relay_transitions_was_check'),
        ('relay_voices', 'relay_voices_pkey relay_voices_pubkey_check relay_voices_relay_id_fkey'),
        ('relays', 'relays_network_check relays_pkey relays_relay_id_key relays_relay_url_check relays_status_check'),
        ('scan_watermarks', 'scan_watermarks_pkey'),
        ('schema_migrations', 'schema_migrations_checksum_check schema_migrations_pkey '
            'schema_migrations_version_check'),
        ('service_leases', 'service_leases_pkey'),
        ('service_replicas', 'service_replicas_pkey'),
        ('service_state', 'service_state_pkey'),
        ('stat_authors', 'stat_authors_pkey stat_authors_pubkey_key'),
        ('stat_kinds', 'stat_kinds_pkey'),
        ('stat_queue', 'stat_queue_pkey'),
        ('stat_relay_authors', 'stat_relay_authors_pkey'),
        ('stat_relay_kinds', 'stat_relay_kinds_pkey'),
        ('stat_relays', 'stat_relays_pkey'),
        ('stat_totals', 'stat_totals_one_check stat_totals_pkey'),
        ('tombstones', 'tombstones_key_check tombstones_pkey')
        ) AS k (relation, names), string_to_table(k.names, ' ') AS c
    UNION ALL
    SELECT 'function ' || f
      FROM unnest(ARRAY[
        'add_id(bytea, bytea) bytea',
        'advertised_limit(text) integer',
        'apply_rights() void',
        'claim_checks(text, smallint, bigint, uuid, double precision) TABLE(relay_id integer, relay_url text, fence bigint, status text, '
        'fails integer, was_up boolean, failing_since bigint, checked_at bigint, planned_at bigint, full_at bigint, database_now bigint)',
        'claim_relays(smallint, text, bigint, uuid, double precision, double precision) TABLE(relay_id integer, relay_url text, '
        'is_ignored boolean, fence bigint, class smallint, tail_seen bigint, sealed_hi bigint, walk_lo bigint, walk_hi bigint, '
        'frontier bigint, cap_seen integer, page_size integer, fails integer, deficit_bytes bigint, database_now bigint, '
        'rate double precision)',
        'commit_pages(uuid, integer[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], boolean[], integer[], '
        'integer[], jsonb[], bytea[], bytea[], bigint[], integer[], jsonb[], text[], bytea[], tagset[], bigint[], bytea[], '
        'smallint[], uuid[], integer[], integer[], integer[], bigint[], bigint[], integer[], bytea[], integer[], bigint[], '
        'integer[], integer[], integer[], bytea[], integer[], bytea[], bigint[], integer[], bigint[], integer[], bigint[], '
        'bigint[], smallint[], smallint[], integer[], bigint[], integer[], smallint[], bigint[], smallint[], integer[], text[], '
        'bytea[], bytea[]) TABLE(relay_id integer, accepted '
        'boolean, events_new integer, events_known integer, sightings_new integer)',
        'commit_check(uuid, integer, bigint, double precision, double precision, boolean, text, integer, bigint, text, jsonb, '
        'bytea, jsonb, text, jsonb, double precision) boolean',
        'queue_event(jsonb, integer, bigint) boolean',
        'claim_publishing(text[], integer, uuid, double precision, smallint) TABLE(url text, fence bigint, fails integer, '
        'database_now bigint)',
        'settle_publishing(uuid, text, bigint, bigint[], bigint[], integer, integer, smallint, integer, text, text, '
        'double precision, boolean) boolean',
        'trim_publishing(double precision, integer, bigint) TABLE(expired bigint, unanswered bigint, overflow bigint)',
        'hear_deltas(bytea, integer, integer, integer, integer) integer',
        'note_opinions(integer, boolean, bigint[], text[], bytea, integer) integer',
        'commit_candidates(uuid, bigint, text, smallint, bigint[], bigint[], text[], text[], integer[], text[], integer[], '
        'integer[], text[], integer[], integer[], text[], bigint[]) integer',
        'commit_ranking(uuid, bigint, integer, integer[], text[], double precision[], integer[], text[], '
        'text[], double precision[]) boolean',
        'create_service_login(text, text) text',
        'delete_orphan_events(integer) integer',
        'delete_orphan_nip11(integer) integer',
        'delete_orphan_nip66(integer) integer',
        'due_nip05(integer, text) TABLE(author bytea, name text, domain text)',
        'event_address(integer, bytea, jsonb) uuid',
        'erase_vanished(integer) integer',
        'find_aliases(bigint, bigint) record',
        'fold_statistics(integer) integer',
        'follow_lane() trigger',
        'forget_sightings(bytea, bigint[], bytea[], integer[]) void',
        'insert_event(bytea, bytea, bigint, integer, jsonb, text, bytea, text, text, bigint, bigint, bigint[], bigint, bytea, '
        'smallint, uuid, bytea[], bigint[]) record',
        'insert_relay(text, text, bigint) integer',
        'insert_relay_metadata(text, text, bigint, bigint, bytea, jsonb, jsonb, text, text, bigint, bigint) boolean',
        'insert_relays(text[], text[], bigint[]) TABLE(ord integer, relay_id integer, is_new boolean)',
        'known_events(bytea[], integer, bytea[]) TABLE(ord integer, event bigint, linked boolean, other_sig boolean)',
        'new_events(bigint, bigint, integer, integer, bigint) TABLE(xid bigint, batch_id bigint, place integer, '
        'committed_at timestamp with time zone, kind integer, pubkey bytea, tags jsonb, content text)',
        'newest_document(text) bytea',
        'note_nip05(bytea[], text[], text[]) void',
        'note_phantoms(integer, bigint, uuid, bytea[]) boolean',
        'note_transition(integer, bigint, text, text) boolean',
        'same_service(integer, integer) jsonb',
        'schema_expected() SETOF text',
        'schema_inventory() SETOF text',
        'schema_missing() SETOF text',
        'scram_verifier(text) text',
        'settle_nip05(bytea, double precision, text) void',
        'similar_relays(integer) integer[]',
        'store_coverage(integer[], boolean[], integer[], bigint[], integer[], bigint[], bigint[], smallint[], smallint[], '
        'integer[], bigint[], integer[], smallint[], bigint[], smallint[]) void',
        'store_derived(bytea[], bytea[], bigint[], uuid[], bigint[], boolean[], integer[], bytea[], bigint[]) void',
        'store_quarantine(integer[], boolean[], integer[], text[], bytea[], bytea[]) void',
        'subtract_id(bytea, bytea) bytea',
        'sum_ids(bytea) bytea',
        'tags_to_tagvalues(jsonb) text[]',
        'unranked_relays(integer, integer) TABLE(relay_id integer, relay_url text, source text, slot text, '
        'votes double precision, last_seen bigint, today bigint)'
        ]) AS f
    UNION ALL
    SELECT unnest(ARRAY[
        'extension btree_gin',
        'extension btree_gist',
        'extension pgcrypto',
        'policy everybody_reads on service_leases',
        'policy everybody_reads on service_replicas',
        'policy everybody_reads on service_state',
        'policy service_writes on service_leases',
        'policy service_writes on service_replicas',
        'policy service_writes on service_state',
        'role bigbrotr_owner',
        'role bigbrotr_pgbouncer',
        'role bigbrotr_reader',
        'role bigbrotr_writer_dvm',
        'role bigbrotr_writer_finder',
        'role bigbrotr_writer_monitor',
        'role bigbrotr_writer_priority_synchronizer',
        'role bigbrotr_writer_synchronizer',
        'trigger relay_sync_release on relay_sync']);
$$;
COMMENT ON FUNCTION public.schema_expected() IS 'What this release needs, in the words of schema_inventory.';

-- schema_missing: what is expected and not there, sorted; a column of another type counts as missing.
CREATE OR REPLACE FUNCTION public.schema_missing()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    (SELECT public.schema_expected() EXCEPT SELECT public.schema_inventory()) ORDER BY 1;
$$;
COMMENT ON FUNCTION public.schema_missing() IS 'What this release needs and this database lacks.';
