-- The path of an event never scans a table that grows, whatever the statistics say. Runs as one string in one transaction.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

CREATE FUNCTION pg_temp.expect_error(p_what text, p_state text, p_statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE p_statement;
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE <> p_state THEN
            RAISE EXCEPTION '%: SQLSTATE % (%), expected %', p_what, SQLSTATE, SQLERRM, p_state;
        END IF;
        RETURN;
    END;
    RAISE EXCEPTION '%: no error, expected %', p_what, p_state;
END $$;

-- The id of event n and of author n.
CREATE FUNCTION pg_temp.id(p_n int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(int4send(p_n)) $$;

-- A page of new events p_from to p_to on a relay: every tenth is replaceable, every 500th a deletion.
CREATE FUNCTION pg_temp.store(p_relay int, p_from int, p_to int) RETURNS int LANGUAGE sql AS $$
    WITH e AS MATERIALIZED (
        SELECT n, row_number() OVER (ORDER BY pg_temp.id(n))::int AS o FROM generate_series(p_from, p_to) AS n)
    SELECT sightings_new FROM commit_pages('00000000-0000-0000-0000-00000000000a', ARRAY[p_relay], '{1}', '{NULL}', '{NULL}', '{NULL}',
        '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
        array(SELECT pg_temp.id(n) FROM e ORDER BY o), array(SELECT pg_temp.id(-1 - n % 97) FROM e ORDER BY o),
        array(SELECT n::bigint * 1000 FROM e ORDER BY o), array(SELECT CASE WHEN n % 500 = 0 THEN 5 WHEN n % 10 = 0 THEN 0 ELSE 1 END
            FROM e ORDER BY o),
        array(SELECT '[]'::jsonb FROM e), array(SELECT '' FROM e), array(SELECT pg_temp.id(n) || pg_temp.id(n) FROM e ORDER BY o),
        array(SELECT ROW(ARRAY[n % 50, n]::bigint[])::tagset FROM e ORDER BY o), array(SELECT NULL::bigint FROM e),
        array(SELECT NULL::bytea FROM e), array(SELECT 0::smallint FROM e),
        array(SELECT CASE WHEN n % 10 = 0 THEN encode(substr(pg_temp.id(n % 300), 1, 16), 'hex')::uuid END FROM e ORDER BY o),
        array(SELECT 1 FROM e), array(SELECT o FROM e ORDER BY o), '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        array(SELECT 1 FROM e WHERE n % 100 = 0), array(SELECT n FROM e WHERE n % 100 = 0), array(SELECT 1 FROM e WHERE n % 100 = 0),
        array(SELECT pg_temp.id(n) FROM e WHERE n % 100 = 0),
        array(SELECT o FROM e WHERE n % 500 = 0 ORDER BY o), array(SELECT pg_temp.id(n + 1) FROM e WHERE n % 500 = 0 ORDER BY o),
        array(SELECT 1::bigint FROM e WHERE n % 500 = 0),
        ARRAY[1], ARRAY[p_from::bigint], ARRAY[1], ARRAY[p_from::bigint], ARRAY[p_to::bigint], '{0}', '{NULL}', '{NULL}', '{NULL}',
            '{NULL}',
        '{NULL}', '{NULL}', '{NULL}', ARRAY[1], '{bad_hex}', ARRAY[pg_temp.id(p_from)], ARRAY['\x00'::bytea])
$$;

-- Look-up and sightings of events that are stored already, on another relay.
CREATE FUNCTION pg_temp.link(p_relay int, p_from int, p_to int) RETURNS int LANGUAGE sql AS $$
    WITH k AS MATERIALIZED (
        SELECT k.event, p_from + k.ord - 1 AS n
          FROM known_events(array(SELECT pg_temp.id(n) FROM generate_series(p_from, p_to) AS n ORDER BY n),
              p_relay) AS k WHERE NOT k.linked)
    SELECT sightings_new FROM commit_pages('00000000-0000-0000-0000-00000000000a', ARRAY[p_relay], '{1}', '{NULL}', '{NULL}', '{NULL}',
        '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            '{}', '{}', '{}',
        array(SELECT 1 FROM k), array(SELECT event FROM k ORDER BY event), array(SELECT n::bigint * 1000 FROM k ORDER BY event),
        array(SELECT 1 FROM k), array(SELECT pg_temp.id(-1 - n % 97) FROM k ORDER BY event),
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            '{}', '{}', '{}', '{}', '{}')
$$;

CREATE FUNCTION pg_temp.scans() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s', relname, seq_scan), ', ' ORDER BY relname) FROM pg_stat_xact_user_tables
     WHERE schemaname = 'public' AND relname NOT IN ('orphan_walks', 'stat_totals', 'service_leases', 'schema_migrations')
$$;

-- The whole path with 300 new events from p_from, some of them stored already, compared before and after.
CREATE FUNCTION pg_temp.walk(p_when text, p_from int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.scans();
    a      int := (SELECT relay_id FROM relays WHERE relay_url = 'wss://a.example');
    b      int := (SELECT relay_id FROM relays WHERE relay_url = 'wss://b.example');
BEGIN
    before := pg_temp.scans();
    PERFORM pg_temp.expect(p_when || ': stored', pg_temp.store(a, p_from, p_from + 299), 300);
    PERFORM pg_temp.expect(p_when || ': raced', pg_temp.store(b, p_from + 250, p_from + 349), 100);
    PERFORM pg_temp.expect(p_when || ': known', pg_temp.link(b, p_from, p_from + 249), 250);
    PERFORM pg_temp.expect(p_when || ': linked', pg_temp.link(b, p_from, p_from + 249), 0);
    UPDATE orphan_walks SET deleted_at = now() WHERE name = 'events';
    PERFORM pg_temp.expect(p_when || ': known, after deletions', pg_temp.link(a, p_from + 300, p_from + 349), 50);
    UPDATE orphan_walks SET deleted_at = NULL WHERE name = 'events';
    PERFORM insert_relay('wss://c.example', 'clearnet', 1);
    PERFORM insert_event(pg_temp.id(p_from), pg_temp.id(1), p_from::bigint * 1000, 1, '[]', '', pg_temp.id(1) || pg_temp.id(1),
        'wss://c.example', 'clearnet', 1, 1);
    PERFORM fold_statistics(1000);
    PERFORM delete_orphan_events(500);
    PERFORM pg_temp.expect(p_when || ': sequential scans', pg_temp.scans(), before);
END $$;

SELECT insert_relay('wss://' || n || '.example', 'clearnet', 1) FROM unnest(ARRAY['a', 'b']) AS n;
UPDATE relay_sync SET owner = '00000000-0000-0000-0000-00000000000a', fence = 1;

-- Statistics of tables that are empty and have never been looked at.
SELECT pg_temp.walk('new', 1000);
SELECT pg_temp.walk('new, once more', 2000);

-- Statistics taken while the tables were tiny, then growth: plans of that time are kept.
ANALYZE;
SELECT pg_temp.walk('tiny', 3000);
SELECT sum(pg_temp.store((SELECT relay_id FROM relays WHERE relay_url = 'wss://a.example'), n, n + 999))
  FROM generate_series(10000, 39000, 1000) AS n;
SELECT pg_temp.walk('grown', 4000);

-- Statistics that are true, and statistics that lie in both directions.
ANALYZE;
SELECT pg_temp.walk('true', 5000);
UPDATE pg_class SET reltuples = 1, relpages = 1 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i');
SELECT pg_temp.walk('lying: tiny', 6000);
UPDATE pg_class SET reltuples = 1e9, relpages = 1e7 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i');
SELECT pg_temp.walk('lying: huge', 7000);

-- The newest of one kind are read by the index of kinds and no further than asked for, whatever else is as new.
CREATE FUNCTION pg_temp.expect_few_reads(p_when text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fetched CONSTANT text := 'SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = ''events''';
    before  text := pg_temp.scans();
    reads   bigint;
    since   bigint;
BEGIN
    before := pg_temp.scans();
    EXECUTE fetched INTO since;
    PERFORM hear_deltas(NULL, 21600, 50);
    EXECUTE fetched INTO reads;
    PERFORM pg_temp.expect(p_when || ': sequential scans of a hearing', pg_temp.scans(), before);
    PERFORM pg_temp.expect(p_when || ': events read', reads - since, 50::bigint);
END $$;
SELECT insert_event(pg_temp.id(200000 + n), pg_temp.id(n % 3), extract(epoch FROM now())::bigint - n, 1066 + (n % 5), '[["O"]]', '',
    pg_temp.id(1) || pg_temp.id(1), 'wss://a.example', 'clearnet', 1, 1) FROM generate_series(1, 2000) AS n;
SELECT pg_temp.expect_few_reads('lying: huge');
UPDATE pg_class SET reltuples = 1, relpages = 1 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i');
SELECT pg_temp.expect_few_reads('lying: tiny');
ANALYZE;
SELECT pg_temp.expect_few_reads('true');

-- A look-up costs the same whichever index the planner takes, and whether signatures are given or not. For a relay it has no
-- statistics of both indexes look equally good. Inlined, the function is nowhere in the plan.
CREATE FUNCTION pg_temp.expect_few_blocks(p_relay int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ids   CONSTANT bytea[] := array(SELECT pg_temp.id(n) FROM generate_series(20001, 20100) AS n);
    call  text;
    plan  json;
    reads bigint;
BEGIN
    FOREACH call IN ARRAY ARRAY['known_events($1, $2)', 'known_events($1, $2, $3)'] LOOP
        EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT ord, event, linked, other_sig FROM ' || call INTO plan
          USING ids, p_relay, ids;
        reads := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
        IF reads > 100 * 16 OR plan::text ~ '"Function Name": "known_events"' THEN
            RAISE EXCEPTION 'relay %: % blocks for 100 ids in %: %', p_relay, reads, call, plan;
        END IF;
    END LOOP;
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT unnest(ARRAY['events_relays_event', 'events_relays_time', 'no_index']) LOOP
        BEGIN
            EXECUTE 'DROP INDEX IF EXISTS ' || name;
            PERFORM pg_temp.expect_few_blocks(relay_id) FROM relays;
            RAISE EXCEPTION USING ERRCODE = 'BB000';
        EXCEPTION WHEN SQLSTATE 'BB000' THEN NULL;
        END;
    END LOOP;
END $$;

-- Reads of the archive at this size: the plan of each, without a sequential scan of a table that grows.
CREATE FUNCTION pg_temp.expect_index(p_statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || p_statement LOOP
        IF line ~ 'Seq Scan on (events|events_relays|latest_versions|tombstones|relay_day|stat_authors|stat_relay_authors)( |$)' THEN
            RAISE EXCEPTION '%: %', p_statement, line;
        END IF;
    END LOOP;
END $$;
ANALYZE;
SELECT pg_temp.expect_index(s) FROM unnest(ARRAY[
    'SELECT ord, event, linked FROM known_events(array(SELECT pg_temp.id(n) FROM generate_series(1, 1000) AS n), 1)',
    'SELECT relay_url, seen_at FROM sightings WHERE event_id = ''\x00''',
    'SELECT total_events FROM pubkey_counts_total WHERE pubkey = ''\x00''',
    'SELECT relay_url, total_events FROM pubkey_counts_by_relay WHERE pubkey = ''\x00''',
    'SELECT relay_id FROM relay_sync WHERE lane = 0 AND network = ''clearnet'' AND due_at <= now()
        ORDER BY due_at LIMIT 4 FOR NO KEY UPDATE
        SKIP LOCKED',
    'SELECT day, n, idsum FROM relay_day WHERE relay_id = 1 AND day = ANY (''{1,2,3}'')',
    'SELECT event FROM events_relays WHERE relay_id = 1 AND created_at BETWEEN 5 AND 10 ORDER BY created_at',
    'SELECT id FROM events WHERE kind = 1 ORDER BY created_at DESC LIMIT 100',
    'SELECT id FROM events WHERE pubkey = ''\x00'' ORDER BY created_at DESC LIMIT 100',
    'WITH c AS MATERIALIZED (SELECT id,
        created_at FROM events WHERE tag_keys && ''{77}'') SELECT id FROM c ORDER BY created_at DESC LIMIT 100'
    ]) AS s;
