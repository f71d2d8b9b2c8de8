-- claim_checks and commit_check: who is due, in which order, what one check stores, and what becomes of it in relay_outages and
-- relay_uptime. Runs as one string in one transaction, so now() stands still and checks say how long ago they began.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

CREATE FUNCTION pg_temp.now_seconds() RETURNS bigint LANGUAGE sql AS $$ SELECT extract(epoch FROM now())::bigint $$;

-- Relays that were claimed, in that order.
CREATE FUNCTION pg_temp.claim(p_network text, p_limit int, p_queue int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(c.relay_id::text, ' '), '')
      FROM claim_checks(p_network, p_queue::smallint, p_limit, '00000000-0000-0000-0000-00000000000a', 60) AS c
$$;

-- A check that began p_ago seconds ago, under a lease taken for it.
CREATE FUNCTION pg_temp.store(
    p_relay int, p_ago float8, p_up boolean, p_status text, p_fails int, p_unwatched bigint DEFAULT NULL, p_fence bigint DEFAULT 7)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relay_checks SET owner = '00000000-0000-0000-0000-00000000000a', fence = 7 WHERE relay_id = p_relay;
    RETURN commit_check('00000000-0000-0000-0000-00000000000a', p_relay, p_fence, p_ago, 0, p_up, p_status, p_fails, p_unwatched,
        CASE WHEN NOT p_up THEN 'timeout' END, jsonb_build_object('openable', p_up), NULL, NULL, NULL);
END $$;

CREATE FUNCTION pg_temp.transitions(p_relay int) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(
               format('%s>%s@-%s%s', t.was, t.status, pg_temp.now_seconds() - t.at, '/' || t.reason), ' ' ORDER BY t.at), '')
      FROM relay_transitions t WHERE t.relay_id = p_relay
$$;

SELECT insert_relay('wss://r' || n || '.example', CASE WHEN n = 9 THEN 'tor' ELSE 'clearnet' END, 1) FROM generate_series(1, 9) AS n;
SELECT pg_temp.expect('numbers', (SELECT array_agg(relay_id ORDER BY relay_id) FROM relays), ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9]);

DO $$
DECLARE
    item record;
    raw  CONSTANT bytea := convert_to('{"name":"x"}', 'UTF8');
