-- Counting views are exact at once, folded or not, and after deletions. Runs as one string in one transaction.

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

-- Every counting view against a recount of the tables, in both directions.
CREATE FUNCTION pg_temp.compare(p_when text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    WITH v AS (
        SELECT 'total', kind::text, NULL, total_events FROM kind_counts_total
        UNION ALL SELECT 'kind', relay_url, kind::text, total_events FROM kind_counts_by_relay
        UNION ALL SELECT 'author', encode(pubkey, 'hex'), NULL, total_events FROM pubkey_counts_total
        UNION ALL SELECT 'relay author', relay_url, encode(pubkey, 'hex'), total_events FROM pubkey_counts_by_relay
        UNION ALL SELECT 'relay', relay_url, unique_pubkeys::text, total_events FROM relays_statistics
        UNION ALL SELECT 'times', relay_url, first_event_timestamp::text, last_event_timestamp FROM relays_statistics
        UNION ALL SELECT 'all', unique_pubkeys::text, unique_kinds::text, total_events FROM events_statistics
        UNION ALL SELECT 'sightings', earliest_event_timestamp::text, latest_event_timestamp::text, total_sightings FROM events_statistics
        UNION ALL SELECT 'classes', regular_events::text, replaceable_events::text, ephemeral_events * 1000 + addressable_events
                    FROM events_statistics),
    s AS (SELECT r.relay_url, e.* FROM events_relays s JOIN events e ON e.id = s.event JOIN relays r ON r.relay_id = s.relay_id),
    w AS (
        SELECT 'total', kind::text, NULL, count(*) FROM events GROUP BY kind
        UNION ALL SELECT 'kind', relay_url, kind::text, count(*) FROM s GROUP BY relay_url, kind
        UNION ALL SELECT 'author', encode(pubkey, 'hex'), NULL, count(*) FROM events GROUP BY pubkey
        UNION ALL SELECT 'relay author', relay_url, encode(pubkey, 'hex'), count(*) FROM s GROUP BY relay_url, pubkey
        UNION ALL SELECT 'relay', r.relay_url, count(DISTINCT s.pubkey)::text, count(s.id) FROM relays r LEFT JOIN s USING (relay_url)
                   GROUP BY r.relay_url
        UNION ALL SELECT 'times', r.relay_url, min(s.created_at)::text, max(s.created_at) FROM relays r LEFT JOIN s USING (relay_url)
                   GROUP BY r.relay_url
        UNION ALL SELECT 'all', count(DISTINCT pubkey)::text, count(DISTINCT kind)::text, count(*) FROM events
        UNION ALL SELECT 'sightings', (SELECT min(created_at) FROM events)::text, (SELECT max(created_at) FROM events)::text,
                         (SELECT count(*) FROM events_relays)
        UNION ALL SELECT 'classes', count(*) FILTER (WHERE NOT (kind IN (0, 3) OR kind BETWEEN 10000 AND 39999))::text,
                         count(*) FILTER (WHERE kind IN (0, 3) OR kind BETWEEN 10000 AND 19999)::text,
                         count(*) FILTER (WHERE kind BETWEEN 20000 AND 29999) * 1000 + count(*) FILTER (WHERE kind BETWEEN 30000 AND
                             39999)
                    FROM events)
    SELECT string_agg(d::text, '; ') INTO wrong
      FROM (SELECT 'view has', x FROM (SELECT v::text AS x FROM v EXCEPT SELECT w::text FROM w) AS a
            UNION ALL SELECT 'recount has', x FROM (SELECT w::text AS x FROM w EXCEPT SELECT v::text FROM v) AS b LIMIT 10) AS d;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%: %', p_when, wrong;
    END IF;
END $$;

-- Event n, the same whenever it is asked for: 7 authors, 9 kinds of all classes.
CREATE FUNCTION pg_temp.store(p_n int, p_relay int) RETURNS void LANGUAGE sql AS $$
    SELECT insert_event(sha256(int4send(p_n)), sha256(int4send(-1 - p_n % 7)), 1000 + p_n,
        (ARRAY[0, 1, 3, 5, 7, 1111, 10002, 20001, 30023])[1 + p_n * 7 % 9], '[["d", "x"]]', '', sha256('a') || sha256('b'),
        'wss://r' || p_relay || '.example', 'clearnet', 1, 1)
$$;

SELECT insert_relay('wss://r9.example', 'tor', 1);
SELECT pg_temp.compare('empty');
SELECT pg_temp.store(n, n % 4) FROM generate_series(1, 200) AS n;
SELECT pg_temp.compare('nothing folded');
SELECT pg_temp.expect('folds what is asked for', fold_statistics(50), 50);
SELECT pg_temp.compare('a part folded');
SELECT pg_temp.expect('the rest', (SELECT array_agg(f) FROM (SELECT fold_statistics(100) AS f FROM generate_series(1, 3)) AS z),
    ARRAY[100, 50, 0]);
SELECT pg_temp.compare('all folded');
SELECT pg_temp.expect('counters alone', (SELECT (t.events, t.authors)::text FROM stat_totals t), '(200,7)');
-- Sightings of known events and new events of known authors, over folded counters.
SELECT pg_temp.store(n, (n + 1) % 4) FROM generate_series(150, 260) AS n;
SELECT pg_temp.compare('on top');
SELECT fold_statistics(10);
SELECT pg_temp.compare('on top, a part folded');

-- An author vanishes (NIP-62): everything up to the request goes, with sightings, newest versions, counters and day sums.
CREATE FUNCTION pg_temp.compare_days(p_when text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.expect(p_when || ': days', (SELECT array_agg((relay_id, day, n, idsum)::text ORDER BY relay_id, day)
        FROM relay_day WHERE n > 0),
        (SELECT array_agg((relay_id, day, n, idsum)::text ORDER BY relay_id, day)
           FROM (SELECT s.relay_id, (s.created_at / 86400)::int AS day, count(*)::int AS n, sum_ids(e.event_id) AS idsum
                   FROM events_relays s JOIN events e ON e.id = s.event WHERE s.gone_at IS NULL GROUP BY 1, 2) AS z));
END $$;
CREATE FUNCTION pg_temp.author() RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(int4send(-4)) $$;
CREATE FUNCTION pg_temp.vanish() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM events WHERE pubkey = pg_temp.author() AND created_at <= 1150 AND kind <> 62
$$;
SELECT pg_temp.expect('nobody vanished', erase_vanished(), -1);
-- A deletion (NIP-09) by its author is no request to vanish.
SELECT insert_event(sha256('deletion'), pg_temp.author(), 1299, 5, '[]', '', sha256('a') || sha256('b'), 'wss://r0.example', 'clearnet',
    1, 1, p_tomb_keys => ARRAY[sha256(int4send(5))], p_tomb_up_tos => ARRAY[9223372036854775807]);
SELECT pg_temp.expect('nobody vanished yet', erase_vanished(), -1);
SELECT insert_event(sha256('vanish'), pg_temp.author(), 1150, 62, '[]', '', sha256('a') || sha256('b'), 'wss://r0.example', 'clearnet', 1,
    1, p_tomb_keys => ARRAY[pg_temp.author()], p_tomb_up_tos => ARRAY[1150]);
DO $$
DECLARE
    vanished CONSTANT bigint := pg_temp.vanish();
    others   CONSTANT bigint := (SELECT count(*) FROM events) - vanished;
BEGIN
    PERFORM pg_temp.expect('there is something to erase', vanished > 10, true);
    UPDATE events_relays SET gone_at = 1 WHERE event = (SELECT min(id) FROM events WHERE pubkey = pg_temp.author());
    UPDATE relay_day d SET (n, idsum) = (SELECT count(*), sum_ids(e.event_id) FROM events_relays s JOIN events e ON e.id = s.event
        WHERE s.gone_at IS NULL AND s.relay_id = d.relay_id AND s.created_at / 86400 = d.day);
    PERFORM pg_temp.compare_days('before');
    PERFORM pg_temp.expect('at most as many as asked for', erase_vanished(7), 7);
    PERFORM pg_temp.compare('seven erased');
    PERFORM pg_temp.compare_days('seven erased');
    PERFORM pg_temp.expect('the rest', erase_vanished(1000)::bigint, vanished - 7);
    PERFORM pg_temp.expect('the round is over', erase_vanished(), -1);
    PERFORM pg_temp.expect('nothing left', pg_temp.vanish(), 0::bigint);
    PERFORM pg_temp.expect('nobody else is touched', (SELECT count(*) FROM events), others);
    PERFORM pg_temp.expect('the request stays', (SELECT count(*) FROM events WHERE kind = 62), 1::bigint);
    PERFORM pg_temp.expect('no sighting without event', (SELECT count(*) FROM events_relays s
        WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = s.event)), 0::bigint);
    PERFORM pg_temp.expect('no version without event', (SELECT count(*) FROM latest_versions l
        WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = l.event)), 0::bigint);
    PERFORM pg_temp.compare_days('all erased');
