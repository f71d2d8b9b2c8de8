-- unranked_relays and commit_ranking: who is due, what speaks for it, quotas, fences. Runs as one string in one transaction.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- Relays named by one author each time, in the slot relay_list.
CREATE FUNCTION pg_temp.name(p_urls text[], p_author bigint, p_source text DEFAULT 'events') RETURNS int LANGUAGE sql AS $$
    SELECT commit_candidates('00000000-0000-0000-0000-00000000000a', 1, p_source, 1::smallint, '{}', '{}',
        p_urls, array(SELECT 'clearnet' FROM unnest(p_urls)), '{}', '{}', '{}',
        array(SELECT n::int FROM unnest(p_urls) WITH ORDINALITY AS u (url, n)), array(SELECT 'relay_list' FROM unnest(p_urls)),
        array(SELECT 1 FROM unnest(p_urls)),
        array(SELECT n::int FROM unnest(p_urls) WITH ORDINALITY AS u (url, n) WHERE p_author IS NOT NULL),
        array(SELECT 'relay_list' FROM unnest(p_urls) WHERE p_author IS NOT NULL),
        array(SELECT p_author FROM unnest(p_urls) WHERE p_author IS NOT NULL))
$$;

-- What is due, as url source votes.
CREATE FUNCTION pg_temp.due(p_limit int, p_quota int) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', relay_url, source, round(votes::numeric, 3)), ', ' ORDER BY relay_url), '')
      FROM unranked_relays(p_limit, p_quota)
$$;

CREATE FUNCTION pg_temp.rank(p_url text, p_worth float8, p_fence bigint DEFAULT 1, p_domain text DEFAULT 'example') RETURNS boolean
LANGUAGE sql AS $$
    SELECT commit_ranking('00000000-0000-0000-0000-00000000000a', p_fence, 2, ARRAY[relay_id], ARRAY[p_domain], ARRAY[p_worth],
        '{1}', '{events}', '{relay_list}', ARRAY[p_worth / 2]) FROM relays WHERE relay_url = p_url
$$;

DO $$
DECLARE
    worths CONSTANT text := 'SELECT string_agg(concat_ws('' '', r.relay_url, k.worth, k.domain, k.domain_n), '', '' ORDER BY relay_url)
                               FROM relay_checks k JOIN relays r USING (relay_id) WHERE k.ranked_at IS NOT NULL';
    got    text;
BEGIN
    UPDATE service_leases SET owner = '00000000-0000-0000-0000-00000000000a', fence = 1 WHERE name = 'finder';
    PERFORM insert_relay('wss://seed.example', 'clearnet', 1);
    PERFORM pg_temp.name('{wss://a.example,wss://b.example}', 1);
    PERFORM pg_temp.name('{wss://a.example}', 2);
    PERFORM pg_temp.name('{wss://a.example}', NULL, 'https://api.example');

    -- Author 1 has named two places: beyond a quota of one each counts half.
    PERFORM pg_temp.expect('named', (SELECT string_agg(author || ' ' || named, ', ' ORDER BY author) FROM candidate_authors), '1 2, 2 1');
    PERFORM pg_temp.expect('all', pg_temp.due(10, 500), 'wss://a.example events 2.000, wss://a.example https://api.example 0.000, '
        'wss://b.example events 1.000, wss://seed.example 0.000');
    PERFORM pg_temp.expect('shared', pg_temp.due(10, 1), 'wss://a.example events 1.500, wss://a.example https://api.example 0.000, '
        'wss://b.example events 0.500, wss://seed.example 0.000');
    PERFORM pg_temp.expect('at most', pg_temp.due(1, 1), 'wss://seed.example 0.000');

    -- Under the lease only; a domain's third relay shares the worth of two.
    PERFORM pg_temp.expect('another fence', pg_temp.rank('wss://a.example', 8, 2), false);
    PERFORM pg_temp.expect('not stored', (SELECT count(*) FROM relay_domains), 0::bigint);
    PERFORM pg_temp.expect('ranked', pg_temp.rank('wss://a.example', 8), true);
    PERFORM pg_temp.rank('wss://b.example', 6);
    PERFORM pg_temp.rank('wss://seed.example', 3);
    EXECUTE worths INTO got;
    PERFORM pg_temp.expect('worths', got, 'wss://a.example 8 example 1, wss://b.example 6 example 2, wss://seed.example 2 example 3');
    PERFORM pg_temp.expect('part', (SELECT worth FROM relay_candidates WHERE source = 'events' ORDER BY relay_id LIMIT 1), 4::real);
    PERFORM pg_temp.expect('none is due', pg_temp.due(10, 1), '');

    -- Ranked again it keeps its place in its domain, and takes one in another.
    PERFORM pg_temp.rank('wss://seed.example', 6);
    EXECUTE worths INTO got;
    PERFORM pg_temp.expect('again', got, 'wss://a.example 8 example 1, wss://b.example 6 example 2, wss://seed.example 4 example 3');
    PERFORM pg_temp.rank('wss://seed.example', 6, 1, 'other');
    EXECUTE worths INTO got;
    PERFORM pg_temp.expect('moved', got, 'wss://a.example 8 example 1, wss://b.example 6 example 2, wss://seed.example 6 other 1');

    -- Due again: what is named anew, once a day; and everything after 30 days.
    PERFORM pg_temp.name('{wss://a.example}', 3);
    PERFORM pg_temp.expect('lately', pg_temp.due(10, 500), '');
    UPDATE relay_checks SET ranked_at = now() - interval '2 days';
    PERFORM pg_temp.expect('two days', pg_temp.due(10, 500), '');
    PERFORM pg_temp.name('{wss://a.example}', 4);
    PERFORM pg_temp.expect('named anew', pg_temp.due(1, 500), 'wss://a.example events 4.000, wss://a.example https://api.example 0.000');
    UPDATE relay_checks SET ranked_at = now() - interval '31 days' WHERE ranked_at IS NOT NULL;
    PERFORM pg_temp.expect('old', pg_temp.due(10, 500) LIKE '%wss://seed.example%', true);
END $$;
