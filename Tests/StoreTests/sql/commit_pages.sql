-- commit_pages in all its branches. Runs as one string in one transaction, in a database of its own; any error fails.

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

CREATE FUNCTION pg_temp.hash(p_name text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(convert_to(p_name, 'UTF8')) $$;
CREATE FUNCTION pg_temp.relay(p_name text) RETURNS int LANGUAGE sql AS $$
    SELECT relay_id FROM relays WHERE relay_url = 'wss://' || p_name || '.example' $$;

-- A call spelt as JSON. Events and authors have names, their ids are the hashes of the names. pages: relay, fence, owner's
-- progress fields, new, known and gone (names of events), days [day, n, name of the sum], drop [lo], cov, bad [reason, text].
-- events: name -> author, at, kind, home (name of the address), tombs [name of the key, up_to].
-- Answer: one text a page, 'relay accepted new known sightings'.
CREATE FUNCTION pg_temp.commit(p_owner uuid, p_pages jsonb, p_events jsonb DEFAULT '{}') RETURNS text[] LANGUAGE sql AS $$
    WITH p AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY pg_temp.relay(v ->> 'relay'), o)::int AS n, pg_temp.relay(v ->> 'relay') AS id, v
          FROM jsonb_array_elements(p_pages) WITH ORDINALITY AS x (v, o)),
    e AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY pg_temp.hash(name))::int AS n, name, v FROM jsonb_each(p_events) AS x (name, v)),
    s AS MATERIALIZED (
        SELECT p.n AS page, e.n AS event FROM p, jsonb_array_elements_text(p.v -> 'new') AS x (name) JOIN e ON e.name = x.name),
    k AS MATERIALIZED (
        SELECT p.n AS page, o.id, o.created_at, o.kind, o.pubkey
          FROM p, jsonb_array_elements_text(p.v -> 'known') AS x (name) JOIN events o ON o.event_id = pg_temp.hash(x.name)),
    f AS MATERIALIZED (
        SELECT p.n AS page, o.id
          FROM p, jsonb_array_elements_text(p.v -> 'gone') AS x (name) JOIN events o ON o.event_id = pg_temp.hash(x.name)),
    d AS MATERIALIZED (SELECT p.n AS page, x.v FROM p, jsonb_array_elements(p.v -> 'days') AS x (v)),
    t AS MATERIALIZED (SELECT e.n AS event, x.v FROM e, jsonb_array_elements(e.v -> 'tombs') AS x (v)),
    g AS MATERIALIZED (SELECT p.n AS page, x.v::bigint AS lo FROM p, jsonb_array_elements(p.v -> 'drop') AS x (v)),
    c AS MATERIALIZED (SELECT p.n AS page, x.v FROM p, jsonb_array_elements(p.v -> 'cov') AS x (v)),
    b AS MATERIALIZED (SELECT p.n AS page, x.v FROM p, jsonb_array_elements(p.v -> 'bad') AS x (v))
    SELECT array_agg(format('%s %s %s %s %s', substr(r.relay_url, 7, length(r.relay_url) - 14), a.accepted, a.events_new,
                            a.events_known, a.sightings_new) ORDER BY a.ord)
      FROM commit_pages(p_owner,
        array(SELECT id FROM p ORDER BY n), array(SELECT (v ->> 'fence')::bigint FROM p ORDER BY n),
        array(SELECT (v ->> 'frontier')::bigint FROM p ORDER BY n), array(SELECT (v ->> 'walk_lo')::bigint FROM p ORDER BY n),
        array(SELECT (v ->> 'walk_hi')::bigint FROM p ORDER BY n), array(SELECT (v ->> 'sealed_hi')::bigint FROM p ORDER BY n),
        array(SELECT (v ->> 'tail_seen')::bigint FROM p ORDER BY n), array(SELECT (v ->> 'clears')::boolean FROM p ORDER BY n),
        array(SELECT (v ->> 'cap')::int FROM p ORDER BY n), array(SELECT (v ->> 'page_size')::int FROM p ORDER BY n),
        array(SELECT v -> 'behaviour' FROM p ORDER BY n),
        array(SELECT pg_temp.hash(name) FROM e ORDER BY n), array(SELECT pg_temp.hash(v ->> 'author') FROM e ORDER BY n),
        array(SELECT (v ->> 'at')::bigint FROM e ORDER BY n), array(SELECT (v ->> 'kind')::int FROM e ORDER BY n),
        array(SELECT coalesce(v -> 'tags', '[]') FROM e ORDER BY n), array(SELECT name FROM e ORDER BY n),
        array(SELECT pg_temp.hash(name) || pg_temp.hash(name) FROM e ORDER BY n),
        array(SELECT ROW(ARRAY[1, 2]::bigint[])::tagset FROM e ORDER BY n), array(SELECT NULL::bigint FROM e),
        array(SELECT NULL::bytea FROM e), array(SELECT 0::smallint FROM e),
        array(SELECT substr(encode(pg_temp.hash(v ->> 'home'), 'hex'), 1, 32)::uuid FROM e ORDER BY n),
        array(SELECT page FROM s ORDER BY event, page), array(SELECT event FROM s ORDER BY event, page),
        array(SELECT page FROM k ORDER BY id, page), array(SELECT id FROM k ORDER BY id, page),
        array(SELECT created_at FROM k ORDER BY id, page), array(SELECT kind FROM k ORDER BY id, page),
        array(SELECT pubkey FROM k ORDER BY id, page),
        array(SELECT page FROM f ORDER BY id, page), array(SELECT id FROM f ORDER BY id, page),
        array(SELECT page FROM d ORDER BY page, v), array(SELECT (v ->> 0)::int FROM d ORDER BY page, v),
        array(SELECT (v ->> 1)::int FROM d ORDER BY page, v), array(SELECT pg_temp.hash(v ->> 2) FROM d ORDER BY page, v),
        array(SELECT event FROM t ORDER BY event, v), array(SELECT pg_temp.hash(v ->> 0) FROM t ORDER BY event, v),
        array(SELECT (v ->> 1)::bigint FROM t ORDER BY event, v),
        array(SELECT page FROM g ORDER BY page, lo), array(SELECT lo FROM g ORDER BY page, lo),
        array(SELECT page FROM c ORDER BY page, v), array(SELECT (v ->> 'lo')::bigint FROM c ORDER BY page, v),
        array(SELECT (v ->> 'hi')::bigint FROM c ORDER BY page, v), array(SELECT (v ->> 'state')::smallint FROM c ORDER BY page, v),
        array(SELECT (v ->> 'proof')::smallint FROM c ORDER BY page, v), array(SELECT (v ->> 'pages')::int FROM c ORDER BY page, v),
        array(SELECT (v ->> 'items')::bigint FROM c ORDER BY page, v), array(SELECT (v ->> 'cap')::int FROM c ORDER BY page, v),
        array(SELECT (v ->> 'reason')::smallint FROM c ORDER BY page, v),
        array(SELECT (v ->> 'rescan_at')::bigint FROM c ORDER BY page, v),
        array(SELECT (v ->> 'step')::smallint FROM c ORDER BY page, v),
        array(SELECT page FROM b ORDER BY page, v), array(SELECT v ->> 0 FROM b ORDER BY page, v),
        array(SELECT pg_temp.hash(v ->> 1) FROM b ORDER BY page, v), array(SELECT convert_to(v ->> 1, 'UTF8') FROM b ORDER BY page, v)
      ) WITH ORDINALITY AS a (relay_id, accepted, events_new, events_known, sightings_new, ord)
      JOIN relays r ON r.relay_id = a.relay_id
