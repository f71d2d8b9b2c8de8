-- Pure functions. Runs as one string in one transaction, in a database of its own; any error fails.

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
    zero CONSTANT bytea := decode(repeat('00', 32), 'hex');
    ones CONSTANT bytea := decode(repeat('ff', 32), 'hex');
    one  CONSTANT bytea := decode('01' || repeat('00', 31), 'hex');
    key  CONSTANT bytea := decode(repeat('ab', 32), 'hex');
    made text;
BEGIN
    -- tags_to_tagvalues: one-letter tags, in order, without NULLs, whatever stands in the tags.
    PERFORM pg_temp.expect('values', tags_to_tagvalues('[["e", "1", "wss://x"], ["p", "2"], ["title", "3"], ["t", "4"], ["t", "4"]]'),
        ARRAY['1', '2', '4', '4']);
    PERFORM pg_temp.expect('no values', tags_to_tagvalues('[["e"], [], ["", "x"], ["é", "y"], ["p", null], ["d", ""]]'), ARRAY['']);
    PERFORM pg_temp.expect('empty', tags_to_tagvalues('[]'), '{}');
    PERFORM pg_temp.expect('not tags', tags_to_tagvalues('{"e": "1"}'), '{}');
    PERFORM pg_temp.expect('no lists inside', tags_to_tagvalues('["e", 1, null, {"e": "1"}]'), '{}');

    -- event_address: which kinds have one, and what is hashed.
    PERFORM pg_temp.expect('profile', event_address(0, key, '[]'), encode(substr(sha256(convert_to('0:' || repeat('ab', 32) || ':',
        'UTF8')), 1, 16),
        'hex')::uuid);
    PERFORM pg_temp.expect('d of a replaceable kind means nothing', event_address(10002, key, '[["d", "x"]]'), event_address(10002,
        key, '[]'));
    PERFORM pg_temp.expect('addressable', event_address(30023, key, '[["t", "x"], ["d", "slug"], ["d", "other"]]'),
        encode(substr(sha256(convert_to('30023:' || repeat('ab', 32) || ':slug', 'UTF8')), 1, 16), 'hex')::uuid);
    PERFORM pg_temp.expect('missing d is empty', event_address(30023, key, '[["d"]]'), event_address(30023, key, '[["d", ""]]'));
    PERFORM pg_temp.expect('kinds', (SELECT array_agg(k) FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 41, 9999, 10000, 19999, 20000, 29999,
        30000, 39999,
        40000]) AS k WHERE event_address(k, key, '[]') IS NOT NULL), ARRAY[0, 3, 10000, 19999, 30000, 39999]);

    -- add_id: little-endian, with carries, modulo 2^256.
    PERFORM pg_temp.expect('zero', add_id(zero, key), key);
    PERFORM pg_temp.expect('carry through all', add_id(ones, one), zero);
    PERFORM pg_temp.expect('carry to the next byte', add_id(decode('ff' || repeat('00', 31), 'hex'), one),
        decode('0001' || repeat('00', 30), 'hex'));
    PERFORM pg_temp.expect('twice all', add_id(ones, ones), decode('fe' || repeat('ff', 31), 'hex'));
    PERFORM pg_temp.expect('sum', (SELECT sum_ids(v) FROM unnest(ARRAY[ones, one, key]) AS v), key);
    PERFORM pg_temp.expect('sum of none', (SELECT sum_ids(v) FROM unnest('{}'::bytea[]) AS v), zero);

    -- scram_verifier: form, salt, refusals. That it opens the door is tested by logging in.
    made := scram_verifier('secret');
    PERFORM pg_temp.expect('form', made ~ '^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$', true);
    PERFORM pg_temp.expect('salted', made <> scram_verifier('secret'), true);
    PERFORM pg_temp.expect('NULL', scram_verifier(NULL), NULL);
    PERFORM pg_temp.expect_error('empty', '22023', 'SELECT scram_verifier('''')');
    PERFORM pg_temp.expect_error('not ASCII', '22023', 'SELECT scram_verifier(''schlüssel'')');
    PERFORM pg_temp.expect_error('login of nobody', '22023', 'SELECT create_service_login(''initializer'', ''x'')');
END $$;

-- A login has its group and its group's settings. Rolled back: logins belong to the cluster.
DO $$
BEGIN
    BEGIN
        PERFORM create_service_login('api', 'secret'), create_service_login('dvm', 'secret'), create_service_login('dvm', NULL);
        PERFORM pg_temp.expect('groups', pg_has_role('bigbrotr_api', 'bigbrotr_reader', 'USAGE')
            AND pg_has_role('bigbrotr_dvm', 'bigbrotr_writer_dvm', 'USAGE')
            AND NOT pg_has_role('bigbrotr_api', 'bigbrotr_writer_dvm', 'USAGE'), true);
        PERFORM pg_temp.expect('settings of ' || r.rolname, (SELECT array_agg(s ORDER BY s) FROM unnest(r.rolconfig) AS s),
            (SELECT array_agg(s ORDER BY s) FROM pg_roles g, unnest(g.rolconfig) AS s
              WHERE g.rolname = CASE r.rolname WHEN 'bigbrotr_api' THEN 'bigbrotr_reader' ELSE 'bigbrotr_writer_dvm' END))
           FROM pg_roles r WHERE r.rolname IN ('bigbrotr_api', 'bigbrotr_dvm');
        PERFORM pg_temp.expect('reads only', (SELECT 'default_transaction_read_only=on' = ANY (rolconfig)
            FROM pg_roles WHERE rolname = 'bigbrotr_api'),
            true);
        PERFORM pg_temp.expect('no powers', (SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
            FROM pg_roles WHERE rolname LIKE 'bigbrotr\_%' AND rolname <> current_user), false);
        RAISE EXCEPTION USING ERRCODE = 'BB000';
    EXCEPTION WHEN SQLSTATE 'BB000' THEN NULL;
    END;
END $$;
