-- new_events and commit_candidates: order, limits, fences, caps. Runs as one string in one transaction, whose own batches are
-- not readable yet: they are given transaction numbers of long ago.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- Batches of numbers behind a position, as xid/batch/place of each.
CREATE FUNCTION pg_temp.read(p_xid bigint, p_batch bigint, p_place int, p_limit int, p_bytes bigint DEFAULT 1000000)
RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(format('%s/%s/%s%s', xid, batch_id, place, CASE WHEN kind IS NULL THEN '-' END), ' '), '')
      FROM new_events(p_xid, p_batch, p_place, p_limit, p_bytes)
$$;

-- One relay, one spelling, one slot, the given authors.
CREATE FUNCTION pg_temp.name(p_url text, p_spelling text, p_authors bigint[], p_fence bigint DEFAULT 1) RETURNS int LANGUAGE sql AS $$
    SELECT commit_candidates('00000000-0000-0000-0000-00000000000a', p_fence, 'events', 1::smallint, '{}', '{}',
        ARRAY[p_url], '{clearnet}', '{1}', ARRAY[p_spelling], '{2}', '{1}', '{relay_list}', '{3}',
        array(SELECT 1 FROM unnest(p_authors)), array(SELECT 'relay_list' FROM unnest(p_authors)), p_authors)
$$;

