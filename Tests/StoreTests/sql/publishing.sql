-- queue_event, claim_publishing, settle_publishing and trim_publishing: what waits for whom, what takes whose place, and who may say
-- that it is done. Runs as one string in one transaction, so now() stands still.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- An event of an address, for targets, whose digest is that of p_word; unchanged ones are repeated after 100 s.
CREATE FUNCTION pg_temp.event(p_identifier text, p_word text, p_targets text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('kind', 30166, 'identifier', p_identifier, 'tags', jsonb_build_array(jsonb_build_array('d', p_identifier)),
        'content', p_word, 'digest', encode(sha256(convert_to(p_word, 'UTF8')), 'hex'), 'refresh', 100, 'targets', to_jsonb(p_targets))
$$;

CREATE FUNCTION pg_temp.waiting() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(format('%s>%s%s', q.identifier || '@' || q.created_at, w.target, nullif('+' || w.skipped, '+0')), ' '
               ORDER BY q.identifier, w.target), '')
      FROM publish_waiting w JOIN publish_queue q ON q.id = w.id
$$;

CREATE FUNCTION pg_temp.claim(p_targets text[], p_owner text DEFAULT 'a') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(c.url || c.fence, ' ' ORDER BY c.url), '')
      FROM claim_publishing(p_targets, 9, ('00000000-0000-0000-0000-00000000000' || p_owner)::uuid, 60, 8::smallint) AS c
$$;

CREATE FUNCTION pg_temp.settle(p_target text, p_fence bigint, p_done bigint[], p_late bigint[] DEFAULT '{}', p_owner text DEFAULT 'a',
    p_pow int DEFAULT NULL, p_ends boolean DEFAULT true) RETURNS boolean LANGUAGE sql AS $$
    SELECT settle_publishing(('00000000-0000-0000-0000-00000000000' || p_owner)::uuid, p_target, p_fence, p_done, p_late,
        cardinality(p_done), 1, p_pow::smallint, 2, 'silent', 'nothing', 30, p_ends)
$$;

SELECT insert_relay('wss://r' || n || '.example', 'clearnet', 1) FROM generate_series(1, 3) AS n;

DO $$
DECLARE
    a bigint;
    b bigint;
    item record;
