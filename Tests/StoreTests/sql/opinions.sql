-- note_opinions: which archived events of other monitors count, and what is kept of them. Runs as one string in one transaction, so
-- now() stands still.

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