$$;

-- Everything that a call may change, as one value.
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat(
        (SELECT array_agg(x ORDER BY x.id)::text FROM events x),
        (SELECT array_agg(x ORDER BY x.event, x.relay_id)::text FROM events_relays x),
        (SELECT array_agg(x ORDER BY x.batch_id)::text FROM event_batches x),
        (SELECT array_agg(x ORDER BY x.relay_id)::text FROM relay_sync x),
        (SELECT array_agg(x ORDER BY x.address)::text FROM latest_versions x),
        (SELECT array_agg(x ORDER BY x.key, x.pubkey)::text FROM tombstones x),
        (SELECT array_agg(x ORDER BY x.relay_id, x.day)::text FROM relay_day x),
        (SELECT array_agg(x ORDER BY x.relay_id, x.lo)::text FROM relay_coverage x),
        (SELECT array_agg(x ORDER BY x.id)::text FROM quarantine x),
        (SELECT array_agg(x ORDER BY x.id)::text FROM stat_queue x)))
$$;

SELECT insert_relay('wss://' || n || '.example', 'clearnet', 1) FROM unnest(ARRAY['a', 'b', 'c']) AS n;
UPDATE relay_sync SET owner = '00000000-0000-0000-0000-00000000000a', fence = 7, due_at = now() + interval '1 minute';

