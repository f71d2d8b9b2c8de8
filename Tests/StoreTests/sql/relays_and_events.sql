-- insert_relay(s), insert_event, insert_relay_metadata. Runs as one string in one transaction; any error fails.

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

DO $$
DECLARE
    a    int;
    this CONSTANT bytea := sha256('event');
    who  CONSTANT bytea := sha256('who');
    seal CONSTANT bytea := sha256('s') || sha256('s');
    big  CONSTANT bytea := decode(repeat('ff', 32), 'hex');
BEGIN
    -- insert_relay: its rows in relay_sync and relay_checks; a known URL changes nothing and burns no number.
    a := insert_relay('wss://a.example', 'clearnet', 1000);
    PERFORM pg_temp.expect('same', insert_relay('wss://a.example', 'tor', 2000), a);
    PERFORM pg_temp.expect('next number', insert_relay('wss://b.example', 'tor', 2000), a + 1);
    PERFORM pg_temp.expect('row', (SELECT (network, first_seen, last_seen, status)::text FROM relays WHERE relay_id = a),
        '(clearnet,1000,1000,unknown)');
    PERFORM pg_temp.expect('siblings', (SELECT array_agg((s.network, c.network, s.lane, s.fence, s.owner,
        s.due_at <= now())::text ORDER BY s.relay_id)
        FROM relay_sync s JOIN relay_checks c USING (relay_id)), ARRAY['(clearnet,clearnet,0,0,,t)', '(tor,tor,0,0,,t)']);
    PERFORM pg_temp.expect_error('network', '23514', 'SELECT insert_relay(''wss://c.example'', ''moon'', 1)');
    PERFORM pg_temp.expect_error('too long', '23514', 'SELECT insert_relay(''wss://'' || repeat(''c'', 2043), ''clearnet'', 1)');
    PERFORM pg_temp.expect('longest', insert_relay('wss://' || repeat('c', 2042), 'clearnet', 1) > a, true);
    PERFORM pg_temp.expect('many', (SELECT array_agg((ord, relay_id = a, is_new)::text ORDER BY ord)
        FROM insert_relays(ARRAY['wss://z.example', 'wss://a.example', 'wss://d.example', 'wss://z.example'],
                           ARRAY['clearnet', 'clearnet', 'clearnet', 'clearnet'], ARRAY[5, 5, 5, 5])),
        ARRAY['(1,f,t)', '(2,t,f)', '(3,f,t)', '(4,f,f)']);
    PERFORM pg_temp.expect('none', (SELECT count(*) FROM insert_relays('{}', '{}', '{}')), 0::bigint);

    -- insert_event: new event, new sighting, neither; day sums add up.
    PERFORM pg_temp.expect('first', insert_event(this, who, 86400, 30023, '[["d", "x"]]', 'text', seal, 'wss://new.example', 'clearnet',
        7, 99,
        ARRAY[3, 4], 5, '\x00', 1::smallint)::text, '(t,t)');
    PERFORM pg_temp.expect('again', insert_event(this, who, 86400, 30023, '[["d", "x"]]', 'text', seal, 'wss://new.example', 'clearnet',
        8, 100)::text,
        '(f,f)');
    PERFORM pg_temp.expect('elsewhere', insert_event(this, who, 86400, 30023, '[["d", "x"]]', 'text', seal, 'wss://a.example', 'clearnet',
        8, 100)::text,
        '(f,t)');
    PERFORM pg_temp.expect('stored', (SELECT (event_id, pubkey, created_at, kind, tags, content, sig, tag_keys, expires_at, raw,
        id_dialect)::text
        FROM events), (this, who, 86400, 30023, '[["d", "x"]]'::jsonb, 'text', seal, '{3,4}', 5, '\x00'::bytea, 1)::text);
    PERFORM pg_temp.expect('relay made', (SELECT first_seen FROM relays WHERE relay_url = 'wss://new.example'), 7::bigint);
    PERFORM pg_temp.expect('seen', (SELECT array_agg((relay_url, seen_at)::text ORDER BY relay_url) FROM sightings WHERE event_id = this),
        ARRAY['(wss://a.example,100)', '(wss://new.example,99)']);
    PERFORM pg_temp.expect('address', (SELECT address FROM latest_versions), event_address(30023, who, '[["d", "x"]]'));
    PERFORM insert_event(big, who, 86401, 5, '[]', '', seal, 'wss://a.example', 'clearnet', 8, 100, p_tomb_keys => ARRAY[this],
        p_tomb_up_tos => ARRAY[86401::bigint]);
    PERFORM pg_temp.expect('tombstone', (SELECT (t.key, t.pubkey, t.up_to,
        e.event_id)::text FROM tombstones t JOIN events e ON e.id = t.event),
        (this, who, 86401, big)::text);
    PERFORM pg_temp.expect('day', (SELECT (day, n, idsum)::text FROM relay_day WHERE relay_id = a), (1, 2, add_id(this, big))::text);
    PERFORM pg_temp.expect('counters', (SELECT (events_new, sightings)::text FROM relay_sync WHERE relay_id = a), '(1,2)');
    PERFORM pg_temp.expect('batches', (SELECT count(*) FROM event_batches), 2::bigint);

    -- known_events: in the order of the numbers, with or without signatures; what lacks one is not compared.
    PERFORM pg_temp.expect('known', (SELECT array_agg((k.ord, k.event = e.id, k.linked, k.other_sig)::text ORDER BY k.ord)
        FROM known_events(ARRAY[sha256('nobody'), big, this, NULL, this], a) k JOIN events e ON e.event_id = (ARRAY[NULL, big, this, NULL,
        this])[k.ord]), ARRAY['(2,t,t,f)', '(3,t,t,f)', '(5,t,t,f)']);
    PERFORM pg_temp.expect('known, signed', (SELECT array_agg((k.ord, k.event = e.id, k.linked, k.other_sig)::text ORDER BY k.ord)
        FROM known_events(ARRAY[this, this, this, big, sha256('nobody')], a + 1, ARRAY[seal, this || this, NULL, '', seal]) k
        JOIN events e ON e.event_id = (ARRAY[this, this, this, big])[k.ord]),
        ARRAY['(1,t,f,f)', '(2,t,f,t)', '(3,t,f,f)', '(4,t,f,t)']);
    PERFORM pg_temp.expect('known, linked and signed', (SELECT array_agg((ord, linked, other_sig)::text)
        FROM known_events(ARRAY[this], a, ARRAY[this || this])), ARRAY['(1,t,t)']);
    PERFORM pg_temp.expect('more signatures than ids', (SELECT count(*) FROM known_events(ARRAY[this], a, ARRAY[seal, seal])), 1::bigint);

    -- A new sighting takes the lease of its relay; one that is known leaves it alone.
    UPDATE relay_sync SET owner = gen_random_uuid(), fence = 4, due_at = now() + interval '1 h' WHERE relay_id = a;
    PERFORM insert_event(this, who, 86400, 30023, '[["d", "x"]]', 'text', seal, 'wss://a.example', 'clearnet', 8, 100);
    PERFORM pg_temp.expect('known leaves the lease', (SELECT fence FROM relay_sync WHERE relay_id = a AND owner IS NOT NULL), 4::bigint);
    PERFORM insert_event(sha256('x'), who, 1, 1, '[]', '', seal, 'wss://a.example', 'clearnet', 8, 100);
    PERFORM pg_temp.expect('new takes it', (SELECT (fence, owner, due_at <= now())::text FROM relay_sync WHERE relay_id = a), '(5,,t)');
    PERFORM pg_temp.expect_error('hostile sizes', '23514', format('SELECT insert_event(%L, %L, 1, 1, ''[]'', '''', %L,
        ''wss://a.example'',
        ''clearnet'', 1, 1)', this || this, who, seal));
    PERFORM pg_temp.expect_error('kind', '23514', format('SELECT insert_event(%L, %L, 1, 65536, ''[]'', '''', %L, ''wss://a.example'',
        ''clearnet'', 1, 1)', sha256('y'), who, seal));

    -- insert_relay_metadata: documents once, failures too.
    PERFORM pg_temp.expect('check', insert_relay_metadata('wss://m.example', 'clearnet', 1, 50, convert_to('{"name": "m"}', 'UTF8'),
        '{"name": "m", "supported_nips": [1, 11], "limitation": {"max_limit": 500}, "defects": ["pubkey:npub"]}',
        '{"openable": true, "readable": false, "rtt_open": 35, "ip": "192.0.2.1"}', NULL, NULL), true);
    PERFORM pg_temp.expect('same time', insert_relay_metadata('wss://m.example', 'clearnet', 1, 50, NULL, NULL, NULL, 'x', 'y'), false);
    PERFORM pg_temp.expect('second', insert_relay_metadata('wss://m.example', 'clearnet', 1, 60, convert_to('{"name": "m"}', 'UTF8'),
        '{"name": "m"}',
        '{"rtt_open": 35, "openable": true, "readable": false, "ip": "192.0.2.1"}', NULL, NULL), true);
    PERFORM pg_temp.expect('once', (SELECT count(*) FROM nip11) + (SELECT count(*) FROM nip66), 2::bigint);
    PERFORM pg_temp.expect('nip11', (SELECT (id, name, supported_nips, limitation, defects)::text FROM nip11),
        (sha256(convert_to('{"name": "m"}', 'UTF8')), 'm', '{1,11}', '{"max_limit": 500}', '{pubkey:npub}')::text);
    PERFORM pg_temp.expect('nip66', (SELECT (openable, readable, writable, rtt_open, document ->> 'ip')::text FROM nip66),
        '(t,f,,35,192.0.2.1)');
    PERFORM insert_relay_metadata('wss://m.example', 'clearnet', 1, 70, NULL, NULL, NULL, 'timeout', 'refused');
    PERFORM pg_temp.expect('latest', (SELECT (generated_at, name, nip11_error, nip66_error)::text FROM relay_metadata_latest),
        '(70,,timeout,refused)');
    PERFORM pg_temp.expect('average', (SELECT avg_rtt_open::int FROM relays_statistics WHERE relay_url = 'wss://m.example'), 35);
    PERFORM pg_temp.expect_error('raw too large', '23514', 'SELECT insert_relay_metadata(''wss://m.example'', ''clearnet'', 1, 80,
        convert_to(repeat(''x'', 262145), ''UTF8''), ''{}'', NULL, NULL, NULL)');
END $$;