END $$;
SELECT pg_temp.compare('erased, not folded');
SELECT fold_statistics(1000);
SELECT pg_temp.compare('erased, folded');
-- What comes back is known by its id, and is erased again.
SELECT pg_temp.expect('an erased id is known', (SELECT (k.event, k.linked, k.other_sig)::text
    FROM known_events(ARRAY[sha256(int4send(3)), sha256(int4send(9999))], 1) AS k), '(0,f,f)');
SELECT pg_temp.store(3, 1);
SELECT pg_temp.expect('it came back', pg_temp.vanish(), 1::bigint);
SELECT pg_temp.compare('came back');
SELECT pg_temp.expect('and is erased again', erase_vanished(), 1);
SELECT pg_temp.compare('erased again');
SELECT fold_statistics(1000);
SELECT pg_temp.compare('erased again, folded');
SELECT pg_temp.expect('all of it remembered, once', (SELECT count(*) FROM erased_events),
    (SELECT deleted - 1 FROM orphan_walks WHERE name = 'vanished'));

-- Orphans: nothing is one yet, then those whose sightings an operator took away. Limits count rows looked at.
DO $$
DECLARE
    stored  CONSTANT bigint := (SELECT count(*) FROM events);
    answers int[] := '{}';
    answer  int;
    best    bytea;
