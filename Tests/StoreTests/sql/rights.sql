-- Least rights: what each group may do, and the statements that must fail. Runs as one string in one transaction.

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

-- Runs a statement as a group and takes it back. p_state NULL: it must succeed.
CREATE FUNCTION pg_temp.as_group(p_role text, p_state text, p_statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM set_config('role', 'bigbrotr_' || p_role, true);
        EXECUTE p_statement;
        RAISE EXCEPTION USING ERRCODE = 'BB000';
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE IS DISTINCT FROM coalesce(p_state, 'BB000') THEN
            RAISE EXCEPTION '%: SQLSTATE % (%), expected %: %', p_role, SQLSTATE, SQLERRM, coalesce(p_state, 'success'), p_statement;
        END IF;
    END;
END $$;

CREATE FUNCTION pg_temp.groups() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT unnest(ARRAY['reader', 'writer_finder', 'writer_monitor', 'writer_synchronizer', 'writer_priority_synchronizer', 'writer_dvm'])
$$;

-- A copy of a database does not copy the rights on the database itself.
SELECT apply_rights();
SELECT insert_relay('wss://a.example', 'clearnet', 1);
INSERT INTO service_replicas (replica_id, service) SELECT gen_random_uuid(), s FROM unnest(ARRAY['finder', 'synchronizer', 'dvm']) AS s;
INSERT INTO service_state (service_name, state) SELECT s, '{}' FROM unnest(ARRAY['finder', 'monitor', 'synchronizer:1', 'dvm']) AS s;

DO $$
DECLARE
    role text;
    item record;
    denied CONSTANT text := '42501';
    stored CONSTANT text := 'SELECT insert_event(sha256(''e''), sha256(''p''), 1, 1, ''[]'', '''', sha256('''') || sha256(''''),
        ''wss://a.example'', ''clearnet'', 1, 1)';
    pages  CONSTANT text := 'SELECT commit_pages(NULL, ' || repeat('''{}'', ', 55) || '''{}'')';