BEGIN
    -- Of relays never checked those of greatest worth come first, then those due longest.
    UPDATE relay_checks SET due_at = now() - relay_id * interval '1 min';
    UPDATE relay_checks SET due_at = now() + interval '1 s' WHERE relay_id = 8;
    UPDATE relay_checks SET worth = 9 WHERE relay_id = 3;
    UPDATE relays SET status = 'ignored' WHERE relay_id = 6;
    PERFORM pg_temp.expect('nothing wanted', pg_temp.claim('clearnet', 0), '');
    PERFORM pg_temp.expect('another network', pg_temp.claim('tor', 9), '9');
    PERFORM pg_temp.expect('of greatest worth, then longest due', pg_temp.claim('clearnet', 2), '3 7');
    PERFORM pg_temp.expect('put off', (SELECT (c.owner IS NULL, c.fence, c.due_at - now())::text FROM relay_checks c WHERE c.relay_id = 6),
        '(t,0,-00:06:00)');
    PERFORM pg_temp.expect('the rest, nothing that is ignored or not due', pg_temp.claim('clearnet', 9), '5 4 2 1');
    PERFORM pg_temp.expect('put off', (SELECT (c.owner IS NULL, c.fence, c.due_at - now())::text FROM relay_checks c WHERE c.relay_id = 6),
        '(t,1,01:00:00)');
    PERFORM pg_temp.expect('the lease', (SELECT (c.owner, c.fence, c.due_at - now())::text FROM relay_checks c WHERE c.relay_id = 3),
        '(00000000-0000-0000-0000-00000000000a,1,00:01:00)');
    PERFORM pg_temp.expect('nothing is left', pg_temp.claim('clearnet', 9), '');

    -- A stale fence, or another owner, stores nothing.
    PERFORM pg_temp.expect('stale fence', pg_temp.store(1, 10, true, 'online', 0, NULL, 6), false);
    PERFORM pg_temp.expect('no such relay', commit_check('00000000-0000-0000-0000-00000000000a', 99, 7, 1, 60, true, 'online', 0, NULL,
        NULL, '{}', NULL, NULL, NULL), false);
    PERFORM pg_temp.expect('nothing stored', (SELECT count(*) FROM relay_metadata) + (SELECT count(*) FROM relay_transitions)
        + (SELECT count(*) FROM relay_check_days) + (SELECT count(*) FROM nip66), 0::bigint);

    -- One check, with documents.
    UPDATE relay_checks SET owner = '00000000-0000-0000-0000-00000000000b', fence = 9, fails = 3, failing_since = 5 WHERE relay_id = 1;
    PERFORM pg_temp.expect('stored', commit_check('00000000-0000-0000-0000-00000000000b', 1, 9, 20, 600, true, 'online', 0, NULL, NULL,
        '{"openable": true, "readable": true, "rtt_open": 12, "more": 1}', raw, '{"name": "x", "defects": ["a:b"]}', NULL), true);
    PERFORM pg_temp.expect('sent again', commit_check('00000000-0000-0000-0000-00000000000b', 1, 9, 20, 600, true, 'online', 0, NULL, NULL,
        '{}', NULL, NULL, NULL), false);
    SELECT m.status, pg_temp.now_seconds() - m.generated_at AS ago, m.name, m.defects, m.openable, m.readable, m.rtt_open, m.nip66_error
      INTO item FROM relay_metadata_latest m WHERE m.relay_url = 'wss://r1.example';
    PERFORM pg_temp.expect('row', item::text, '(online,20,x,{a:b},t,t,12,)');
    PERFORM pg_temp.expect('rest', (SELECT (c.owner IS NULL, c.due_at - now(), c.fails, pg_temp.now_seconds() - c.checked_at,
        c.failing_since IS NULL, c.last_error IS NULL)::text FROM relay_checks c WHERE c.relay_id = 1), '(t,00:10:00,0,20,t,t)');
    PERFORM pg_temp.expect('seen', (SELECT pg_temp.now_seconds() - r.last_seen FROM relays r WHERE r.relay_id = 1), 20::bigint);
    PERFORM pg_temp.expect('claimed as up', (SELECT count(*) FROM relay_transitions t WHERE t.relay_id = 1), 1::bigint);

    -- Up, one failure and up again: no outage. Then down: the outage begins with its first failure.
    PERFORM pg_temp.store(2, 9000, true, 'online', 0);
    PERFORM pg_temp.store(2, 8000, false, 'online', 1);
    PERFORM pg_temp.store(2, 7000, true, 'online', 0);
    PERFORM pg_temp.store(2, 6000, false, 'online', 1);
    PERFORM pg_temp.store(2, 5900, false, 'offline', 2);
    PERFORM pg_temp.expect('offline', (SELECT r.status || (pg_temp.now_seconds() - r.last_seen) FROM relays r WHERE r.relay_id = 2),
        'offline7000');
    PERFORM pg_temp.store(2, 5000, false, 'dead', 3);
    PERFORM pg_temp.store(2, 4000, true, 'online', 0);
    PERFORM pg_temp.expect('transitions', pg_temp.transitions(2),
        'unknown>online@-9000 online>offline@-6000/timeout offline>dead@-5000/timeout dead>online@-4000');
    SELECT pg_temp.now_seconds() - o.started_at AS began, pg_temp.now_seconds() - o.ended_at AS ended, o.has_recovered, o.seconds, o.cause
      INTO item FROM relay_outages o WHERE o.relay_id = 2;
    PERFORM pg_temp.expect('outage', item::text, '(6000,4000,t,2000,timeout)');
    SELECT u.checks, u.answered, u.known_seconds, u.up_seconds, u.by_checks, u.by_time INTO item
      FROM relay_uptime u WHERE u.relay_id = 2 AND u.days = 1;
    PERFORM pg_temp.expect('uptime', item::text, '(7,3,9000,7000,0.428571,0.777778)');

    -- Nobody looked for a while: what was known ends there.
    PERFORM pg_temp.store(2, 1000, false, 'unknown', 1, pg_temp.now_seconds() - 3500);
    PERFORM pg_temp.store(2, 900, false, 'offline', 2);
    PERFORM pg_temp.expect('not watched', pg_temp.transitions(2),
        'unknown>online@-9000 online>offline@-6000/timeout offline>dead@-5000/timeout dead>online@-4000 '
        'online>unknown@-3500/not_watched unknown>offline@-1000/timeout');
    SELECT u.known_seconds, u.up_seconds INTO item FROM relay_uptime u WHERE u.relay_id = 2 AND u.days = 7;
    PERFORM pg_temp.expect('uptime without that', item::text, '(6500,3500)');
    PERFORM pg_temp.expect('still down', (SELECT (o.ended_at IS NULL, o.seconds)::text FROM relay_outages o
        WHERE o.relay_id = 2 AND o.ended_at IS NULL), '(t,1000)');

    -- The operator's word stands; an ignored relay is not watched.
    UPDATE relays SET status = 'ignored' WHERE relay_id = 2;
    PERFORM pg_temp.expect('stored all the same', pg_temp.store(2, 100, true, 'online', 0), true);
    PERFORM pg_temp.expect('ignored', (SELECT r.status FROM relays r WHERE r.relay_id = 2), 'ignored');
    UPDATE relay_checks SET due_at = now() WHERE relay_id = 2;
    PERFORM pg_temp.expect('not claimed', pg_temp.claim('clearnet', 9, 0), '');
    PERFORM pg_temp.expect('not watched', (SELECT t.status || '/' || t.reason FROM relay_transitions t WHERE t.relay_id = 2
        ORDER BY t.at DESC LIMIT 1), 'unknown/ignored');

    -- What is held for online is claimed apart from the rest.
    PERFORM pg_temp.store(5, 60, true, 'online', 0);
    UPDATE relay_checks SET due_at = now() WHERE relay_id IN (5, 7);
    PERFORM pg_temp.expect('online', pg_temp.claim('clearnet', 9, 0), '5');
    PERFORM pg_temp.expect('never checked', pg_temp.claim('clearnet', 9, 1), '7');
    PERFORM pg_temp.store(7, 40, false, 'unknown', 1);
    PERFORM pg_temp.store(8, 30, false, 'unknown', 1);
    UPDATE relay_checks SET due_at = now() - relay_id * interval '1 s' WHERE relay_id IN (7, 8);
    PERFORM pg_temp.expect('not online any more', pg_temp.claim('clearnet', 9, 0), '');
    PERFORM pg_temp.expect('the others', pg_temp.claim('clearnet', 1, 2), '8');
    PERFORM pg_temp.expect('the others', pg_temp.claim('clearnet', 9, 2), '7');

    -- Checks of one second stand in two.
    PERFORM pg_temp.store(4, 50, true, 'online', 0);
    PERFORM pg_temp.store(4, 50, false, 'online', 1);
    PERFORM pg_temp.expect('two rows', (SELECT count(*) FROM relay_metadata m WHERE m.relay_url = 'wss://r4.example'), 2::bigint);