BEGIN
    -- What has the same digest is repeated after a time only; the newer takes the place of the older.
    PERFORM pg_temp.expect('new', queue_event(pg_temp.event('r1', 'x', '{t1,t2}'), 1, 1000), true);
    PERFORM pg_temp.expect('same', queue_event(pg_temp.event('r1', 'x', '{t1,t2}'), 1, 1099), false);
    PERFORM pg_temp.expect('waiting', pg_temp.waiting(), 'r1@1000>t1 r1@1000>t2');
    SELECT id INTO a FROM publish_queue;
    PERFORM pg_temp.expect('old enough', queue_event(pg_temp.event('r1', 'x', '{t1,t2,t3}'), 1, 1100), true);
    PERFORM pg_temp.expect('in its place', pg_temp.waiting(), 'r1@1100>t1+1 r1@1100>t2+1 r1@1100>t3');
    SELECT id INTO b FROM publish_queue;
    PERFORM pg_temp.expect('a number of its own', b > a, true);
    PERFORM pg_temp.expect('changed', queue_event(pg_temp.event('r1', 'y', '{t1,t2}'), 1, 1100), true);
    PERFORM pg_temp.expect('times ascend', pg_temp.waiting(), 'r1@1101>t1+2 r1@1101>t2+2 r1@1101>t3+1');
    PERFORM pg_temp.expect('twice the same target', queue_event(pg_temp.event('r2', 'x', '{t1,t1}'), 2, 1), true);
    PERFORM pg_temp.expect('nobody', queue_event(pg_temp.event('r3', 'x', '{}'), 3, 1), true);
    PERFORM pg_temp.expect('our own', queue_event(jsonb_set(pg_temp.event('', 'x', '{t2}'), '{kind}', '0'), NULL, NULL), true);
    PERFORM pg_temp.expect('made now', (SELECT q.created_at FROM publish_queue q WHERE q.kind = 0), extract(epoch FROM now())::bigint);

    -- A lease for whom something waits, and nobody else gets it meanwhile.
    PERFORM pg_temp.expect('claimed', pg_temp.claim('{t1,t2,t9}'), 't11 t21');
    PERFORM pg_temp.expect('held', pg_temp.claim('{t1,t2,t3}', 'b'), 't31');
    PERFORM pg_temp.expect('rows', (SELECT string_agg(url, ' ' ORDER BY url) FROM publish_targets), 't1 t2 t3 t9');

    -- Only the holder settles; what took the row meanwhile still waits.
    SELECT id INTO a FROM publish_queue WHERE identifier = 'r1';
    SELECT id INTO b FROM publish_queue WHERE identifier = 'r2';
    PERFORM pg_temp.expect('stale fence', pg_temp.settle('t1', 0, ARRAY[a]), false);
    PERFORM pg_temp.expect('another owner', pg_temp.settle('t1', 1, ARRAY[a], '{}', 'b'), false);
    PERFORM pg_temp.expect('no such target', pg_temp.settle('t7', 1, ARRAY[a]), false);
    PERFORM queue_event(pg_temp.event('r1', 'z', '{t1,t2}'), 1, 1200);
    PERFORM pg_temp.expect('settled', pg_temp.settle('t1', 1, ARRAY[a], ARRAY[b], 'a', 5, false), true);
    PERFORM pg_temp.expect('the newer one waits', pg_temp.waiting(), '@' || extract(epoch FROM now())::bigint
        || '>t2 r1@1200>t1+3 r1@1200>t2+3 r1@1200>t3+2 r2@1>t1');
    PERFORM pg_temp.expect('not answered', (SELECT w.tries FROM publish_waiting w WHERE w.id = b), 1::smallint);
    SELECT t.owner IS NOT NULL AS is_held, t.due_at - now() AS due, t.accepted, t.refused, t.pow, t.fails, t.last_error, t.last_message
      INTO item FROM publish_targets t WHERE t.url = 't1';
    PERFORM pg_temp.expect('the lease goes on', item::text, '(t,00:00:30,1,1,5,2,silent,nothing)');
    PERFORM pg_temp.expect('and ends', pg_temp.settle('t1', 1, ARRAY[b]), true);
    PERFORM pg_temp.expect('no lease any more', pg_temp.settle('t1', 1, '{}'), false);
    PERFORM pg_temp.expect('put off', pg_temp.claim('{t1}', 'b'), '');
    UPDATE publish_targets SET due_at = now() WHERE url IN ('t1', 't2');
    PERFORM pg_temp.expect('taken over when it ends', pg_temp.claim('{t1,t2}', 'b'), 't12 t22');
    PERFORM pg_temp.expect('the former holder is late', pg_temp.settle('t2', 1, ARRAY[a]), false);

    -- Work that was asked for is in what is queued later, and makes it another event.
    PERFORM pg_temp.expect('with work', queue_event(pg_temp.event('r2', 'x', '{t1}'), 2, 2), true);
    PERFORM pg_temp.expect('bits', (SELECT q.pow FROM publish_queue q WHERE q.identifier = 'r2'), 5::smallint);
    PERFORM pg_temp.expect('once', queue_event(pg_temp.event('r2', 'x', '{t1}'), 2, 3), false);
    UPDATE publish_targets SET due_at = now(), pow = 9 WHERE url = 't1';
    PERFORM pg_temp.expect('too much work is forgotten', pg_temp.claim('{t1}'), 't13');
    PERFORM pg_temp.expect('bits of the target', (SELECT t.pow FROM publish_targets t WHERE t.url = 't1'), 0::smallint);

    -- Bounds: age, tries, number.
    DELETE FROM publish_queue;
    PERFORM queue_event(pg_temp.event('q' || n, 'x', '{t1,t2}'), 1, n) FROM generate_series(1, 10) AS n;
    UPDATE publish_queue SET queued_at = now() - interval '1 h' WHERE identifier IN ('q1', 'q2');
    UPDATE publish_waiting w SET tries = 3 FROM publish_queue q WHERE q.id = w.id AND q.identifier IN ('q2', 'q3') AND w.target = 't1';
    PERFORM pg_temp.expect('trimmed', (SELECT t::text FROM trim_publishing(3000, 3, 12) AS t), '(4,1,3)');
    PERFORM pg_temp.expect('the oldest go', pg_temp.waiting(), 'q10@10>t1 q10@10>t2 q5@5>t1 q5@5>t2 q6@6>t1 q6@6>t2 q7@7>t1 q7@7>t2 '
        'q8@8>t1 q8@8>t2 q9@9>t1 q9@9>t2');
    PERFORM pg_temp.expect('nothing more', (SELECT t::text FROM trim_publishing(3000, 3, 12) AS t), '(0,0,0)');

    -- With a check, in its transaction; with a relay that goes, so do its events.
    UPDATE relay_checks SET owner = '00000000-0000-0000-0000-00000000000a', fence = 7 WHERE relay_id IN (2, 3);
    UPDATE relays SET status = 'ignored' WHERE relay_id = 3;
    PERFORM pg_temp.expect('stored', commit_check('00000000-0000-0000-0000-00000000000a', n, f, 10, 60, true, 'online', 0, NULL, NULL,
        '{}', NULL, NULL, NULL, pg_temp.event('c' || n, 'x', '{t1}')), f = 7) FROM (VALUES (2, 6), (2, 7), (3, 7)) AS v (n, f);
    PERFORM pg_temp.expect('the second of the check', (SELECT string_agg(q.identifier, ' ') FROM publish_queue q
        JOIN relays r USING (relay_id) JOIN relay_metadata m ON m.relay_url = r.relay_url AND m.generated_at = q.created_at), 'c2');
    PERFORM pg_temp.expect('nothing of an ignored one', (SELECT count(*) FROM publish_queue q WHERE q.identifier = 'c3'), 0::bigint);
    DELETE FROM relays WHERE relay_id = 2;
    PERFORM pg_temp.expect('gone', (SELECT count(*) FROM publish_queue q WHERE q.identifier = 'c2'), 0::bigint);
END $$;