BEGIN
    LOOP
        answer := delete_orphan_events(100);
        answers := answers || answer;
        EXIT WHEN answer = -1;
    END LOOP;
    PERFORM pg_temp.expect('no orphans', answers, ARRAY[0, 0, 0, -1]);

    best := (SELECT e.event_id FROM latest_versions l JOIN events e ON e.id = l.event WHERE e.kind = 30023 ORDER BY e.created_at DESC
        LIMIT 1);
    DELETE FROM events_relays WHERE event IN (SELECT id FROM events WHERE pubkey = sha256(int4send(-5)) OR event_id = best OR id % 20 =
        0);
    answers := '{}';
    PERFORM pg_temp.expect('orphans there', (SELECT count(*) > 20 FROM events e
        WHERE NOT EXISTS (SELECT FROM events_relays s WHERE s.event = e.id)), true);
    LOOP
        answer := delete_orphan_events(100);
        answers := answers || answer;
        EXIT WHEN answer = -1;
    END LOOP;
    PERFORM pg_temp.expect('three calls', cardinality(answers), 4);
    PERFORM pg_temp.expect('orphans left', (SELECT count(*) FROM events e
        WHERE NOT EXISTS (SELECT FROM events_relays s WHERE s.event = e.id)), 0::bigint);
    PERFORM pg_temp.expect('deleted', (SELECT (deleted, rounds, position_id,
        deleted_at IS NOT NULL)::text FROM orphan_walks WHERE name = 'events'),
        format('(%s,2,0,t)', stored - (SELECT count(*) FROM events)));
    -- Newest versions fell back to what is left.
    PERFORM pg_temp.expect('latest', (SELECT array_agg((address, created_at, event, event_id)::text ORDER BY address)
        FROM latest_versions),
        (SELECT array_agg((address, created_at, id, event_id)::text ORDER BY address) FROM (
            SELECT DISTINCT ON (1) event_address(kind, pubkey, tags) AS address, created_at, id, event_id FROM events
             WHERE event_address(kind, pubkey, tags) IS NOT NULL ORDER BY 1, created_at DESC, event_id) AS z));
