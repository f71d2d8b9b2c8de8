-- Verification names what is missing. Runs as one string in one transaction, in a database of its own; any error fails.

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

-- Breaks one thing, looks, and takes it back.
CREATE FUNCTION pg_temp.expect_missing(p_break text, p_want text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found text[];
BEGIN
    BEGIN
        EXECUTE p_break;
        found := array(SELECT schema_missing());
        RAISE EXCEPTION USING ERRCODE = 'BB000';
    EXCEPTION WHEN SQLSTATE 'BB000' THEN NULL;
    END;
    PERFORM pg_temp.expect(p_break, found, p_want);
END $$;

DO $$
BEGIN
    PERFORM pg_temp.expect('nothing is missing', array(SELECT schema_missing()), '{}');
    -- So that the list cannot fall behind: all there is, is on it.
    PERFORM pg_temp.expect('nothing is left out', array(SELECT i FROM schema_inventory() AS i EXCEPT SELECT schema_expected() ORDER BY 1),
        ARRAY['extension plpgsql', 'function pgbouncer_get_auth(name) SETOF record']);

    PERFORM pg_temp.expect_missing('DROP TABLE quarantine', ARRAY['column quarantine.digest bytea!',
        'column quarantine.first_seen bigint!',
        'column quarantine.id bigint!', 'column quarantine.last_seen bigint!', 'column quarantine.n bigint!',
            'column quarantine.raw bytea',
        'column quarantine.reason text!', 'column quarantine.relay_id integer', 'constraint quarantine_digest_check on quarantine',
        'constraint quarantine_digest_key on quarantine', 'constraint quarantine_pkey on quarantine',
        'constraint quarantine_raw_check on quarantine', 'constraint quarantine_reason_check on quarantine',
        'index quarantine_digest_key on quarantine btree (digest)', 'index quarantine_pkey on quarantine btree (id)',
            'table quarantine']);
    PERFORM pg_temp.expect_missing('DROP TRIGGER relay_sync_release ON relay_sync',
        ARRAY['trigger relay_sync_release on relay_sync']);
    PERFORM pg_temp.expect_missing('ALTER TABLE relay_sync DROP COLUMN rate', ARRAY['column relay_sync.rate real']);
    PERFORM pg_temp.expect_missing('ALTER TABLE relay_sync ALTER fails TYPE bigint', ARRAY['column relay_sync.fails integer!']);
    PERFORM pg_temp.expect_missing('ALTER TABLE events ALTER tags DROP NOT NULL', ARRAY['column events.tags jsonb!']);
    PERFORM pg_temp.expect_missing('DROP INDEX events_tags', ARRAY['index events_tags on events gin (tag_keys)']);
    PERFORM pg_temp.expect_missing('DROP INDEX events_kind; CREATE INDEX events_kind ON events (kind)',
        ARRAY['index events_kind on events btree (kind, created_at)']);
    PERFORM pg_temp.expect_missing('UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''events_time''::regclass',
        ARRAY['index events_time on events btree (created_at)']);
    PERFORM pg_temp.expect_missing('ALTER TABLE relay_coverage DROP CONSTRAINT relay_coverage_disjoint',
        ARRAY['constraint relay_coverage_disjoint on relay_coverage',
              'index relay_coverage_disjoint on relay_coverage gist (relay_id, int8range(lo, hi, ''[]''::text))']);
    PERFORM pg_temp.expect_missing('DROP VIEW sightings', ARRAY['view column sightings.created_at bigint',
        'view column sightings.event_id bytea', 'view column sightings.gone_at bigint', 'view column sightings.relay_url text',
        'view column sightings.seen_at bigint', 'view sightings']);
    PERFORM pg_temp.expect_missing('DROP FUNCTION fold_statistics(int)', ARRAY['function fold_statistics(integer) integer']);
    PERFORM pg_temp.expect_missing('DROP FUNCTION insert_relay(text, text, bigint); CREATE FUNCTION insert_relay(text, text,
        int) RETURNS int
        LANGUAGE sql AS ''SELECT 1''', ARRAY['function insert_relay(text, text, bigint) integer']);
    PERFORM pg_temp.expect_missing('DROP POLICY service_writes ON service_state', ARRAY['policy service_writes on service_state']);
    PERFORM pg_temp.expect_missing('ALTER TABLE service_state DISABLE ROW LEVEL SECURITY',
        ARRAY['policy everybody_reads on service_state', 'policy service_writes on service_state']);
    PERFORM pg_temp.expect_missing('DROP EXTENSION btree_gin', ARRAY['extension btree_gin']);
    PERFORM pg_temp.expect_missing('ALTER ROLE bigbrotr_writer_dvm RENAME TO bigbrotr_writer_nobody', ARRAY['role bigbrotr_writer_dvm']);

    PERFORM pg_temp.expect('the release is recorded', (SELECT array_agg((version, name, octet_length(checksum))::text)
        FROM schema_migrations),
        ARRAY['(1,0001_first_release,32)']);
END $$;