CREATE FUNCTION pg_temp.move(p_from bigint[], p_to bigint[]) RETURNS int LANGUAGE sql AS $$
    SELECT commit_candidates('00000000-0000-0000-0000-00000000000a', 1, 'events', 1::smallint, p_from, p_to,
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')
$$;

SELECT insert_event(sha256(int4send(n)), sha256('p'), 1, 1, '[]', repeat('x', 100), sha256('') || sha256(''), 'wss://home.example',
    'clearnet', 1, 1) FROM generate_series(1, 5) AS n;
DELETE FROM event_batches;
-- A later number of a transaction in an earlier row, and two batches of one transaction.
INSERT INTO event_batches (xid, events) OVERRIDING USER VALUE
SELECT b.xid::text::xid8, b.events FROM (VALUES (7, '{3,4}'::bigint[]), (5, '{1}'), (7, '{5}'), (6, '{2,99}')) AS b (xid, events);

DO $$
DECLARE
    first CONSTANT bigint := (SELECT min(batch_id) FROM event_batches);
    own   CONSTANT bigint := pg_current_xact_id()::text::bigint;
    order_of_storing CONSTANT text := format('5/%s/1 6/%s/1 6/%s/2- 7/%s/1 7/%s/2 7/%s/1', first + 1, first + 3, first + 3, first, first,
        first + 2);
    here  bigint[] := '{0,0,0}';
    got   text := '';
    item  record;
BEGIN
    PERFORM pg_temp.expect('in order', pg_temp.read(0, 0, 0, 100), order_of_storing);
    PERFORM pg_temp.expect('at most', pg_temp.read(0, 0, 0, 2), format('5/%s/1 6/%s/1', first + 1, first + 3));
    PERFORM pg_temp.expect('bytes', pg_temp.read(0, 0, 0, 100, 1), format('5/%s/1', first + 1));
    PERFORM pg_temp.expect('inside a batch', pg_temp.read(7, first, 1, 100), format('7/%s/2 7/%s/1', first, first + 2));
    PERFORM pg_temp.expect('behind all', pg_temp.read(7, first + 2, 1, 100), '');
    PERFORM pg_temp.expect('from another cluster', pg_temp.read(own + 1000000000, 1, 1, 100), order_of_storing);
    LOOP
        SELECT n.xid, n.batch_id, n.place INTO item FROM new_events(here[1], here[2], here[3]::int, 1, 1000) AS n;
        EXIT WHEN NOT FOUND;
        got := concat_ws(' ', nullif(got, ''), format('%s/%s/%s', item.xid, item.batch_id, item.place));
        here := ARRAY[item.xid, item.batch_id, item.place];
    END LOOP;
    PERFORM pg_temp.expect('one by one', got, replace(order_of_storing, '-', ''));

    -- Not readable while a transaction is open that could still store something before it.
    INSERT INTO event_batches (events) VALUES ('{1}');
    PERFORM pg_temp.expect('of an open transaction', pg_temp.read(7, first + 2, 1, 100), '');

    -- Under the lease only.
    PERFORM pg_temp.expect('without lease', pg_temp.name('wss://a.example', 'wss://A.example', '{1}'), -1);
    UPDATE service_leases SET owner = '00000000-0000-0000-0000-00000000000a', fence = 1 WHERE name = 'finder';
    PERFORM pg_temp.expect('with another fence', pg_temp.name('wss://a.example', 'wss://A.example', '{1}', 2), -1);
    PERFORM pg_temp.expect('nothing stored', (SELECT count(*) FROM relays), 1::bigint);

    PERFORM pg_temp.expect('new', pg_temp.name('wss://a.example', 'wss://A.example', '{1,2,2}'), 1);
    PERFORM pg_temp.expect('known', pg_temp.name('wss://a.example', 'wss://a.example/', '{2,3}'), 0);
    PERFORM pg_temp.expect('candidate', (SELECT format('%s %s %s', c.slot, c.mentions, c.authors) FROM relay_candidates c),
        'relay_list 6 3');
    PERFORM pg_temp.expect('spellings', (SELECT string_agg(s.spelling || ' ' || s.n, ' ' ORDER BY s.spelling COLLATE "C")
        FROM relay_spellings s), 'wss://A.example 2 wss://a.example/ 2');

    -- The watermark goes from where it is, once.
    PERFORM pg_temp.expect('from elsewhere', pg_temp.move('{1,0,0}', '{5,1,1}'), -2);
    PERFORM pg_temp.expect('moves', pg_temp.move('{0,0,0}', ARRAY[7, first, 2]), 0);
    PERFORM pg_temp.expect('again', pg_temp.move('{0,0,0}', ARRAY[7, first, 2]), -2);
    PERFORM pg_temp.expect('stands', (SELECT format('%s %s %s', w.xid, w.batch_id - first, w.place) FROM scan_watermarks w), '7 0 2');

    -- However many authors or spellings somebody invents, what is kept has a bound.
    FOR i IN 1 .. 30 LOOP
        PERFORM pg_temp.name('wss://b.example', 'wss://b.example/#' || i, array(SELECT i * 100 + n FROM generate_series(1, 100) AS n));
    END LOOP;
    PERFORM pg_temp.expect('authors', (SELECT c.authors FROM relay_candidates c JOIN relays r USING (relay_id)
        WHERE r.relay_url = 'wss://b.example'), 1000);
    PERFORM pg_temp.expect('mentions', (SELECT c.mentions FROM relay_candidates c JOIN relays r USING (relay_id)
        WHERE r.relay_url = 'wss://b.example'), 90::bigint);
    INSERT INTO relay_spellings (relay_id, source, spelling, n, first_seen, last_seen)
    SELECT r.relay_id, 'events', 'wss://b.example/#x' || n, 1, 1, 1 FROM relays r, generate_series(1, 2000) AS n
     WHERE r.relay_url = 'wss://b.example';
    PERFORM pg_temp.name('wss://b.example', 'wss://b.example/#new', '{1}');
    PERFORM pg_temp.name('wss://b.example', 'wss://b.example/#1', '{1}');
    PERFORM pg_temp.expect('too many spellings',
        (SELECT count(*) FROM relay_spellings s WHERE s.spelling = 'wss://b.example/#new'), 0::bigint);
    PERFORM pg_temp.expect('a kept one counts on',
        (SELECT s.n FROM relay_spellings s WHERE s.spelling = 'wss://b.example/#1'), 4::bigint);
END $$;