BEGIN
    -- Everybody reads every table and view, and nobody writes one but where it is said below.
    FOR role IN SELECT pg_temp.groups() LOOP
        FOR item IN SELECT c.relname AS name, c.relkind AS kind FROM pg_class c
                     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') LOOP
            PERFORM pg_temp.as_group(role, NULL, format('SELECT count(*) FROM %I', item.name));
            PERFORM pg_temp.as_group(role, denied, format('TRUNCATE %I', item.name)) WHERE item.kind = 'r';
            PERFORM pg_temp.expect(format('%s deletes from %s', role, item.name),
                has_table_privilege('bigbrotr_' || role, item.name, 'DELETE'),
                item.name IN ('service_state', 'service_replicas') AND role <> 'reader');
            PERFORM pg_temp.expect(format('%s inserts into %s', role, item.name),
                has_any_column_privilege('bigbrotr_' || role, item.name, 'INSERT'),
                item.name IN ('service_state', 'service_replicas') AND role <> 'reader');
            PERFORM pg_temp.expect(format('%s updates %s', role, item.name),
                has_any_column_privilege('bigbrotr_' || role, item.name, 'UPDATE'),
                CASE item.name
                    WHEN 'service_state' THEN role <> 'reader'
                    WHEN 'service_replicas' THEN role <> 'reader'
                    WHEN 'service_leases' THEN role IN ('writer_finder', 'writer_synchronizer', 'writer_priority_synchronizer')
                    WHEN 'relay_sync' THEN role IN ('writer_synchronizer', 'writer_priority_synchronizer')
                    WHEN 'relay_checks' THEN role = 'writer_monitor'
                    WHEN 'relays' THEN role = 'writer_monitor'
                    ELSE false END);
        END LOOP;
        -- Nothing of the schema can be changed, nothing of the cluster be seen.
        FOR item IN SELECT unnest(ARRAY['CREATE TABLE x (i int)', 'CREATE TEMPORARY TABLE x (i int)', 'DROP TABLE events',
            'DROP VIEW sightings',
            'ALTER TABLE relays ADD x int', 'CREATE OR REPLACE FUNCTION known_events(bytea[], int,
                bytea[]) RETURNS int LANGUAGE sql AS ''SELECT 1''',
            'SELECT rolpassword FROM pg_authid', 'SELECT passwd FROM pg_shadow', 'SELECT apply_rights()', 'SELECT scram_verifier(''x'')',
            'SELECT create_service_login(''api'', ''x'')', 'SELECT pgbouncer_get_auth(''postgres'')', 'CREATE ROLE x',
                'SET ROLE bigbrotr_owner',
            'SET SESSION AUTHORIZATION bigbrotr_owner', 'COPY events TO PROGRAM ''true''', 'SELECT pg_read_file(''/etc/passwd'')',
            'DELETE FROM schema_migrations', 'SELECT store_derived(''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'',
                ''{}'')',
            'SELECT setval(''events_id_seq'', 1)', 'SELECT nextval(''relays_relay_id_seq'')'
            ]) AS statement LOOP
            -- SET ROLE is judged by the session's user, which is an administrator here.
            CONTINUE WHEN item.statement LIKE 'SET %';
            PERFORM pg_temp.as_group(role, denied, item.statement);
        END LOOP;
        PERFORM pg_temp.expect(role || ' is no member of the owner', pg_has_role('bigbrotr_' || role, 'bigbrotr_owner', 'MEMBER'), false);
        PERFORM pg_temp.as_group(role, NULL, 'SELECT count(*) FROM known_events(''{}'', 1)');
        PERFORM pg_temp.as_group(role, NULL, 'SELECT count(*) FROM known_events(''{}'', 1, ''{}'')');
        PERFORM pg_temp.as_group(role, NULL, 'SELECT schema_missing()');
        PERFORM pg_temp.as_group(role, NULL, 'SELECT count(*) FROM new_events(0, 0, 0, 10, 1000)');
        PERFORM pg_temp.as_group(role, NULL, 'SELECT count(*) FROM unranked_relays(10, 100)');
    END LOOP;

    -- Functions that write, by group; SECURITY DEFINER lets them where the tables are closed.
    FOR item IN
        SELECT g.role, f.name, f.statement, g.role = ANY (string_to_array(f.roles, ' ')) AS is_allowed
          FROM pg_temp.groups() AS g (role),
               (VALUES ('insert_relay', 'SELECT insert_relay(''wss://new.example'', ''clearnet'', 1)',
                        'writer_finder writer_priority_synchronizer'),
                       ('insert_relays', 'SELECT insert_relays(''{wss://new.example}'', ''{tor}'', ''{1}'')',
                        'writer_finder writer_priority_synchronizer'),
                       ('insert_event', stored, 'writer_synchronizer writer_priority_synchronizer'),
                       ('commit_pages', pages, 'writer_synchronizer writer_priority_synchronizer'),
                       ('commit_candidates', 'SELECT commit_candidates(gen_random_uuid(), 1, ''events'', 1::smallint, '
                        || repeat('''{}'', ', 12) || '''{}'')', 'writer_finder'),
                       ('commit_ranking', 'SELECT commit_ranking(gen_random_uuid(), 1, 1, ' || repeat('''{}'', ', 6) || '''{}'')',
                        'writer_finder'),
                       ('note_nip05', 'SELECT note_nip05(''{}'', ''{}'', ''{}'')', 'writer_finder'),
                       ('settle_nip05', 'SELECT settle_nip05(sha256(''''), 1, NULL)', 'writer_finder'),
                       ('claim_relays', 'SELECT claim_relays(0::smallint, ''clearnet'', 1, gen_random_uuid(), 60, 0)',
                        'writer_synchronizer writer_priority_synchronizer'),
                       ('fold_statistics', 'SELECT fold_statistics()', 'writer_synchronizer'),
                       ('delete_orphan_events', 'SELECT delete_orphan_events()', 'writer_synchronizer'),
                       ('delete_orphan_nip11', 'SELECT delete_orphan_nip11()', 'writer_monitor'),
                       ('delete_orphan_nip66', 'SELECT delete_orphan_nip66()', 'writer_monitor'),
                       ('claim_checks', 'SELECT claim_checks(''clearnet'', 1::smallint, 1, gen_random_uuid(), 60)', 'writer_monitor'),
                       ('find_aliases', 'SELECT find_aliases(1)', 'writer_monitor'),
                       ('commit_check', 'SELECT commit_check(gen_random_uuid(), 1, 1, 0, 60, true, ''online'', 0, NULL, NULL, NULL, NULL,
                        NULL, NULL)', 'writer_monitor'),
                       ('queue_event', 'SELECT queue_event(''{"kind": 0, "identifier": "", "tags": [], "content": "", "digest": "'
                        || repeat('00', 32) || '", "refresh": 1, "targets": ["t"]}'', NULL, NULL)', 'writer_monitor'),
                       ('claim_publishing', 'SELECT claim_publishing(''{t}'', 1, gen_random_uuid(), 60, 0::smallint)', 'writer_monitor'),
                       ('settle_publishing', 'SELECT settle_publishing(gen_random_uuid(), ''t'', 1, ''{}'', ''{}'', 0, 0, NULL, 0, NULL,
                        NULL, 1, true)', 'writer_monitor'),
                       ('hear_deltas', 'SELECT hear_deltas(sha256(''''), 60, 10)', 'writer_monitor'),
                       ('note_opinions', 'SELECT note_opinions(1, true, ''{1}'', ''{x}'', sha256(''''), 60)', 'writer_monitor'),
                       ('trim_publishing', 'SELECT trim_publishing(60, 3, 10)', 'writer_monitor'),
                       ('insert_relay_metadata', 'SELECT insert_relay_metadata(''wss://a.example'', ''clearnet'', 1, 1, NULL, NULL, NULL,
                        ''x'', NULL)', 'writer_monitor')) AS f (name, statement, roles)
    LOOP
        PERFORM pg_temp.as_group(item.role, CASE WHEN NOT item.is_allowed THEN denied END, item.statement);
    END LOOP;

    -- Leases of relays: the columns of the lease and no progress.
    FOR role IN SELECT unnest(ARRAY['writer_synchronizer', 'writer_priority_synchronizer']) LOOP
        PERFORM pg_temp.as_group(role, NULL, 'WITH h AS (SELECT relay_id FROM relay_sync ORDER BY relay_id LIMIT 1
            FOR NO KEY UPDATE) UPDATE relay_sync SET owner = NULL, due_at = now(), fails = 1, class = 0, last_error = ''''
            WHERE relay_id IN (SELECT relay_id FROM h)');
        PERFORM pg_temp.as_group(role, denied, 'UPDATE relay_sync SET frontier = 0');
        PERFORM pg_temp.as_group(role, denied, 'UPDATE relay_sync SET sealed_hi = 0');
        PERFORM pg_temp.as_group(role, denied, 'UPDATE relay_sync SET sightings = 0');
        PERFORM pg_temp.as_group(role, denied, 'UPDATE relay_checks SET due_at = now()');
        PERFORM pg_temp.as_group(role, denied, 'UPDATE relays SET status = ''ignored''');
    END LOOP;
    PERFORM pg_temp.as_group('writer_priority_synchronizer', NULL, 'UPDATE relay_sync SET lane = 1, lane_next = 0, fence = fence + 1');
    PERFORM pg_temp.as_group('writer_synchronizer', denied, 'UPDATE relay_sync SET fence = fence + 1');
    PERFORM pg_temp.as_group('writer_synchronizer', denied, 'UPDATE relay_sync SET lane = 1');
    PERFORM pg_temp.as_group('writer_synchronizer', denied, 'UPDATE relay_sync SET lane_next = 1');
    PERFORM pg_temp.as_group('writer_monitor', NULL, 'UPDATE relays SET status = ''online'', last_seen = 5');
    PERFORM pg_temp.as_group('writer_monitor', denied, 'UPDATE relays SET relay_url = ''wss://x''');
    PERFORM pg_temp.as_group('writer_monitor', NULL, 'UPDATE relay_checks SET due_at = now(), owner = gen_random_uuid(),
        fence = fence + 1');

    -- service_state, service_replicas and service_leases: the rows of one's own service.
    FOR item IN SELECT g.role, replace(g.role, 'writer_', '') AS service FROM pg_temp.groups() AS g (role) WHERE g.role <> 'reader' LOOP
        PERFORM pg_temp.as_group(item.role, NULL, format('INSERT INTO service_replicas AS r (replica_id, service, build)
            VALUES (gen_random_uuid(), %L, ''1'') ON CONFLICT (replica_id) DO UPDATE SET heartbeat_at = now()', item.service));
        PERFORM pg_temp.as_group(item.role, denied, 'INSERT INTO service_replicas (replica_id, service)
            VALUES (gen_random_uuid(), ''nobody'')');
        PERFORM pg_temp.as_group(item.role, denied, format('INSERT INTO service_replicas (replica_id, service)
            VALUES (gen_random_uuid(), %L)', CASE item.service WHEN 'finder' THEN 'monitor' ELSE 'finder' END));
        PERFORM pg_temp.as_group(item.role, denied, format('INSERT INTO service_replicas AS r (replica_id, service)
            SELECT o.replica_id, %L FROM service_replicas o WHERE o.service <> %1$L LIMIT 1
            ON CONFLICT (replica_id) DO UPDATE SET service = excluded.service', item.service));
        PERFORM pg_temp.as_group(item.role, NULL, format('DELETE FROM service_state WHERE service_name = ANY (ARRAY(
            SELECT s.service_name FROM service_state s WHERE starts_with(s.service_name, %L) FOR UPDATE SKIP LOCKED))',
            item.service || ':'));
    END LOOP;
    PERFORM pg_temp.as_group('reader', denied, 'INSERT INTO service_replicas (replica_id, service) VALUES (gen_random_uuid(), ''api'')');
    PERFORM pg_temp.as_group('writer_finder', denied, 'UPDATE service_replicas SET service = ''dvm'' WHERE service = ''finder''');
    PERFORM pg_temp.as_group('writer_finder', NULL, 'INSERT INTO service_state (service_name) VALUES (''finder:2'')');
    PERFORM pg_temp.as_group('writer_finder', NULL, 'INSERT INTO service_state AS s (service_name, state) VALUES (''finder'', ''{}'')
        ON CONFLICT (service_name) DO UPDATE SET state = excluded.state');
    PERFORM pg_temp.as_group('writer_finder', denied, 'INSERT INTO service_state (service_name) VALUES (''synchronizer:2'')');
    PERFORM pg_temp.as_group('writer_finder', denied, 'INSERT INTO service_state AS s (service_name, state) VALUES (''monitor'', ''{}'')
        ON CONFLICT (service_name) DO UPDATE SET state = excluded.state');
    PERFORM pg_temp.as_group('writer_finder', denied, 'INSERT INTO service_state (service_name) VALUES (''nobody'')');
    PERFORM pg_temp.as_group('writer_finder', denied, 'UPDATE service_state SET service_name = ''dvm'' WHERE service_name = ''finder''');
    PERFORM pg_temp.as_group('writer_synchronizer', denied,
        'INSERT INTO service_state (service_name) VALUES (''priority_synchronizer'')');
    PERFORM pg_temp.as_group('reader', denied, 'INSERT INTO service_state (service_name) VALUES (''api'')');
    FOR item IN SELECT * FROM (VALUES ('writer_finder', 'finder'), ('writer_synchronizer', 'coverage statistics'),
                               ('writer_priority_synchronizer', 'priority_list')) AS v (role, lease) LOOP
        PERFORM set_config('role', 'bigbrotr_' || item.role, true);
        WITH u AS (UPDATE service_leases SET owner = gen_random_uuid(), fence = fence + 1, due_at = now() RETURNING name)
        SELECT string_agg(name, ' ' ORDER BY name) INTO role FROM u;
        PERFORM set_config('role', 'none', true);
        PERFORM pg_temp.expect('leases of ' || item.role, role, item.lease);
    END LOOP;
    PERFORM set_config('role', 'bigbrotr_writer_dvm', true);
    WITH d AS (DELETE FROM service_state RETURNING service_name)
    SELECT string_agg(service_name, ' ') INTO role FROM d;
    PERFORM set_config('role', 'none', true);
    PERFORM pg_temp.expect('rows deleted by the DVM', role, 'dvm');
    PERFORM set_config('role', 'bigbrotr_writer_synchronizer', true);
    WITH u AS (UPDATE service_replicas SET slots = 1 RETURNING service)
    SELECT string_agg(service, ' ') INTO role FROM u;
    PERFORM set_config('role', 'none', true);
    PERFORM pg_temp.expect('replicas changed by the Synchronizer', role, 'synchronizer');
    PERFORM set_config('role', 'bigbrotr_writer_dvm', true);
    WITH d AS (DELETE FROM service_replicas RETURNING service)
    SELECT string_agg(service, ' ') INTO role FROM d;
    PERFORM set_config('role', 'none', true);
    PERFORM pg_temp.expect('replicas deleted by the DVM', role, 'dvm');
    PERFORM set_config('role', 'bigbrotr_writer_synchronizer', true);
    WITH d AS (DELETE FROM service_state
                WHERE service_name = ANY (ARRAY(SELECT s.service_name FROM service_state s FOR UPDATE)) RETURNING service_name)
    SELECT string_agg(service_name, ' ') INTO role FROM d;
    PERFORM set_config('role', 'none', true);
    PERFORM pg_temp.expect('states deleted by the Synchronizer', role, 'synchronizer:1');

    -- PgBouncer's login: one function and nothing else.
    PERFORM pg_temp.as_group('pgbouncer', NULL, 'SELECT name, verifier FROM pgbouncer_get_auth(''nobody'')');
    PERFORM pg_temp.as_group('pgbouncer', denied, 'SELECT count(*) FROM relays');
    PERFORM pg_temp.as_group('pgbouncer', denied, 'SELECT known_events(''{}'', 1)');

    -- Everything belongs to the owner, who is no superuser; every SECURITY DEFINER function has a fixed search_path.
    PERFORM pg_temp.expect('owners', (SELECT array_agg(DISTINCT pg_get_userbyid(c.relowner)::text) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')), ARRAY['bigbrotr_owner']);
    PERFORM pg_temp.expect('functions of others', (SELECT array_agg(p.proname::text) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND pg_get_userbyid(p.proowner) <> 'bigbrotr_owner'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')), ARRAY['pgbouncer_get_auth']);
    PERFORM pg_temp.expect('loose search_path', (SELECT array_agg(p.proname::text) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
          AND NOT coalesce(p.proconfig && ARRAY['search_path=public, pg_temp', 'search_path=pg_catalog, pg_temp'], false)), NULL);
    PERFORM pg_temp.expect('owner is plain', (SELECT (rolsuper, rolcanlogin, rolcreaterole, rolbypassrls)::text FROM pg_roles
        WHERE rolname = 'bigbrotr_owner'), '(f,f,f,f)');
    PERFORM pg_temp.expect('executable by all', (SELECT array_agg(p.proname::text) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')), NULL);

    -- A view of tomorrow: closed until apply_rights, then readable by all, writable by none.
    CREATE VIEW of_tomorrow AS SELECT relay_url FROM relays;
    PERFORM pg_temp.as_group('reader', denied, 'SELECT count(*) FROM of_tomorrow');
    PERFORM apply_rights();
    FOR role IN SELECT pg_temp.groups() LOOP
        PERFORM pg_temp.as_group(role, NULL, 'SELECT count(*) FROM of_tomorrow');
        PERFORM pg_temp.as_group(role, denied, 'DELETE FROM of_tomorrow');
    END LOOP;
END $$;