END $$;
-- Counters of events went down with them; those of sightings are what the operator has to answer for, so they are recounted here.
CREATE FUNCTION pg_temp.compare_events(p_when text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.expect(p_when || ': kinds', (SELECT array_agg((kind, total_events)::text ORDER BY kind) FROM kind_counts_total),
        (SELECT array_agg((kind, n)::text ORDER BY kind) FROM (SELECT kind, count(*) AS n FROM events GROUP BY 1) AS z));
    PERFORM pg_temp.expect(p_when || ': authors', (SELECT array_agg((pubkey, total_events)::text ORDER BY pubkey)
        FROM pubkey_counts_total),
        (SELECT array_agg((pubkey, n)::text ORDER BY pubkey) FROM (SELECT pubkey, count(*) AS n FROM events GROUP BY 1) AS z));
    PERFORM pg_temp.expect(p_when || ': totals', (SELECT (total_events, unique_pubkeys)::text FROM events_statistics),
        (SELECT (count(*), count(DISTINCT pubkey))::text FROM events));
END $$;
SELECT pg_temp.compare_events('deleted, not folded');
SELECT fold_statistics(1000);
SELECT pg_temp.compare_events('deleted, folded');
SELECT pg_temp.expect('an author is gone', (SELECT authors FROM stat_totals), 6::bigint);
SELECT pg_temp.store(n, 0) FROM generate_series(1, 30) AS n;
SELECT pg_temp.compare_events('back again');
SELECT fold_statistics(1000);
SELECT pg_temp.compare_events('back again, folded');

-- An author who came and went before anybody folded.
SELECT insert_event(sha256('brief'), sha256('briefly'), 1, 1, '[]', '', sha256('a') || sha256('b'), 'wss://r0.example', 'clearnet', 1, 1);
DELETE FROM events_relays WHERE event = (SELECT id FROM events WHERE event_id = sha256('brief'));
SELECT pg_temp.expect('one orphan', ARRAY[delete_orphan_events(), delete_orphan_events()], ARRAY[1, -1]);
SELECT pg_temp.compare_events('briefly');

-- Orphaned documents: only what no check refers to.
SELECT insert_relay_metadata('wss://r9.example', 'tor', 1, n, convert_to('raw' || n, 'UTF8'), '{}', jsonb_build_object('rtt_open', n),
    NULL, NULL)
  FROM generate_series(1, 10) AS n;
SELECT pg_temp.expect('none yet', ARRAY[delete_orphan_nip11(4), delete_orphan_nip11(4), delete_orphan_nip11(4), delete_orphan_nip11(4)],
    ARRAY[0, 0, 0, -1]);
DELETE FROM relay_metadata WHERE generated_at <= 3;
SELECT pg_temp.expect('nip11', (SELECT sum(d) FROM (SELECT delete_orphan_nip11(4) AS d FROM generate_series(1, 3)) AS z), 3::bigint);
SELECT pg_temp.expect('nip66', ARRAY[delete_orphan_nip66(), delete_orphan_nip66(), delete_orphan_nip66()], ARRAY[3, -1, 0]);
SELECT pg_temp.expect('left', (SELECT count(*) FROM nip11) + (SELECT count(*) FROM nip66), 14::bigint);
