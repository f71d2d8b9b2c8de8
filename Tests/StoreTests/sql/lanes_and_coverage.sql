-- Lanes of relays, and the views of coverage. Runs as one string in one transaction; any error fails.

CREATE FUNCTION pg_temp.expect(p_what text, p_got anyelement, p_want anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got IS DISTINCT FROM p_want THEN
        RAISE EXCEPTION '%: got %, expected %', p_what, p_got, p_want;
    END IF;
END $$;

-- A relay that is to change its lane does so when its lease is given back, and at no other time.
DO $$
DECLARE
    a  int := insert_relay('wss://a.example', 'clearnet', 1000);
    b  int := insert_relay('wss://b.example', 'clearnet', 1000);
    me CONSTANT uuid := gen_random_uuid();
BEGIN
    UPDATE relay_sync SET owner = me, fence = 1, lane_next = CASE WHEN relay_id = a THEN 1 END;
    UPDATE relay_sync SET due_at = now(), frontier = 5, fence = 2;
    PERFORM pg_temp.expect('held', (SELECT array_agg((lane, lane_next)::text ORDER BY relay_id) FROM relay_sync),
        ARRAY['(0,1)', '(0,)']);
    UPDATE relay_sync SET owner = gen_random_uuid();
    PERFORM pg_temp.expect('claimed by another', (SELECT (lane, lane_next)::text FROM relay_sync WHERE relay_id = a), '(0,1)');
    UPDATE relay_sync SET owner = NULL;
    PERFORM pg_temp.expect('given back', (SELECT array_agg((lane, lane_next)::text ORDER BY relay_id) FROM relay_sync),
        ARRAY['(1,)', '(0,)']);
    UPDATE relay_sync SET owner = NULL;
    PERFORM pg_temp.expect('again', (SELECT array_agg(lane::text ORDER BY relay_id) FROM relay_sync), ARRAY['1', '0']);
    BEGIN
        UPDATE relay_sync SET lane_next = 2;
        RAISE EXCEPTION 'lane 2 was taken';
    EXCEPTION WHEN check_violation THEN
        NULL;
    END;
END $$;

-- Views of coverage: closed intervals, so a second counts where lo = hi.
DO $$
DECLARE
    a int := insert_relay('wss://a.example', 'clearnet', 1000);
    b int := insert_relay('wss://b.example', 'clearnet', 1000);
BEGIN
    PERFORM pg_temp.expect('nothing is known', (SELECT (relays, intervals, gaps, sealed_seconds, covered_from)::text
        FROM coverage_total), '(0,0,0,0,)');
    INSERT INTO relay_coverage (relay_id, lo, hi, state, proof, reason, pages, cap, proved_at) VALUES
        (a, 0, 86399, 3, 1, NULL, 1, 1, now()), (a, 86400, 86400, 5, NULL, 2, NULL, NULL, NULL),
        (a, 86401, 86410, 2, NULL, NULL, NULL, NULL, NULL), (a, 86411, 86413, 1, NULL, NULL, NULL, NULL, NULL),
        (b, 10, 19, 3, 3, NULL, 1, 1, now()), (b, 20, 26, 5, NULL, 4, NULL, NULL, NULL), (b, 27, 28, 4, NULL, NULL, NULL, NULL, now()),
        (b, 29, 33, 0, NULL, NULL, NULL, NULL, NULL);
    PERFORM pg_temp.expect('by relay', (SELECT array_agg((relay_url, intervals, gaps, covered_from, covered_to, open_seconds,
        walking_seconds, provisional_seconds, sealed_seconds, settled_seconds, gap_seconds, sealed_days, gap_saturated_second_seconds,
        gap_unordered_seconds)::text ORDER BY relay_url) FROM coverage_by_relay),
        ARRAY['(wss://a.example,4,1,0,86413,0,3,10,86400,0,1,1.000,1,0)', '(wss://b.example,4,1,10,33,5,0,0,10,2,7,0.000,0,7)']);
    PERFORM pg_temp.expect('in all', (SELECT (relays, intervals, gaps, relays_with_gaps, covered_from, covered_to, open_seconds,
        walking_seconds, provisional_seconds, sealed_seconds, settled_seconds, gap_seconds)::text FROM coverage_total),
        '(2,8,2,2,0,86413,5,3,10,86410,2,8)');
    PERFORM pg_temp.expect('gaps by reason add up', (SELECT gap_unanswered_seconds + gap_saturated_second_seconds
        + gap_until_ignored_seconds + gap_unordered_seconds + gap_auth_seconds + gap_payment_seconds + gap_restricted_seconds
        + gap_oversize_seconds + gap_poison_seconds FROM coverage_total), 8::numeric);
END $$;
