-- Clean-up and recomputation. The single transaction of the writer leaves no orphans behind; these functions serve what
-- operators delete by hand, and documents that no check refers to any more.
--
-- Each delete_orphan function looks at p_limit rows a call, from where the last call of anybody ended, and deletes the
-- orphans among them. Answer: how many it deleted, or -1 when the round is over (the next call begins a new one). The
-- client commits and calls again until -1.

-- delete_orphan_events: events that no relay is linked to. Their counters go down, their address falls back to the newest
-- version that is left. Deleting excludes those who link events, (16962, 1); looking does not.
CREATE OR REPLACE FUNCTION public.delete_orphan_events(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    start    bigint;
    last     bigint;
    suspects bigint[];
    number   bigint;
    gone     record;
    home     uuid;
    pubkeys  bytea[] := '{}';
    kinds    int[] := '{}';
BEGIN
    SELECT w.position_id INTO STRICT start FROM orphan_walks w WHERE w.name = 'events' FOR UPDATE;
    SELECT max(z.id), array_agg(z.id ORDER BY z.id) FILTER (WHERE z.is_orphan) INTO last, suspects
      FROM (SELECT e.id, (SELECT false FROM events_relays s WHERE s.event = e.id LIMIT 1) IS NULL AS is_orphan
              FROM (SELECT i.id FROM events i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS e OFFSET 0) AS z;
    IF last IS NULL THEN
        UPDATE orphan_walks w SET position_id = 0, rounds = w.rounds + 1 WHERE w.name = 'events';
        RETURN -1;
    END IF;
    UPDATE orphan_walks w SET position_id = last WHERE w.name = 'events';
    IF suspects IS NULL THEN
        RETURN 0;
    END IF;

    PERFORM pg_advisory_xact_lock(16962, 1);
    FOREACH number IN ARRAY suspects LOOP
        -- Linked while we waited for the lock?
        CONTINUE WHEN EXISTS (SELECT FROM events_relays s WHERE s.event = number);
        DELETE FROM events e WHERE e.id = number RETURNING e.pubkey, e.kind, e.tags INTO gone;
        CONTINUE WHEN NOT FOUND;
        pubkeys := pubkeys || gone.pubkey;
        kinds := kinds || gone.kind;
        home := event_address(gone.kind, gone.pubkey, gone.tags);
        DELETE FROM latest_versions l WHERE l.address = home AND l.event = number;
        IF FOUND THEN
            INSERT INTO latest_versions (address, created_at, event, event_id)
            SELECT home, e.created_at, e.id, e.event_id FROM events e
             WHERE e.pubkey = gone.pubkey AND e.kind = gone.kind AND event_address(e.kind, e.pubkey, e.tags) = home
             ORDER BY e.created_at DESC, e.event_id LIMIT 1;
        END IF;
    END LOOP;
    IF cardinality(kinds) > 0 THEN
        INSERT INTO stat_queue (gone_pubkeys, gone_kinds) VALUES (pubkeys, kinds);
        UPDATE orphan_walks w SET deleted = w.deleted + cardinality(kinds), deleted_at = clock_timestamp()
         WHERE w.name = 'events';
    END IF;
    RETURN cardinality(kinds);
END $$;
COMMENT ON FUNCTION public.delete_orphan_events(int) IS 'Deletes events that no relay is linked to, among the next p_limit events. Deleted rows, or -1 at the end of a round.';

-- delete_orphan_nip11, delete_orphan_nip66: documents that no check refers to. A document locked by a check in progress
-- is left for the next round; the foreign keys guard the rest.
CREATE OR REPLACE FUNCTION public.delete_orphan_nip11(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    start bytea;
    last  bytea;
    item  record;
    count int := 0;
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'nip11' FOR UPDATE;
    FOR item IN
        SELECT d.id, (SELECT false FROM relay_metadata m WHERE m.nip11_id = d.id LIMIT 1) IS NULL AS is_orphan
          FROM (SELECT i.id FROM nip11 i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS d ORDER BY d.id
    LOOP
        last := item.id;
        CONTINUE WHEN NOT item.is_orphan;
        PERFORM FROM nip11 d WHERE d.id = item.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM relay_metadata m WHERE m.nip11_id = item.id);
        DELETE FROM nip11 d WHERE d.id = item.id;
        count := count + 1;
    END LOOP;
    UPDATE orphan_walks w
       SET position_key = coalesce(last, ''), rounds = w.rounds + (last IS NULL)::int, deleted = w.deleted + count,
           deleted_at = CASE WHEN count > 0 THEN clock_timestamp() ELSE w.deleted_at END
     WHERE w.name = 'nip11';
    RETURN CASE WHEN last IS NULL THEN -1 ELSE count END;
END $$;
COMMENT ON FUNCTION public.delete_orphan_nip11(int) IS 'Deletes NIP-11 documents that no check refers to, among the next p_limit. Deleted rows, or -1 at the end of a round.';

CREATE OR REPLACE FUNCTION public.delete_orphan_nip66(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    start bytea;
    last  bytea;
    item  record;
    count int := 0;
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'nip66' FOR UPDATE;
    FOR item IN
        SELECT d.id, (SELECT false FROM relay_metadata m WHERE m.nip66_id = d.id LIMIT 1) IS NULL AS is_orphan
          FROM (SELECT i.id FROM nip66 i WHERE i.id > start ORDER BY i.id LIMIT p_limit) AS d ORDER BY d.id
    LOOP
        last := item.id;
        CONTINUE WHEN NOT item.is_orphan;
        PERFORM FROM nip66 d WHERE d.id = item.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM relay_metadata m WHERE m.nip66_id = item.id);
        DELETE FROM nip66 d WHERE d.id = item.id;
        count := count + 1;
    END LOOP;
    UPDATE orphan_walks w
       SET position_key = coalesce(last, ''), rounds = w.rounds + (last IS NULL)::int, deleted = w.deleted + count,
           deleted_at = CASE WHEN count > 0 THEN clock_timestamp() ELSE w.deleted_at END
     WHERE w.name = 'nip66';
    RETURN CASE WHEN last IS NULL THEN -1 ELSE count END;
END $$;
COMMENT ON FUNCTION public.delete_orphan_nip66(int) IS 'Deletes NIP-66 documents that no check refers to, among the next p_limit. Deleted rows, or -1 at the end of a round.';