END $$;

-- Histories of 100 days by chance, and the same figures computed from the single checks.
CREATE TEMPORARY TABLE made (relay_id int, at bigint, is_up boolean, unwatched bigint);
CREATE TEMPORARY TABLE parts (relay_id int, lo bigint, hi bigint, status text);

DO $$
DECLARE
    now_s  CONSTANT bigint := pg_temp.now_seconds();
    relay  int;
    at     bigint;
    due    bigint;
    up     boolean;
    chance float8;
    status text;
    fails  int;
BEGIN
    PERFORM setseed(0.4711);
    FOR n IN 1 .. 12 LOOP
        relay := insert_relay('wss://h' || n || '.example', 'clearnet', 1);
        at := now_s - 8640000 + n * 1000;
        chance := (n % 5) * 0.24 + 0.02;
        status := 'unknown';
        fails := 0;
        due := NULL;
        up := false;
        WHILE at < now_s LOOP
            -- States last, as those of relays do.
            IF random() < 0.4 THEN up := random() < chance; END IF;
            IF at - due < 7200 THEN due := NULL; END IF;
            IF due IS NOT NULL AND status = 'online' THEN
                status := 'unknown';
                fails := 0;
            END IF;
            fails := CASE WHEN up THEN 0 ELSE fails + 1 END;
            status := CASE WHEN up THEN 'online' WHEN fails < 2 THEN status WHEN fails > 9 THEN 'dead' ELSE 'offline' END;
            PERFORM pg_temp.store(relay, now_s - at, up, status, fails, due);
            INSERT INTO made VALUES (relay, at, up, due);
            due := at + 600 + floor(random() * 40000);
            at := due + CASE WHEN random() < 0.05 THEN floor(random() * 400000) ELSE floor(random() * 100) END;
        END LOOP;
    END LOOP;
