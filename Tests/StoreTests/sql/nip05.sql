-- note_nip05, due_nip05, settle_nip05: a name an author, one a domain and call, around in the order of domains. Runs as one
-- string in one transaction.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

CREATE FUNCTION pg_temp.id(p_n int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(int4send(p_n)) $$;

CREATE FUNCTION pg_temp.due(p_limit int, p_after text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(name || '@' || domain, ' '), '') FROM due_nip05(p_limit, p_after)
$$;

DO $$
BEGIN
    PERFORM note_nip05(ARRAY[pg_temp.id(1), pg_temp.id(2), pg_temp.id(3), pg_temp.id(4), pg_temp.id(1)],
        '{old,b,c,d,a}', '{old.example,a.example,b.example,c.example,a.example}');
    PERFORM pg_temp.expect('an author has one name', (SELECT count(*) FROM nip05_names), 4::bigint);
    UPDATE nip05_names SET due_at = now() - interval '1 h' WHERE name = 'b';
    PERFORM pg_temp.expect('one a domain, longest due', pg_temp.due(10, ''), 'b@a.example c@b.example d@c.example');
    PERFORM pg_temp.expect('from a place on and around', pg_temp.due(10, 'b.example'), 'd@c.example b@a.example c@b.example');
    PERFORM pg_temp.expect('at most', pg_temp.due(1, 'b'), 'c@b.example');
    PERFORM pg_temp.expect('behind all', pg_temp.due(1, 'zz'), 'b@a.example');

    PERFORM settle_nip05(pg_temp.id(2), 3600, NULL);
    PERFORM pg_temp.expect('another of the domain', pg_temp.due(10, ''), 'a@a.example c@b.example d@c.example');
    PERFORM settle_nip05(pg_temp.id(1), 3600, 'timeout');
    PERFORM pg_temp.expect('none of it', pg_temp.due(10, ''), 'c@b.example d@c.example');
    PERFORM pg_temp.expect('why', (SELECT last_error FROM nip05_names WHERE name = 'a'), 'timeout');

    -- A profile that says the same changes nothing; another name is asked for at once.
    PERFORM note_nip05(ARRAY[pg_temp.id(1)], '{a}', '{a.example}');
    PERFORM pg_temp.expect('the same', pg_temp.due(10, ''), 'c@b.example d@c.example');
    PERFORM note_nip05(ARRAY[pg_temp.id(1)], '{a2}', '{a.example}');
    PERFORM pg_temp.expect('another', pg_temp.due(10, ''), 'a2@a.example c@b.example d@c.example');
END $$;
