-- find_aliases: which relays are another one by a second name, what is no proof of it, and when it ends.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- Everything looked at anew: aliases as "relay=older", by number.
CREATE FUNCTION pg_temp.aliases() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relay_checks SET compared_at = NULL;
    PERFORM find_aliases(100);
    RETURN (SELECT coalesce(string_agg(a.relay_id || '=' || a.alias_of, ' ' ORDER BY a.relay_id), '') FROM relay_aliases a);
END $$;

-- Days of a relay, counted back from today: the same seed gives the same events.
CREATE FUNCTION pg_temp.serves(p_relay int, p_seed text, p_days int[], p_n int DEFAULT 40) RETURNS void LANGUAGE sql AS $$
    INSERT INTO relay_day (relay_id, day, n, idsum)
    SELECT p_relay, extract(epoch FROM now())::bigint / 86400 - d, p_n, sha256(convert_to(p_seed || d, 'UTF8')) FROM unnest(p_days) AS d
    ON CONFLICT (relay_id, day) DO UPDATE SET n = excluded.n, idsum = excluded.idsum
$$;

CREATE FUNCTION pg_temp.says(p_relay int, p_at bigint, p_document text) RETURNS void LANGUAGE sql AS $$
    SELECT insert_relay_metadata(r.relay_url, r.network, 1, p_at, convert_to(p_document, 'UTF8'), '{}', NULL, NULL, NULL)
      FROM relays r WHERE r.relay_id = p_relay
$$;

SELECT insert_relay(url, CASE WHEN url LIKE '%onion%' THEN 'tor' ELSE 'clearnet' END, 1)
  FROM unnest(ARRAY['wss://one.example', 'wss://one.example/path', 'wss://mirror.example', 'ws://abc.onion', 'wss://one.example:444',
                    'wss://two.example', 'wss://one.example/down']) AS url;

DO $$
BEGIN
    PERFORM pg_temp.expect('numbers', (SELECT array_agg(relay_id ORDER BY relay_id) FROM relays), ARRAY[1, 2, 3, 4, 5, 6, 7]);
    UPDATE relay_checks SET queue = 0 WHERE relay_id <> 7;
    PERFORM pg_temp.expect('nothing is known', pg_temp.aliases(), '');

    -- The same host, another host, an onion with the same document, the same host with something else, one that is down.
    PERFORM pg_temp.serves(relay, 'a', ARRAY[2, 3, 4, 5, 6, 7]) FROM unnest(ARRAY[1, 2, 3, 4, 7]) AS relay;
    PERFORM pg_temp.serves(5, 'b', ARRAY[2, 3, 4, 5, 6]);
    PERFORM pg_temp.says(1, 10, '{"name":"one"}');
    PERFORM pg_temp.says(4, 11, '{"name":"one"}');
    PERFORM pg_temp.says(3, 12, '{"name":"mirror"}');
    PERFORM pg_temp.expect('a second path and an onion, no mirror', pg_temp.aliases(), '2=1 4=1');
    PERFORM pg_temp.expect('same host or document', (SELECT array_agg(s ORDER BY s) FROM unnest(similar_relays(1)) AS s),
        ARRAY[1, 2, 4, 5, 7]);
    PERFORM pg_temp.expect('evidence', (SELECT evidence FROM relay_aliases WHERE relay_id = 2),
        '{"days": 5, "events": 200, "same_host": true, "same_document": false}'::jsonb);
    PERFORM pg_temp.expect('evidence', (SELECT evidence FROM relay_aliases WHERE relay_id = 4),
        '{"days": 5, "events": 200, "same_host": false, "same_document": true}'::jsonb);

    -- Once a day, and no more than asked for.
    PERFORM pg_temp.expect('not again today', (SELECT (a.compared, a.aliases)::text FROM find_aliases(100) AS a), '(0,0)');
    UPDATE relay_checks SET compared_at = now() - interval '25 h' WHERE relay_id IN (1, 2, 4);
    PERFORM pg_temp.expect('so many', (SELECT a.compared FROM find_aliases(2) AS a), 2::bigint);
    PERFORM pg_temp.expect('the rest', (SELECT a.compared FROM find_aliases(2) AS a), 1::bigint);

    -- When it was first found stays; a last document that could not be read takes nothing back, another one does.
    UPDATE relay_aliases SET found_at = 5;
    PERFORM insert_relay_metadata('ws://abc.onion', 'tor', 1, 20, NULL, NULL, NULL, 'timeout', NULL);
    PERFORM pg_temp.expect('still', pg_temp.aliases(), '2=1 4=1');
    PERFORM pg_temp.expect('since when', (SELECT array_agg(found_at) FROM relay_aliases), ARRAY[5, 5]::bigint[]);
    PERFORM pg_temp.says(4, 21, '{"name":"my own"}');
    PERFORM pg_temp.expect('its own document', pg_temp.aliases(), '2=1');

    -- What came in the last two days says nothing; an event more on an earlier day ends it.
    PERFORM pg_temp.serves(2, 'c', ARRAY[0, 1]);
    PERFORM pg_temp.expect('today and yesterday', pg_temp.aliases(), '2=1');
    PERFORM pg_temp.serves(2, 'c', ARRAY[4], 41);
    PERFORM pg_temp.expect('another day', pg_temp.aliases(), '');

    -- Few events are the same by chance.
    DELETE FROM relay_day;
    PERFORM pg_temp.serves(relay, 'a', ARRAY[2, 3], 49) FROM unnest(ARRAY[1, 2]) AS relay;
    PERFORM pg_temp.expect('too few', pg_temp.aliases(), '');
    PERFORM pg_temp.serves(relay, 'a', ARRAY[2, 3], 50) FROM unnest(ARRAY[1, 2]) AS relay;
    PERFORM pg_temp.expect('enough', pg_temp.aliases(), '2=1');
    UPDATE relay_checks SET queue = 2 WHERE relay_id = 1;
    PERFORM pg_temp.expect('the older one is down', pg_temp.aliases(), '');
END $$;