END $$;

DO $$
DECLARE
    now_s  CONSTANT bigint := pg_temp.now_seconds();
    item   record;
    relay  int := 0;
    start  bigint;
    state  text;
    began  bigint;
    run    bigint[];
BEGIN
    FOR item IN SELECT m.relay_id, m.at, m.is_up, m.unwatched FROM made m ORDER BY 1, 2 LOOP
        IF item.relay_id <> relay THEN
            IF relay > 0 THEN INSERT INTO parts VALUES (relay, start, now_s, state); END IF;
            relay := item.relay_id;
            state := 'unknown';
            start := 0;
            run := '{}';
        END IF;
        IF item.unwatched IS NOT NULL THEN
            INSERT INTO parts VALUES (relay, start, item.unwatched, state);
            -- Two failures of which nobody knows what was between them are two in a row only for a relay that was down.
            IF state = 'up' THEN run := '{}'; END IF;
            start := item.unwatched;
            state := 'unknown';
        END IF;
        IF item.is_up THEN
            INSERT INTO parts VALUES (relay, start, item.at, state);
            start := item.at;
            state := 'up';
            run := '{}';
        ELSE
            run := run || item.at;
            IF cardinality(run) > 1 AND state <> 'down' THEN
                -- Behind a time without checks only what was seen since counts.
                began := CASE WHEN item.unwatched IS NULL AND run[1] > start THEN run[1] ELSE item.at END;
                INSERT INTO parts VALUES (relay, start, began, state);
                start := began;
                state := 'down';
            END IF;
        END IF;
    END LOOP;
    INSERT INTO parts VALUES (relay, start, now_s, state);

    PERFORM pg_temp.expect('as made', (SELECT count(*) FROM (
        SELECT r.relay_url, m.at, m.is_up FROM made m JOIN relays r USING (relay_id)
        EXCEPT SELECT m.relay_url, m.generated_at, m.nip66_error IS NULL FROM relay_metadata m) AS z), 0::bigint);
    PERFORM pg_temp.expect('long enough', (SELECT count(*) > 2000 FROM made), true);
    PERFORM pg_temp.expect('of every sort', (SELECT count(DISTINCT t.status) FROM relay_transitions t), 4::bigint);
    FOR item IN
        SELECT u.relay_url, u.days, u.checks, u.answered, u.known_seconds, u.up_seconds,
               (SELECT count(*) FROM made m WHERE m.relay_id = u.relay_id AND m.at >= now_s - u.days * 86400) AS want_checks,
               (SELECT count(*) FROM made m WHERE m.relay_id = u.relay_id AND m.at >= now_s - u.days * 86400 AND m.is_up) AS want_answered,
               (SELECT coalesce(sum(greatest(p.hi - greatest(p.lo, now_s - u.days * 86400), 0)), 0) FROM parts p
                 WHERE p.relay_id = u.relay_id AND p.status <> 'unknown') AS want_known,
               (SELECT coalesce(sum(greatest(p.hi - greatest(p.lo, now_s - u.days * 86400), 0)), 0) FROM parts p
                 WHERE p.relay_id = u.relay_id AND p.status = 'up') AS want_up
          FROM relay_uptime u WHERE u.relay_url LIKE 'wss://h%'
    LOOP
        PERFORM pg_temp.expect(format('%s over %s days', item.relay_url, item.days),
            format('%s %s %s %s', item.checks, item.answered, item.known_seconds, item.up_seconds),
            format('%s %s %s %s', item.want_checks, item.want_answered, item.want_known, item.want_up));
    END LOOP;
    -- An outage begins and ends with checks that say so.
    PERFORM pg_temp.expect('outages', (SELECT count(*) FROM relay_outages o
        WHERE o.relay_url LIKE 'wss://h%' AND NOT EXISTS (SELECT FROM made m WHERE m.relay_id = o.relay_id AND m.at = o.started_at
            AND NOT m.is_up)), 0::bigint);
    PERFORM pg_temp.expect('recoveries', (SELECT count(*) FROM relay_outages o
        WHERE o.relay_url LIKE 'wss://h%' AND o.has_recovered AND NOT EXISTS (
            SELECT FROM made m WHERE m.relay_id = o.relay_id AND m.at = o.ended_at AND m.is_up)), 0::bigint);
