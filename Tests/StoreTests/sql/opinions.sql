-- hear_deltas and note_opinions: which archived events of other monitors count, and what is kept of them. Runs as one string in one
-- transaction, so now() stands still.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- An archived event of an author, p_ago seconds old, about d, under the index key 7.
CREATE FUNCTION pg_temp.say(p_author text, p_ago int, p_d text, p_rtt text, p_kind int DEFAULT 30166, p_key bigint DEFAULT 7)
RETURNS void LANGUAGE sql AS $$
    SELECT insert_event(sha256(convert_to(concat_ws('|', p_author, p_ago, p_d, p_rtt, p_kind), 'UTF8')),
        sha256(convert_to(p_author, 'UTF8')), extract(epoch FROM now())::bigint - p_ago, p_kind,
        jsonb_build_array(jsonb_build_array('d', p_d), jsonb_build_array('rtt-open', p_rtt), jsonb_build_array('x')), '',
        decode(repeat('00', 64), 'hex'), 'wss://from.example', 'clearnet', 1, 1, ARRAY[p_key])
$$;

CREATE FUNCTION pg_temp.note(p_is_up boolean, p_window int DEFAULT 1000) RETURNS int LANGUAGE sql AS $$
    SELECT note_opinions(1, p_is_up, '{6,7}', '{wss://r.example,wss://r.example/}', sha256('us'), p_window)
$$;

SELECT insert_relay('wss://r.example', 'clearnet', 1);

DO $$
BEGIN
    PERFORM pg_temp.expect('nobody speaks', pg_temp.note(true), 0);
    PERFORM pg_temp.expect('no row for that', (SELECT count(*) FROM relay_opinions), 0::bigint);
    -- Ours, another relay under the same key, another kind, another key, too old: none is a voice.
    PERFORM pg_temp.say('us', 10, 'wss://r.example/', '1');
    PERFORM pg_temp.say('a', 10, 'wss://other.example/', '1');
    PERFORM pg_temp.say('a', 10, 'wss://r.example/', '1', 30167);
    PERFORM pg_temp.say('a', 11, 'wss://r.example/', '1', 30166, 9);
    PERFORM pg_temp.say('a', 1001, 'wss://r.example/', '1');
    PERFORM pg_temp.expect('no voice', pg_temp.note(true), 0);
    PERFORM pg_temp.say('a', 900, 'wss://r.example/', '5');
    PERFORM pg_temp.say('a', 100, 'wss://r.example/', '40');
    PERFORM pg_temp.say('b', 200, 'wss://r.example', '10');
    PERFORM pg_temp.say('c', 300, 'wss://r.example/', 'fast');
    PERFORM pg_temp.say('d', -9000, 'wss://r.example/', '1');
    PERFORM pg_temp.expect('each once, the newest, none of tomorrow', pg_temp.note(true), 3);
    PERFORM pg_temp.expect('kept', (SELECT (o.monitors, o.rtt_open, o.is_up, o.agreed, o.disagreed)::text FROM relay_opinions o),
        '(3,10,t,1,0)');
    PERFORM pg_temp.note(false);
    PERFORM pg_temp.expect('no agreement', (SELECT (o.is_up, o.agreed, o.disagreed)::text FROM relay_opinions o), '(f,1,1)');
    PERFORM pg_temp.expect('silence', pg_temp.note(false, 50), 0);
    PERFORM pg_temp.expect('is no opinion', (SELECT (o.monitors, o.rtt_open, o.agreed, o.disagreed)::text FROM relay_opinions o),
        '(0,,1,1)');
    PERFORM pg_temp.expect('no such relay', note_opinions(99, true, '{7}', '{wss://r.example}', NULL, 1000), 1);
    PERFORM pg_temp.expect('no row for it', (SELECT count(*) FROM relay_opinions), 1::bigint);
END $$;

-- Changes of state ----------------------------------------------------------------------------------------------------

