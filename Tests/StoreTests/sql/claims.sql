-- claim_relays: who is due, in which order, and at which cost, on tables of any size. Runs as one string in one transaction.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- Relays that were claimed, ascending.
CREATE FUNCTION pg_temp.claim(p_lane int, p_network text, p_limit int, p_overdue float8 DEFAULT 0) RETURNS int[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(c.relay_id ORDER BY c.relay_id), '{}')
      FROM claim_relays(p_lane::smallint, p_network, p_limit, '00000000-0000-0000-0000-00000000000a', 60, p_overdue) AS c
$$;

-- Rows of relay_sync found by an index, and whole readings of it, in this transaction.
CREATE FUNCTION pg_temp.reads() RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[idx_tup_fetch, seq_scan] FROM pg_stat_xact_user_tables WHERE relid = 'relay_sync'::regclass
$$;

-- Claims of 3 relays at a time, of all there are: each those due longest, whichever size the planner takes the table for.
CREATE FUNCTION pg_temp.claim_all(p_when text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n_relays CONSTANT int := (SELECT count(*) FROM relay_sync);
    before   bigint[];
    cost     bigint;
    got      int[];
BEGIN
    UPDATE relay_sync SET owner = NULL, due_at = now() - relay_id * interval '1 s';
    before := pg_temp.reads();
    FOR high IN REVERSE n_relays .. greatest(n_relays - 9, 3) BY 3 LOOP
        got := pg_temp.claim(0, 'clearnet', 3);
        PERFORM pg_temp.expect(p_when || ': due longest', got, ARRAY[high - 2, high - 1, high]);
    END LOOP;
    cost := (pg_temp.reads())[1] - before[1];
    -- What was claimed before is passed over in the index, since this transaction has not ended.
    IF cost > 4 * 60 THEN
        RAISE EXCEPTION '%: % rows read of %', p_when, cost, n_relays;
    END IF;
    PERFORM pg_temp.expect(p_when || ': readings of the whole table', (pg_temp.reads())[2], before[2]);
END $$;

-- A table that is empty and has never been looked at, then one that has grown while the plan was kept.
SELECT pg_temp.expect('nothing is there', pg_temp.claim(0, 'clearnet', 3), '{}');
SELECT insert_relay('wss://r' || n || '.example', 'clearnet', 1) FROM generate_series(1, 6) AS n;
SELECT pg_temp.expect('numbers', (SELECT array_agg(relay_id ORDER BY relay_id) FROM relays), ARRAY[1, 2, 3, 4, 5, 6]);
SELECT pg_temp.claim_all('young');
SELECT insert_relay('wss://r' || n || '.example', 'clearnet', 1) FROM generate_series(7, 2000) AS n;
SELECT pg_temp.claim_all('grown');
ANALYZE relay_sync;
SELECT pg_temp.claim_all('true statistics');
UPDATE pg_class SET reltuples = 1, relpages = 1
 WHERE oid IN ('relay_sync'::regclass, 'relay_sync_due'::regclass, 'relay_sync_pkey'::regclass);
SELECT pg_temp.claim_all('lying: tiny');
UPDATE pg_class SET reltuples = 1e9, relpages = 1e7
 WHERE oid IN ('relay_sync'::regclass, 'relay_sync_due'::regclass, 'relay_sync_pkey'::regclass);
SELECT pg_temp.claim_all('lying: huge');

DO $$
DECLARE
    lease record;
BEGIN
    UPDATE relay_sync SET owner = NULL, fence = 5, due_at = now() + interval '1 h', last_error = NULL;
    PERFORM pg_temp.expect('nothing is due', pg_temp.claim(0, 'clearnet', 3), '{}');
    UPDATE relay_sync SET due_at = now() - relay_id * interval '1 min', network = CASE relay_id WHEN 3 THEN 'tor' ELSE network END,
           lane = CASE relay_id WHEN 4 THEN 1 ELSE 0 END WHERE relay_id <= 6;
    UPDATE relay_sync SET tail_seen = 1, sealed_hi = 2, walk_lo = 3, walk_hi = 4, frontier = 5, cap_seen = 6, page_size = 7, fails = 8,
           deficit_bytes = 9, rate = 0.5, class = 2 WHERE relay_id = 6;
    UPDATE relays SET status = 'ignored' WHERE relay_id = 6;
    PERFORM pg_temp.expect('none', pg_temp.claim(0, 'clearnet', 0), '{}');
    PERFORM pg_temp.expect('another network', pg_temp.claim(0, 'tor', 9), ARRAY[3]);
    PERFORM pg_temp.expect('another lane', pg_temp.claim(1, 'clearnet', 9), ARRAY[4]);
    PERFORM pg_temp.expect('overdue by five and a half minutes', pg_temp.claim(0, 'clearnet', 9, 330), ARRAY[6]);
    SELECT (s.owner, s.fence, s.due_at - now())::text AS text INTO lease FROM relay_sync s WHERE s.relay_id = 6;
    PERFORM pg_temp.expect('the lease', lease.text, '(00000000-0000-0000-0000-00000000000a,6,00:01:00)');
    UPDATE relay_sync SET due_at = now() WHERE relay_id = 6;
    PERFORM pg_temp.expect('the others', pg_temp.claim(0, 'clearnet', 2), ARRAY[2, 5]);
    -- A lease that has ended is claimed again, and its former holder is fenced off.
    SELECT c::text AS text INTO lease FROM claim_relays(0::smallint, 'clearnet', 9, '00000000-0000-0000-0000-00000000000b', 60, 0) AS c
     WHERE c.relay_id = 6;
    PERFORM pg_temp.expect('the whole answer', lease.text, format(
        '(6,wss://r6.example,t,7,2,1,2,3,4,5,6,7,8,9,%s,0.5)', extract(epoch FROM now())::bigint));
    PERFORM pg_temp.expect('nothing is left', pg_temp.claim(0, 'clearnet', 9), '{}');
END $$;

-- A relay that was never visited begins with the page size that its document allows.
DO $$
DECLARE
    item record;
BEGIN
    UPDATE relay_sync SET owner = NULL, due_at = now() + interval '1 day';
    FOR item IN SELECT * FROM (VALUES
        ('{"max_limit": 200}', NULL, 200), ('{"max_limit": 3}', NULL, 50), ('{"max_limit": 1e400}', NULL, 5000),
        ('{"max_limit": -1}', NULL, 50), ('{"max_limit": "many"}', NULL, NULL), ('{}', NULL, NULL), (NULL, NULL, NULL),
        ('{"max_limit": 200}', 700, 700)) AS v (limitation, page_size, expected)
    LOOP
        PERFORM insert_relay_metadata('wss://r1.example', 'clearnet', now_seconds, now_seconds, int8send(now_seconds),
                    jsonb_build_object('limitation', item.limitation::jsonb), NULL, NULL, NULL)
           FROM (SELECT extract(epoch FROM now())::bigint + coalesce((SELECT count(*) FROM relay_metadata), 0)) AS t (now_seconds);
        UPDATE relay_sync SET owner = NULL, due_at = now() - interval '1 s', page_size = item.page_size WHERE relay_id = 1;
        PERFORM pg_temp.expect(coalesce(item.limitation, 'no limits'),
            (SELECT c.page_size FROM claim_relays(0::smallint, 'clearnet', 1, gen_random_uuid(), 60, 0) AS c), item.expected);
    END LOOP;
END $$;