END $$;

-- The cost of a claim and of a check does not grow with the tables, whichever size the planner takes them for.
SELECT insert_relay('wss://many' || n || '.example', 'clearnet', 1) FROM generate_series(1, 3000) AS n;

CREATE FUNCTION pg_temp.check_cost(p_when text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item   record;
    before bigint[];
    cost   bigint[];
BEGIN
    FOR which IN 0 .. 2 LOOP
        UPDATE relay_checks c
           SET due_at = now() - c.relay_id * interval '1 s', owner = NULL, queue = which, worth = (c.relay_id % 100) / 10.0;
        SELECT ARRAY[sum(idx_tup_fetch), sum(seq_scan)] INTO before FROM pg_stat_xact_user_tables;
        FOR item IN SELECT c.relay_id, c.fence
                      FROM claim_checks('clearnet', which::smallint, 10, '00000000-0000-0000-0000-00000000000a', 60) AS c LOOP
            PERFORM commit_check('00000000-0000-0000-0000-00000000000a', item.relay_id, item.fence, 1, 60, true, 'online', 0, NULL,
                NULL, '{}', NULL, NULL, NULL);
        END LOOP;
        SELECT ARRAY[sum(idx_tup_fetch), sum(seq_scan)] INTO cost FROM pg_stat_xact_user_tables;
        IF cost[1] - before[1] > 1000 THEN
            RAISE EXCEPTION '%: % rows read for 10 checks of queue %', p_when, cost[1] - before[1], which;
        END IF;
        PERFORM pg_temp.expect(p_when || ': readings of whole tables', cost[2], before[2]);
    END LOOP;
END $$;
SELECT pg_temp.check_cost('young');
ANALYZE relay_checks;
SELECT pg_temp.check_cost('true statistics');
UPDATE pg_class SET reltuples = 1, relpages = 1
 WHERE oid IN ('relay_checks'::regclass, 'relay_checks_due'::regclass, 'relay_checks_new'::regclass, 'relay_checks_pkey'::regclass);
SELECT pg_temp.check_cost('lying: tiny');
UPDATE pg_class SET reltuples = 1e9, relpages = 1e7
 WHERE oid IN ('relay_checks'::regclass, 'relay_checks_due'::regclass, 'relay_checks_new'::regclass, 'relay_checks_pkey'::regclass);
SELECT pg_temp.check_cost('lying: huge');

-- What synchronizers saw of a relay is a part of the measurement; a filter is none.
CREATE FUNCTION pg_temp.newest(p_relay int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT n.document FROM relays r JOIN relay_metadata m USING (relay_url) JOIN nip66 n ON n.id = m.nip66_id
     WHERE r.relay_id = p_relay ORDER BY m.generated_at DESC LIMIT 1
$$;

DO $$
BEGIN
    UPDATE relay_sync SET behaviour = '{"order": "newest_first", "filter": "x"}', cap_seen = 500 WHERE relay_id = 7;
    UPDATE relay_sync SET behaviour = '{"filter": "x"}' WHERE relay_id = 5;
    PERFORM pg_temp.store(5, 0, true, 'online', 0);
    PERFORM pg_temp.store(7, 0, true, 'online', 0);
    PERFORM pg_temp.expect('measured', pg_temp.newest(7),
        '{"openable": true, "behaviour": {"order": "newest_first", "page": 500}}'::jsonb);
    PERFORM pg_temp.expect('nothing measured', pg_temp.newest(5), '{"openable": true}'::jsonb);
END $$;