-- An archived event of kind 1066.
CREATE FUNCTION pg_temp.tell(p_author text, p_ago int, p_tags jsonb, p_kind int DEFAULT 1066) RETURNS void LANGUAGE sql AS $$
    SELECT insert_event(sha256(convert_to(concat_ws('|', p_author, p_ago, p_tags, p_kind), 'UTF8')),
        sha256(convert_to(p_author, 'UTF8')), extract(epoch FROM now())::bigint - p_ago, p_kind, p_tags, '',
        decode(repeat('00', 64), 'hex'), 'wss://from.example', 'clearnet', 1, 1)
$$;
CREATE FUNCTION pg_temp.change(p_author text, p_ago int, p_state text, p_url text DEFAULT 'wss://s.example/') RETURNS void
LANGUAGE sql AS $$
    SELECT pg_temp.tell(p_author, p_ago, jsonb_build_array(jsonb_build_array('x'), jsonb_build_array('r', p_url),
        jsonb_build_array('O', p_state), jsonb_build_array('O', 'up'), jsonb_build_array('r', 'wss://r.example')))
$$;
CREATE FUNCTION pg_temp.hear(p_limit int DEFAULT 100, p_share int DEFAULT 100, p_most int DEFAULT 100) RETURNS int LANGUAGE sql AS $$
    SELECT hear_deltas(sha256('us'), 1000, p_limit, p_share, p_most)
$$;
-- Author, host, age in seconds, whether it is up.
CREATE FUNCTION pg_temp.voices() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', a, substr(r.relay_url, 7, 1), extract(epoch FROM now())::bigint - v.at, v.is_up), ', '
                      ORDER BY a, r.relay_url)
      FROM relay_voices v JOIN relays r ON r.relay_id = v.relay_id,
           string_to_table('a b c d us', ' ') AS a WHERE v.pubkey = sha256(convert_to(a, 'UTF8'))
$$;

SELECT insert_relay(u, 'clearnet', 1)
  FROM unnest(ARRAY['wss://s.example', 'wss://t.example/path/', 'wss://u.example?x=/', 'wss://' || repeat('v', 2042)]) AS u;
DELETE FROM relay_opinions;