DO $$
DECLARE
    me    CONSTANT uuid := '00000000-0000-0000-0000-00000000000a';
    soon  CONSTANT bigint := extract(epoch FROM now())::int + 3600;
    print text;
    call  text;
BEGIN
    -- New events on two relays, one of them on both.
    PERFORM pg_temp.expect('two relays', pg_temp.commit(me, '[
        {"relay": "a", "fence": 7, "new": ["e1", "e2"], "walk_lo": 0, "walk_hi": 1000, "frontier": 100, "cap": 2, "page_size": 500,
         "days": [[0, 2, "sum a"]]},
        {"relay": "b", "fence": 7, "new": ["e2", "e3"], "tail_seen": 900, "days": [[0, 2, "sum b"]]}]',
        '{"e1": {"author": "alice", "at": 100, "kind": 1}, "e2": {"author": "bob", "at": 200, "kind": 7},
          "e3": {"author": "alice", "at": 300, "kind": 1}}'),
        ARRAY['a t 2 0 2', 'b t 1 1 2']);
    PERFORM pg_temp.expect('events', (SELECT array_agg(content ORDER BY content) FROM events), ARRAY['e1', 'e2', 'e3']);
    PERFORM pg_temp.expect('columns', (SELECT (created_at, kind, event_id, pubkey, tag_keys, id_dialect)::text FROM events
        WHERE content = 'e2'), (200, 7, pg_temp.hash('e2'), pg_temp.hash('bob'), ARRAY[1, 2]::bigint[], 0)::text);
    PERFORM pg_temp.expect('sightings', (SELECT array_agg(format('%s %s %s', e.content, r.relay_url, s.created_at) ORDER BY e.content,
        r.relay_url)
        FROM events_relays s JOIN events e ON e.id = s.event JOIN relays r ON r.relay_id = s.relay_id),
        ARRAY['e1 wss://a.example 100', 'e2 wss://a.example 200', 'e2 wss://b.example 200', 'e3 wss://b.example 300']);
    PERFORM pg_temp.expect('seen_at', (SELECT bool_and(seen_at = extract(epoch FROM now())::int AND gone_at IS NULL) FROM events_relays),
        true);
    PERFORM pg_temp.expect('progress', (SELECT array_agg((frontier, walk_lo, walk_hi, tail_seen, cap_seen, page_size, events_new,
        sightings)::text ORDER BY relay_id) FROM relay_sync), ARRAY['(100,0,1000,,2,500,2,2)', '(,,,900,,,1,2)', '(,,,,,,0,0)']);
    PERFORM pg_temp.expect('batch', (SELECT b.events FROM event_batches b), ARRAY(SELECT id FROM events ORDER BY id));
    PERFORM pg_temp.expect('queue', (SELECT array_agg((relay_id, cardinality(new_pubkeys), cardinality(new_kinds),
        cardinality(old_pubkeys), old_kinds)::text ORDER BY id) FROM stat_queue),
        ARRAY[format('(%s,2,2,,)', pg_temp.relay('a')), format('(%s,1,1,1,{7})', pg_temp.relay('b'))]);
    PERFORM pg_temp.expect('day', (SELECT array_agg((relay_id, day, n, idsum)::text ORDER BY relay_id) FROM relay_day),
        ARRAY[(pg_temp.relay('a'), 0, 2, pg_temp.hash('sum a'))::text, (pg_temp.relay('b'), 0, 2, pg_temp.hash('sum b'))::text]);

    -- The same call again: what is there counts as known, nothing changes.
    print := pg_temp.fingerprint();
    PERFORM pg_temp.expect('again', pg_temp.commit(me, '[
        {"relay": "a", "fence": 7, "new": ["e1", "e2"], "walk_lo": 0, "walk_hi": 1000, "frontier": 100, "cap": 2, "page_size": 500,
         "days": [[0, 2, "sum a"]]},
        {"relay": "b", "fence": 7, "new": ["e2", "e3"], "tail_seen": 900, "days": [[0, 2, "sum b"]]}]',
        '{"e1": {"author": "alice", "at": 100, "kind": 1}, "e2": {"author": "bob", "at": 200, "kind": 7},
          "e3": {"author": "alice", "at": 300, "kind": 1}}'),
        ARRAY['a t 0 2 0', 'b t 0 2 0']);
    PERFORM pg_temp.expect('again changes nothing', pg_temp.fingerprint(), print);

    -- Known sightings: new links only where there were none, counted once.
    PERFORM pg_temp.expect('known', pg_temp.commit(me, '[{"relay": "a", "fence": 7, "known": ["e1", "e3"]},
        {"relay": "c", "fence": 7, "known": ["e1", "e2", "e3"]}]'), ARRAY['a t 0 2 1', 'c t 0 3 3']);
    PERFORM pg_temp.expect('known queue', (SELECT array_agg((relay_id, new_kinds, cardinality(old_kinds))::text ORDER BY id)
        FROM (SELECT q.id, q.relay_id, q.new_kinds, q.old_kinds FROM stat_queue q ORDER BY id DESC LIMIT 2) q),
        ARRAY[format('(%s,,1)', pg_temp.relay('a')), format('(%s,,3)', pg_temp.relay('c'))]);

    -- An event stored by somebody else since the look-up is linked and counts as known; its neighbours are new.
    PERFORM pg_temp.expect('race', pg_temp.commit(me, '[{"relay": "c", "fence": 7, "new": ["e0", "e1", "e4", "e5"], "known": ["e2"]}]',
        '{"e0": {"author": "bob", "at": 90, "kind": 1}, "e1": {"author": "alice", "at": 100, "kind": 1},
          "e4": {"author": "bob", "at": 400, "kind": 1}, "e5": {"author": "bob", "at": 400, "kind": 1}}'), ARRAY['c t 3 2 3']);
    DELETE FROM events_relays WHERE relay_id = pg_temp.relay('b') AND created_at = 300;
    PERFORM pg_temp.expect('race, not linked yet', pg_temp.commit(me, '[{"relay": "b", "fence": 7, "new": ["e3", "e6"]}]',
        '{"e3": {"author": "alice", "at": 300, "kind": 1}, "e6": {"author": "bob", "at": 600, "kind": 1}}'), ARRAY['b t 1 1 2']);

    -- A stale fence leaves its page out whole and the others in.
    UPDATE relay_sync SET fence = 8 WHERE relay_id = pg_temp.relay('b');
    print := (SELECT x::text FROM relay_sync x WHERE relay_id = pg_temp.relay('b'));
    PERFORM pg_temp.expect('stale fence', pg_temp.commit(me, '[
        {"relay": "a", "fence": 7, "new": ["f1", "f2"], "frontier": 50},
        {"relay": "b", "fence": 7, "new": ["f2", "f3"], "known": ["e1"], "frontier": 5, "walk_hi": 9, "sealed_hi": 9,
         "days": [[7, 1, "x"]], "cov": [{"lo": 0, "hi": 9, "state": 0}], "bad": [["bad_hex", "stale"]]},
        {"relay": "c", "fence": 7, "new": ["f2"], "known": ["e6"]}]',
        '{"f1": {"author": "carl", "at": 10, "kind": 1}, "f2": {"author": "carl", "at": 20, "kind": 0, "home": "carl 0"},
          "f3": {"author": "carl", "at": 30, "kind": 0, "home": "carl 0", "tombs": [["x", 1]]}}'),
        ARRAY['a t 2 0 2', 'b f 0 0 0', 'c t 0 2 2']);
    PERFORM pg_temp.expect('its events', (SELECT array_agg(content ORDER BY content) FROM events WHERE content LIKE 'f%'), ARRAY['f1',
        'f2']);
    PERFORM pg_temp.expect('its row', (SELECT x::text FROM relay_sync x WHERE relay_id = pg_temp.relay('b')), print);
    PERFORM pg_temp.expect('its parts', (SELECT count(*) FROM relay_coverage)
        + (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM tombstones)
        + (SELECT count(*) FROM relay_day WHERE day = 7), 0::bigint);
    PERFORM pg_temp.expect('latest without it', (SELECT array_agg(created_at) FROM latest_versions), ARRAY[20::bigint]);

    -- Another owner with the right fence, a free relay, a relay that does not exist.
    print := pg_temp.fingerprint();
    PERFORM pg_temp.expect('other owner', pg_temp.commit('00000000-0000-0000-0000-00000000000b',
        '[{"relay": "a", "fence": 7, "new": ["f4"], "frontier": 1}]', '{"f4": {"author": "x", "at": 1, "kind": 1}}'), ARRAY['a f 0 0 0']);
    UPDATE relay_sync SET owner = NULL WHERE relay_id = pg_temp.relay('c');
    PERFORM pg_temp.expect('free relay', pg_temp.commit(me, '[{"relay": "c", "fence": 7, "new": ["f4"]}]',
        '{"f4": {"author": "x", "at": 1, "kind": 1}}'), ARRAY['c f 0 0 0']);
    UPDATE relay_sync SET owner = me WHERE relay_id = pg_temp.relay('c');
    PERFORM pg_temp.expect('refused calls change nothing', pg_temp.fingerprint(), print);
    UPDATE relay_sync SET fence = 7 WHERE relay_id = pg_temp.relay('b');

    -- Latest versions: the newest wins, of equally new ones the lowest id, in a call and over calls.
    DELETE FROM latest_versions;
    PERFORM pg_temp.expect('ids for ties', pg_temp.hash('v7') < pg_temp.hash('v1') AND pg_temp.hash('v1') < pg_temp.hash('v2'), true);
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["v0", "v1", "v2"]}]',
        '{"v0": {"author": "d", "at": 10, "kind": 0, "home": "d 0"}, "v1": {"author": "d", "at": 20, "kind": 0, "home": "d 0"},
          "v2": {"author": "d", "at": 20, "kind": 0, "home": "d 0"}}');
    PERFORM pg_temp.expect('tie in a call', (SELECT event_id FROM latest_versions), pg_temp.hash('v1'));
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["v7"]}]', '{"v7": {"author": "d", "at": 20, "kind": 0,
        "home": "d 0"}}');
    PERFORM pg_temp.expect('tie over calls, lower id', (SELECT event_id FROM latest_versions), pg_temp.hash('v7'));
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["v9"]}]', '{"v9": {"author": "d", "at": 20, "kind": 0,
        "home": "d 0"}}');
    PERFORM pg_temp.expect('tie over calls, higher id', (SELECT event_id FROM latest_versions), pg_temp.hash('v7'));
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["v4"]}]', '{"v4": {"author": "d", "at": 19, "kind": 0,
        "home": "d 0"}}');
    PERFORM pg_temp.expect('older', (SELECT event_id FROM latest_versions), pg_temp.hash('v7'));
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["v5"]}]', '{"v5": {"author": "d", "at": 21, "kind": 0,
        "home": "d 0"}}');
    PERFORM pg_temp.expect('newer', (SELECT (l.event_id, l.created_at, l.event)::text FROM latest_versions l),
        (SELECT (pg_temp.hash('v5'), 21::bigint, e.id)::text FROM events e WHERE e.content = 'v5'));

    -- Tombstones: of the deletion's author, the latest bound stands, whichever comes first.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["t1", "t2"]}]',
        '{"t1": {"author": "d", "at": 50, "kind": 5, "tombs": [["gone", 50], ["other", 50]]},
          "t2": {"author": "d", "at": 60, "kind": 5, "tombs": [["gone", 60]]}}');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "new": ["t3", "t4"]}]',
        '{"t3": {"author": "d", "at": 55, "kind": 5, "tombs": [["gone", 55]]},
          "t4": {"author": "eve", "at": 99, "kind": 5, "tombs": [["gone", 99]]}}');
    PERFORM pg_temp.expect('tombstones', (SELECT array_agg((t.key, t.pubkey, t.up_to, e.content)::text ORDER BY up_to)
        FROM tombstones t JOIN events e ON e.id = t.event),
        ARRAY[(pg_temp.hash('other'), pg_temp.hash('d'), 50, 't1')::text, (pg_temp.hash('gone'), pg_temp.hash('d'), 60, 't2')::text,
              (pg_temp.hash('gone'), pg_temp.hash('eve'), 99, 't4')::text]);

    -- Day sums are absolute; the last page of a relay wins.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "days": [[0, 9, "first"], [1, 4, "one"]]},
        {"relay": "a", "fence": 7, "days": [[0, 10, "second"]]}]');
    PERFORM pg_temp.expect('absolute', (SELECT array_agg((day, n, idsum)::text ORDER BY day)
        FROM relay_day WHERE relay_id = pg_temp.relay('a')),
        ARRAY[(0, 10, pg_temp.hash('second'))::text, (1, 4, pg_temp.hash('one'))::text]);

    -- Coverage: put, shrink and fill, drop and grow, in one call each.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "cov": [{"lo": 0, "hi": 100, "state": 0}, {"lo": 101, "hi": 200,
        "state": 1}]}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "cov": [{"lo": 0, "hi": 40, "state": 0},
        {"lo": 41, "hi": 100, "state": 5, "reason": 2, "pages": 3, "items": 10}]}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "drop": [41, 101],
        "cov": [{"lo": 0, "hi": 90, "state": 2, "pages": 5, "items": 50, "cap": 10, "step": 3,
                  "rescan_at": 1700000000}, {"lo": 91, "hi": 300, "state": 3, "proof": 1,
                 "pages": 5, "items": 50, "cap": 10}]}, {"relay": "b", "fence": 7, "cov": [{"lo": 0, "hi": 90, "state": 0}]}]');
    PERFORM pg_temp.expect('intervals', (SELECT array_agg((relay_id = pg_temp.relay('a'), lo, hi, state, proof, pages, items, cap, reason,
        rescan_step, extract(epoch FROM rescan_at)::bigint, proved_at = now())::text ORDER BY relay_id, lo) FROM relay_coverage),
        ARRAY['(t,0,90,2,,5,50,10,,3,1700000000,t)', '(t,91,300,3,1,5,50,10,,,,t)', '(f,0,90,0,,,,,,,,)']);

    -- What is known of a relay's behaviour is merged by key.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "behaviour": {"contradictions": 1, "negentropy": true}}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7}, {"relay": "a", "fence": 7, "behaviour": {"contradictions": 2}}]');
    PERFORM pg_temp.expect('behaviour', (SELECT behaviour FROM relay_sync WHERE relay_id = pg_temp.relay('a')),
        '{"contradictions": 2, "negentropy": true}'::jsonb);
    UPDATE relay_coverage SET proved_at = '2020-01-01' WHERE proved_at IS NOT NULL;
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "cov": [{"lo": 0, "hi": 90, "state": 2, "pages": 6, "items": 51, "cap": 10},
        {"lo": 91, "hi": 301, "state": 3, "proof": 1, "pages": 5, "items": 50, "cap": 10}]}]');
    PERFORM pg_temp.expect('a proof keeps its time until it proves more', (SELECT array_agg(proved_at = now() ORDER BY lo)
        FROM relay_coverage WHERE relay_id = pg_temp.relay('a')), ARRAY[false, true]);
    call := 'SELECT pg_temp.commit(''00000000-0000-0000-0000-00000000000a'', ''[{"relay": "a", "fence": 7, "cov": [%s]}]'')';
    PERFORM pg_temp.expect_error('overlap', '23P01', format(call, '{"lo": 50, "hi": 60, "state": 0}'));
    PERFORM pg_temp.expect_error('sealed without proof', '23514', format(call, '{"lo": 401, "hi": 402, "state": 3, "pages": 1,
        "cap": 1}'));
    PERFORM pg_temp.expect_error('gap without reason', '23514', format(call, '{"lo": 401, "hi": 402, "state": 5}'));
    PERFORM pg_temp.expect_error('upside down', '23514', format(call, '{"lo": 302, "hi": 301, "state": 0}'));

    -- A sighting that is gone comes back without being counted again.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "gone": ["e1"]}, {"relay": "c", "fence": 1, "gone": ["f1"]}]');
    PERFORM pg_temp.expect('gone', (SELECT array_agg(e.content ORDER BY 1) FROM events_relays s JOIN events e ON e.id = s.event
        WHERE s.gone_at IS NOT NULL), ARRAY['e1']);
    PERFORM pg_temp.expect('back', pg_temp.commit(me, '[{"relay": "a", "fence": 7, "known": ["e1"]}]'), ARRAY['a t 0 1 0']);
    PERFORM pg_temp.expect('not gone', (SELECT count(*) FROM events_relays WHERE gone_at IS NOT NULL), 0::bigint);

    -- Quarantine: the same bytes once, with a count; bounded in rows, the oldest go.
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "bad": [["bad_hex", "q1"], ["id_mismatch", "q2"]]},
        {"relay": "b", "fence": 7, "bad": [["bad_hex", "q1"]]}]');
    PERFORM pg_temp.commit(me, '[{"relay": "b", "fence": 7, "bad": [["id_mismatch", "q2"]]}]');
    PERFORM pg_temp.expect('counts', (SELECT array_agg((q.relay_id = pg_temp.relay('a'), q.n, q.reason, convert_from(q.raw, 'UTF8'),
        q.digest = pg_temp.hash(convert_from(q.raw, 'UTF8')))::text ORDER BY q.raw) FROM quarantine q),
        ARRAY['(t,2,bad_hex,q1,t)', '(t,2,id_mismatch,q2,t)']);
    PERFORM set_config('bigbrotr.quarantine_rows', '3', true);
    FOR i IN 3 .. 9 LOOP
        PERFORM pg_temp.commit(me, format('[{"relay": "a", "fence": 7, "bad": [["bad_hex", "q%1$s"], ["bad_hex", "q%1$s"]]}]', i)::jsonb);
    END LOOP;
    PERFORM pg_temp.expect('bound', (SELECT array_agg((n, convert_from(raw, 'UTF8'))::text ORDER BY raw) FROM quarantine),
        ARRAY['(2,q7)', '(2,q8)', '(2,q9)']);
    PERFORM set_config('bigbrotr.quarantine_rows', '', true);

    -- Progress: within a walk the frontier only falls; a walk ends by clearing, and begins anywhere.
    UPDATE relay_sync SET frontier = NULL, walk_lo = NULL, walk_hi = NULL, sealed_hi = NULL, tail_seen = NULL;
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "walk_lo": 10, "walk_hi": 1000, "frontier": 1000, "sealed_hi": 5}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "frontier": 500}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "frontier": 700, "sealed_hi": 3}]');
    PERFORM pg_temp.expect('never back', (SELECT (frontier, walk_lo, walk_hi,
        sealed_hi)::text FROM relay_sync WHERE relay_id = pg_temp.relay('a')),
        '(500,10,1000,5)');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "walk_hi": 1000, "frontier": 600}]');
    PERFORM pg_temp.expect('same walk named again', (SELECT frontier FROM relay_sync WHERE relay_id = pg_temp.relay('a')), 500::bigint);
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7}]');
    PERFORM pg_temp.expect('NULL is unchanged', (SELECT (frontier, walk_lo, walk_hi, sealed_hi)::text FROM relay_sync
        WHERE relay_id = pg_temp.relay('a')), '(500,10,1000,5)');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "clears": true, "sealed_hi": 1000}]');
    PERFORM pg_temp.expect('cleared', (SELECT (frontier, walk_lo, walk_hi,
        sealed_hi)::text FROM relay_sync WHERE relay_id = pg_temp.relay('a')),
        '(,,,1000)');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "walk_lo": 1001, "walk_hi": 2000, "frontier": 1900}]');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "walk_lo": 2001, "walk_hi": 3000, "frontier": 2950}]');
    PERFORM pg_temp.expect('another walk', (SELECT (frontier, walk_lo,
        walk_hi)::text FROM relay_sync WHERE relay_id = pg_temp.relay('a')),
        '(2950,2001,3000)');
    PERFORM pg_temp.commit(me, '[{"relay": "a", "fence": 7, "clears": true, "walk_lo": 1, "walk_hi": 4000, "frontier": 3999}]');
    PERFORM pg_temp.expect('cleared and begun', (SELECT (frontier, walk_lo,
        walk_hi)::text FROM relay_sync WHERE relay_id = pg_temp.relay('a')),
        '(3999,1,4000)');
    PERFORM pg_temp.commit(me, '[{"relay": "b", "fence": 7, "walk_hi": 99999999999, "frontier": 99999999999, "sealed_hi": 99999999999,
        "tail_seen": 32503680000}]');
    PERFORM pg_temp.expect('not past now + 1 h', (SELECT ARRAY[frontier, sealed_hi,
        tail_seen] FROM relay_sync WHERE relay_id = pg_temp.relay('b')),
        ARRAY[soon, soon, soon]);

    -- Two pages of one relay in a call, with an event on both.
    PERFORM pg_temp.expect('two pages of one relay', pg_temp.commit(me, '[
        {"relay": "a", "fence": 7, "new": ["g1", "g2"], "frontier": 3000}, {"relay": "a", "fence": 7, "new": ["g2", "g3"],
            "frontier": 2000},
        {"relay": "c", "fence": 7, "new": ["g2"]}]',
        '{"g1": {"author": "g", "at": 1, "kind": 1}, "g2": {"author": "g", "at": 1, "kind": 1}, "g3": {"author": "g", "at": 1,
            "kind": 1}}'),
        ARRAY['a t 2 0 2', 'a t 1 1 1', 'c t 0 1 1']);
    PERFORM pg_temp.expect('both applied', (SELECT frontier FROM relay_sync WHERE relay_id = pg_temp.relay('a')), 2000::bigint);

    -- A known event that was deleted since the look-up: its page is refused, so that the frontier cannot pass it.
    INSERT INTO stat_queue (gone_pubkeys, gone_kinds) SELECT ARRAY[pubkey], ARRAY[kind] FROM events WHERE content = 'e0';
    UPDATE orphan_walks SET deleted_at = now() WHERE name = 'events';
    PERFORM pg_temp.expect('missing event', (SELECT array_agg((a.accepted, a.sightings_new)::text) FROM commit_pages(me,
        ARRAY[pg_temp.relay('a'), pg_temp.relay('b')], '{7,7}', '{1,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}',
        '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            '{}', '{}', '{}', '{}',
        '{1,2}', ARRAY[987654, (SELECT id FROM events WHERE content = 'f1')], '{5,10}', '{1,1}',
        ARRAY[pg_temp.hash('x'), pg_temp.hash('carl')], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            '{}', '{}', '{}', '{}', '{}',
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}') AS a), ARRAY['(f,0)', '(t,1)']);
    PERFORM pg_temp.expect('frontier stays', (SELECT frontier FROM relay_sync WHERE relay_id = pg_temp.relay('a')), 2000::bigint);
    DELETE FROM stat_queue WHERE gone_kinds IS NOT NULL;

    -- Shape.
    call := 'SELECT commit_pages(''00000000-0000-0000-0000-00000000000a'', %L, %L, ''{NULL}'', ''{NULL}'', ''{NULL}'', ''{NULL}'',
        ''{NULL}'', ''{NULL}'', ''{NULL}'', ''{NULL}'', ''{NULL}'', %L, %L, ''{1,1}'', ''{1,1}'', ''{[],[]}'', ''{a,b}'', %L, ''{(),()}'',
        ''{NULL,NULL}'', ''{NULL,NULL}'', ''{0,0}'', ''{NULL,NULL}'', ''{1,1}'', ''{1,2}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'',
        ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'',
        ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'')';
    print := (SELECT ARRAY[pg_temp.hash('s1') || pg_temp.hash('s1'), pg_temp.hash('s2') || pg_temp.hash('s2')]::text);
    PERFORM pg_temp.expect_error('ids descend', '22023', format(call, ARRAY[pg_temp.relay('a')], '{7}',
        (SELECT array_agg(pg_temp.hash(s) ORDER BY pg_temp.hash(s) DESC) FROM unnest(ARRAY['s1', 's2']) s),
        ARRAY[pg_temp.hash('s'), pg_temp.hash('s')], print));
    PERFORM pg_temp.expect_error('an id twice', '22023', format(call, ARRAY[pg_temp.relay('a')], '{7}',
        ARRAY[pg_temp.hash('s1'), pg_temp.hash('s1')], ARRAY[pg_temp.hash('s'), pg_temp.hash('s')], print));
    PERFORM pg_temp.expect_error('lengths differ', '22023', format(call, ARRAY[pg_temp.relay('a')], '{7}',
        ARRAY[pg_temp.hash('s1')], ARRAY[pg_temp.hash('s'), pg_temp.hash('s')], print));
    PERFORM pg_temp.expect_error('short id', '23514', format(call, ARRAY[pg_temp.relay('a')], '{7}',
        ARRAY['\x01'::bytea, '\x02'::bytea], ARRAY[pg_temp.hash('s'), pg_temp.hash('s')], print));
    PERFORM pg_temp.expect_error('relays descend', '22023', 'SELECT commit_pages(''00000000-0000-0000-0000-00000000000a'', ''{2,1}'',
        ''{7,7}'',
        ''{NULL,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'',
        ''{NULL,NULL}'', ''{NULL,NULL}'', ' || repeat('''{}'', ', 44) || '''{}'')');

    -- Counting after all this equals a recount.
    PERFORM pg_temp.expect('relay_sync.sightings', (SELECT array_agg(sightings ORDER BY relay_id)
        FROM relay_sync WHERE relay_id <> pg_temp.relay('b')),
        (SELECT array_agg(n ORDER BY relay_id) FROM (SELECT relay_id, count(*) AS n FROM events_relays GROUP BY 1) z
          WHERE relay_id <> pg_temp.relay('b')));
    PERFORM pg_temp.expect('relay_sync.events_new', (SELECT sum(events_new) FROM relay_sync), (SELECT count(*) FROM events)::numeric);
    PERFORM pg_temp.expect('batches hold every event once', (SELECT array_agg(x ORDER BY x) FROM event_batches, unnest(events) AS x),
        (SELECT array_agg(id ORDER BY id) FROM events));
    PERFORM pg_temp.expect('kinds', (SELECT array_agg((kind, total_events)::text ORDER BY kind) FROM kind_counts_total),
        (SELECT array_agg((kind, n)::text ORDER BY kind) FROM (SELECT kind, count(*) AS n FROM events GROUP BY 1) z));
END $$;