DO $$
BEGIN
    PERFORM pg_temp.expect('nobody tells', pg_temp.hear(), 0);
    -- No change, no state, no relay that is known, ours, too old, of the future, too long, of another kind.
    PERFORM pg_temp.tell('a', 1, '[["r", "wss://s.example"], ["rtt-open", "5"]]');
    PERFORM pg_temp.change('a', 2, 'sideways');
    PERFORM pg_temp.change('a', 3, NULL);
    PERFORM pg_temp.change('a', 4, 'up', 'wss://other.example');
    PERFORM pg_temp.change('a', 4, 'up', 'wss://t.example/path');
    PERFORM pg_temp.change('a', 4, 'up', 'wss://s.example//');
    PERFORM pg_temp.change('a', 4, 'up', NULL);
    PERFORM pg_temp.change('us', 5, 'up');
    PERFORM pg_temp.change('a', 1001, 'up');
    PERFORM pg_temp.change('d', -10, 'up');
    PERFORM pg_temp.change('a', 6, 'up', 'wss://' || repeat('v', 2042) || '/');
    PERFORM pg_temp.change('a', 6, 'up', repeat('wss://s.example', 5000));
    PERFORM pg_temp.tell('a', 7, '[["r", "wss://s.example"], ["O", "up"]]', 1067);
    PERFORM pg_temp.tell('a', 7, '[["r", "wss://s.example"], ["O", "up"]]' ||
        (SELECT jsonb_agg('["x"]'::jsonb) FROM generate_series(1, 199)));
    -- Tags that are none.
    PERFORM pg_temp.tell('a', 8, t) FROM unnest(ARRAY[
        '{}', '{"O": "up", "r": "wss://s.example"}', '"O"', 'null', '7', '[]', '["O", "r"]', '[["O"]]', '[["O"], ["r"]]',
        '["O", ["r", "wss://s.example"]]', '[["up", "O"], ["wss://s.example", "r"]]', '[{"O": "up"}, {"r": "wss://s.example"}]',
        '[[["O"], "up"], ["r", "wss://s.example"]]', '[["O", ["up"]], ["r", "wss://s.example"]]',
        '[["O", "up"], ["r", {"wss://s.example": 1}]]', '[["O", null], ["r", null]]']::jsonb[]) AS t;
    PERFORM pg_temp.expect('none is a change', pg_temp.hear(), 0);
    PERFORM pg_temp.expect('no voice', pg_temp.voices(), NULL);

    PERFORM pg_temp.change('a', 500, 'down');
    PERFORM pg_temp.tell('b', 600, (SELECT jsonb_agg('["x"]'::jsonb) FROM generate_series(1, 198)) ||
        '[["r", "wss://s.example"], ["O", "up"]]');
    PERFORM pg_temp.change('c', 700, 'init', 'wss://t.example/path/');
    PERFORM pg_temp.change('c', 710, 'down', 'wss://u.example/?x=/');
    PERFORM pg_temp.expect('heard', pg_temp.hear(), 4);
    PERFORM pg_temp.expect('voices', pg_temp.voices(), 'a s 500 f, b s 600 t, c t 700 t, c u 710 f');
    PERFORM pg_temp.expect('nothing new', pg_temp.hear(), 0);
    PERFORM pg_temp.change('a', 501, 'up');
    PERFORM pg_temp.expect('older than what is known', pg_temp.hear(), 0);
    PERFORM pg_temp.change('a', 400, 'up');
    PERFORM pg_temp.change('b', 600, 'down', 'wss://s.example');
    PERFORM pg_temp.change('c', 710, 'up', 'wss://u.example/?x=/');
    PERFORM pg_temp.expect('newer, and up where both were said', pg_temp.hear(), 2);
    PERFORM pg_temp.expect('the newest', pg_temp.voices(), 'a s 400 t, b s 600 t, c t 700 t, c u 710 t');
    UPDATE events SET created_at = created_at - 10 WHERE pubkey = sha256('d') AND kind = 1066;
    PERFORM pg_temp.expect('when its time has come', pg_temp.hear(), 1);
    PERFORM pg_temp.expect('its voice', pg_temp.voices(), 'a s 400 t, b s 600 t, c t 700 t, c u 710 t, d s 0 t');
    PERFORM pg_temp.expect('out of the window', hear_deltas(NULL, 650, 0), 0);
    PERFORM pg_temp.expect('is forgotten', pg_temp.voices(), 'a s 400 t, b s 600 t, d s 0 t');

    -- Bounds: of events that are looked at, of an author, of all.
    DELETE FROM relay_voices;
    DELETE FROM events WHERE kind = 1066;
    PERFORM pg_temp.change('a', 50, 'up', 'wss://r.example');
    PERFORM pg_temp.change('a', 40, 'up', 'wss://s.example');
    PERFORM pg_temp.change('a', 30, 'up', 'wss://u.example?x=/');
    PERFORM pg_temp.change('b', 45, 'down', 'wss://s.example');
    PERFORM pg_temp.expect('the newest two', pg_temp.hear(2), 2);
    PERFORM pg_temp.expect('are heard', pg_temp.voices(), 'a s 40 t, a u 30 t');
    PERFORM pg_temp.expect('two of an author', pg_temp.hear(100, 2), 1);
    PERFORM pg_temp.expect('no third', pg_temp.voices(), 'a s 40 t, a u 30 t, b s 45 f');
    PERFORM pg_temp.expect('without that bound', pg_temp.hear(), 1);
    PERFORM pg_temp.expect('a third goes again', pg_temp.hear(100, 2), 0);
    PERFORM pg_temp.expect('two are left', pg_temp.voices(), 'a s 40 t, a u 30 t, b s 45 f');
    PERFORM pg_temp.hear(100, 2, 2);
    PERFORM pg_temp.expect('two in all', pg_temp.voices(), 'a s 40 t, a u 30 t');
    PERFORM pg_temp.change('us', 40, 'down', 'wss://s.example');
    PERFORM pg_temp.expect('who has no key hears all', hear_deltas(NULL, 1000, 100), 3);
    PERFORM pg_temp.expect('all', pg_temp.voices(), 'a r 50 t, a s 40 t, a u 30 t, b s 45 f, us s 40 f');
END $$;

-- Both kinds together -------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.opinion(p_is_up boolean, p_window int DEFAULT 1000) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM relay_opinions;
    PERFORM pg_temp.note(p_is_up, p_window);
    RETURN (SELECT (o.monitors, o.monitors_down, o.rtt_open, o.agreed, o.disagreed)::text FROM relay_opinions o);
END $$;
-- What hear_deltas would have heard of the relay.
CREATE FUNCTION pg_temp.voice(p_author text, p_ago int, p_is_up boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO relay_voices (at, relay_id, is_up, pubkey)
    VALUES (extract(epoch FROM now())::bigint - p_ago, 1, p_is_up, sha256(convert_to(p_author, 'UTF8')))
    ON CONFLICT (relay_id, pubkey) DO UPDATE SET at = excluded.at, is_up = excluded.is_up
$$;

DO $$
BEGIN
    DELETE FROM events;
    DELETE FROM relay_voices;
    PERFORM pg_temp.voice('a', 100, false);
    PERFORM pg_temp.expect('down, and we were answered', pg_temp.opinion(true), '(0,1,,0,1)');
    PERFORM pg_temp.expect('down, and we were not', pg_temp.opinion(false), '(0,1,,1,0)');
    PERFORM pg_temp.voice('b', 100, true);
    PERFORM pg_temp.expect('one against one', pg_temp.opinion(true), '(1,1,,0,0)');
    PERFORM pg_temp.expect('is no opinion', pg_temp.opinion(false), '(1,1,,0,0)');
    PERFORM pg_temp.expect('both spoke', pg_temp.note(true), 2);
    PERFORM pg_temp.voice('c', 100, true);
    PERFORM pg_temp.expect('more say up', pg_temp.opinion(true), '(2,1,,1,0)');
    PERFORM pg_temp.expect('and we say down', pg_temp.opinion(false), '(2,1,,0,1)');
    PERFORM pg_temp.voice('us', 1, true);
    PERFORM pg_temp.voice('d', 1001, true);
    INSERT INTO relay_voices (at, relay_id, is_up, pubkey)
    SELECT extract(epoch FROM now())::bigint, r.relay_id, true, sha256('d') FROM relays r WHERE r.relay_url = 'wss://s.example';
    PERFORM pg_temp.expect('neither ours nor what is too old or about another relay', pg_temp.opinion(true), '(2,1,,1,0)');

    -- The newer of both kinds, of each author; one that says down has no time.
    PERFORM pg_temp.say('a', 101, 'wss://r.example/', '40');
    PERFORM pg_temp.expect('up before, down now', pg_temp.opinion(true), '(2,1,,1,0)');
    PERFORM pg_temp.say('b', 101, 'wss://r.example/', '30');
    PERFORM pg_temp.expect('up both times, once', pg_temp.opinion(true), '(2,1,30,1,0)');
    PERFORM pg_temp.say('a', 100, 'wss://r.example/', '10');
    PERFORM pg_temp.expect('at the same second down loses', pg_temp.opinion(true), '(3,0,10,1,0)');
    PERFORM pg_temp.voice('a', 99, false);
    PERFORM pg_temp.say('d', 50, 'wss://r.example/', '50');
    PERFORM pg_temp.expect('down again', pg_temp.opinion(true), '(3,1,30,1,0)');
    PERFORM pg_temp.voice('d', 40, false);
    PERFORM pg_temp.expect('two against two', pg_temp.opinion(true), '(2,2,30,0,0)');
    PERFORM pg_temp.expect('that is long ago', pg_temp.opinion(true, 45), '(0,1,,0,1)');

    -- Tags that are none.
    INSERT INTO events (created_at, kind, event_id, pubkey, sig, tag_keys, tags)
    SELECT extract(epoch FROM now())::bigint, 30166, sha256(convert_to(t::text, 'UTF8')), sha256('e'), decode(repeat('00', 64), 'hex'),
           '{7}', t FROM unnest(ARRAY['{"d": "wss://r.example"}', '"d"', 'null', '["d"]', '[["d", 1], "d", {"d": 1}, null]']::jsonb[]) AS t;
    PERFORM pg_temp.expect('fail nothing', pg_temp.opinion(true), '(2,2,30,0,0)');
END $$;
