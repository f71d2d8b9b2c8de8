-- Pure functions of tags and ids, logins and rights. Nothing here reads a table of the archive.

-- Advisory locks of this schema, all of transactions, all (16962, n): 1 existence of events (shared by those who link
-- them, exclusive for those who delete them), 2 folding of statistics, 3 installation (taken by the Initializer),
-- 4 hearing of what other monitors say.

-- tags_to_tagvalues: the first values of all one-letter tags, in order, without NULLs; {} when there are none.
CREATE OR REPLACE FUNCTION public.tags_to_tagvalues(p_tags jsonb)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(t.tag ->> 1 ORDER BY t.n), '{}')
      FROM jsonb_array_elements(CASE jsonb_typeof(p_tags) WHEN 'array' THEN p_tags ELSE '[]' END)
           WITH ORDINALITY AS t (tag, n)
     WHERE jsonb_typeof(t.tag) = 'array' AND octet_length(t.tag ->> 0) = 1 AND t.tag ->> 1 IS NOT NULL;
$$;
COMMENT ON FUNCTION public.tags_to_tagvalues(jsonb) IS 'First values of all one-letter tags, in order, without NULLs.';

-- event_address: first 16 bytes of SHA-256 of "kind:pubkey:d" of a replaceable or addressable event, otherwise NULL.
-- Only addressable kinds have a d; it is the value of the first d tag, "" when that is missing (NIP-01).
CREATE OR REPLACE FUNCTION public.event_address(p_kind int, p_pubkey bytea, p_tags jsonb)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(substr(sha256(convert_to(
               format('%s:%s:%s', p_kind, encode(p_pubkey, 'hex'), CASE WHEN p_kind >= 30000 THEN (
                   SELECT t.tag ->> 1 FROM jsonb_array_elements(p_tags) WITH ORDINALITY AS t (tag, n)
                    WHERE t.tag ->> 0 = 'd' ORDER BY t.n LIMIT 1) END),
               'UTF8')), 1, 16), 'hex')::uuid
     WHERE p_kind IN (0, 3) OR p_kind BETWEEN 10000 AND 19999 OR p_kind BETWEEN 30000 AND 39999;
$$;
COMMENT ON FUNCTION public.event_address(int, bytea, jsonb) IS 'Key of latest_versions of an event, NULL for kinds without one.';

-- add_id: the sum of two little-endian 256-bit numbers modulo 2^256, as relay_day.idsum needs it. 32 bytes each.
CREATE OR REPLACE FUNCTION public.add_id(p_sum bytea, p_id bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    carry int := 0;
BEGIN
    FOR i IN 0 .. 31 LOOP
        carry := carry + get_byte(p_sum, i) + get_byte(p_id, i);
        p_sum := set_byte(p_sum, i, carry & 255);
        carry := carry >> 8;
    END LOOP;
    RETURN p_sum;
END $$;
COMMENT ON FUNCTION public.add_id(bytea, bytea) IS 'Sum of little-endian 256-bit numbers modulo 2^256.';

-- subtract_id: takes back what add_id added.
CREATE OR REPLACE FUNCTION public.subtract_id(p_sum bytea, p_id bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    carry int := 1;
BEGIN
    FOR i IN 0 .. 31 LOOP
        carry := carry + get_byte(p_sum, i) + 255 - get_byte(p_id, i);
        p_sum := set_byte(p_sum, i, carry & 255);
        carry := carry >> 8;
    END LOOP;
    RETURN p_sum;
END $$;
COMMENT ON FUNCTION public.subtract_id(bytea, bytea) IS 'Difference of little-endian 256-bit numbers modulo 2^256.';

-- Aggregate of add_id, for recomputations.
DO $$
BEGIN
    IF to_regprocedure('public.sum_ids(bytea)') IS NULL THEN
        CREATE AGGREGATE public.sum_ids(bytea) (
            SFUNC = public.add_id, STYPE = bytea, PARALLEL = SAFE,
            INITCOND = '\x0000000000000000000000000000000000000000000000000000000000000000');
        COMMENT ON AGGREGATE public.sum_ids(bytea) IS 'Sum of ids as relay_day keeps it.';
    END IF;
END $$;

-- scram_verifier: what PostgreSQL keeps of a password (RFC 5803), so that the password itself is in no statement that
-- could reach a log. 4096 rounds, a random salt of 16 bytes. The caller's own parameters are the caller's to protect.
CREATE OR REPLACE FUNCTION public.scram_verifier(p_password text)
RETURNS text LANGUAGE plpgsql VOLATILE STRICT SET search_path = public, pg_temp AS $$
DECLARE
    key   bytea := convert_to(p_password, 'UTF8');
    salt  bytea := gen_random_bytes(16);
    block bytea := hmac(salt || '\x00000001'::bytea, key, 'sha256');
    mixed bit(256) := ('x' || encode(block, 'hex'))::bit(256);
    salted bytea;
BEGIN
    IF p_password !~ '^[\x20-\x7e]{1,128}$' THEN
        RAISE EXCEPTION 'a password here is 1 to 128 printable ASCII characters' USING ERRCODE = '22023';
    END IF;
    FOR i IN 2 .. 4096 LOOP
        block := hmac(block, key, 'sha256');
        mixed := mixed # ('x' || encode(block, 'hex'))::bit(256);
    END LOOP;
    SELECT decode(string_agg(lpad(to_hex(substring(mixed FROM 1 + 32 * w FOR 32)::bit(32)::int), 8, '0'), '' ORDER BY w), 'hex')
      INTO salted FROM generate_series(0, 7) AS w;
    RETURN format('SCRAM-SHA-256$4096:%s$%s:%s', encode(salt, 'base64'),
        encode(sha256(hmac('Client Key'::bytea, salted, 'sha256')), 'base64'),
        encode(hmac('Server Key'::bytea, salted, 'sha256'), 'base64'));
END $$;
COMMENT ON FUNCTION public.scram_verifier(text) IS 'SCRAM-SHA-256 verifier of a password.';

-- create_service_login: the login bigbrotr_<service>, member of its service's group, with the group's settings.
-- p_secret is a password or a SCRAM-SHA-256 verifier; NULL keeps the password there is. Returns the login's name.
-- A login belongs to the cluster: installations of other databases may touch it at the same moment, hence the retries.
CREATE OR REPLACE FUNCTION public.create_service_login(p_service text, p_secret text)
RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    login     text := 'bigbrotr_' || p_service;
    own_group text := CASE WHEN p_service = 'api' THEN 'bigbrotr_reader' ELSE 'bigbrotr_writer_' || p_service END;
    secret    text := p_secret;
    setting   text;
BEGIN
    IF p_service NOT IN ('finder', 'monitor', 'synchronizer', 'priority_synchronizer', 'api', 'dvm') THEN
        RAISE EXCEPTION 'no login for service %', p_service USING ERRCODE = '22023';
    END IF;
    IF secret NOT LIKE 'SCRAM-SHA-256$%' THEN
        secret := scram_verifier(secret);
    END IF;
    FOR attempt IN 1 .. 10 LOOP
        BEGIN
            IF to_regrole(login) IS NULL THEN
                EXECUTE format('CREATE ROLE %I LOGIN', login);
            END IF;
            IF secret IS NOT NULL THEN
                EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', login, secret);
            END IF;
            IF NOT pg_has_role(login, own_group, 'USAGE') THEN
                EXECUTE format('GRANT %I TO %I', own_group, login);
            END IF;
            FOR setting IN
                SELECT unnest(g.setconfig) FROM pg_db_role_setting g WHERE g.setrole = own_group::regrole AND g.setdatabase = 0
                EXCEPT
                SELECT unnest(l.setconfig) FROM pg_db_role_setting l WHERE l.setrole = login::regrole AND l.setdatabase = 0
            LOOP
                EXECUTE format('ALTER ROLE %I SET %s = %L', login, split_part(setting, '=', 1), split_part(setting, '=', 2));
            END LOOP;
            RETURN login;
        EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN
            IF attempt = 10 THEN
                RAISE EXCEPTION 'login % is being changed by others', login USING ERRCODE = '55006';
            END IF;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.create_service_login(text, text) IS 'Creates or renews the login of a service.';

-- pgbouncer_get_auth: PgBouncer's auth_query. Only an administrator can make it, since only one may read pg_shadow;
-- without it PgBouncer takes the verifiers from its own file. Logins with powers over the cluster are never returned.
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE NOTICE 'pgbouncer_get_auth was left out: % is not a superuser; give PgBouncer an auth_file', current_user;
        RETURN;
    END IF;
    CREATE OR REPLACE FUNCTION public.pgbouncer_get_auth(p_name name, OUT name name, OUT verifier text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
        SELECT s.usename, s.passwd FROM pg_shadow s
         WHERE s.usename = p_name AND NOT s.usesuper AND NOT s.userepl AND NOT s.usebypassrls
           AND coalesce(s.valuntil, 'infinity') > now();
    $f$;
    COMMENT ON FUNCTION public.pgbouncer_get_auth(name) IS 'Name and verifier of a login, for PgBouncer alone; never of a superuser.';
    REVOKE ALL ON FUNCTION public.pgbouncer_get_auth(name) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.pgbouncer_get_auth(name) TO bigbrotr_pgbouncer;
END $$;

-- apply_rights: hands everything in schema public to bigbrotr_owner and grants each group what it needs and no more.
-- Objects come from the catalogue, so a new table or view can be read at once and is writable by nobody until it has
-- a line here. 06_views.sql and every migration end with it. Members of extensions and pgbouncer_get_auth stay out.
CREATE OR REPLACE FUNCTION public.apply_rights()
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    item   record;
    groups text;
BEGIN
    SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) INTO groups
      FROM pg_roles r WHERE (r.rolname = 'bigbrotr_reader' OR r.rolname LIKE 'bigbrotr\_writer\_%') AND NOT r.rolcanlogin;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO bigbrotr_owner, bigbrotr_pgbouncer, %s', current_database(), groups);
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE, CREATE ON SCHEMA public TO bigbrotr_owner;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO bigbrotr_pgbouncer, %s', groups);

    FOR item IN
        SELECT c.oid::regclass::text AS name, pg_get_userbyid(c.relowner) AS owner
          FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
         ORDER BY c.oid
    LOOP
        IF item.owner <> 'bigbrotr_owner' THEN
            EXECUTE format('ALTER TABLE %s OWNER TO bigbrotr_owner', item.name);
        END IF;
        EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, %s', item.name, groups);
        EXECUTE format('GRANT SELECT ON TABLE %s TO bigbrotr_reader', item.name);
    END LOOP;

    FOR item IN
        SELECT p.oid::regprocedure::text AS name, p.prokind = 'a' AS is_aggregate, pg_get_userbyid(p.proowner) AS owner
          FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND p.proname <> 'pgbouncer_get_auth'
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
         ORDER BY p.oid
    LOOP
        IF item.owner <> 'bigbrotr_owner' THEN
            EXECUTE format('ALTER ROUTINE %s OWNER TO bigbrotr_owner', item.name);
        END IF;
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, %s', item.name, groups);
    END LOOP;

    ALTER TYPE tagset OWNER TO bigbrotr_owner;

    FOR item IN
        SELECT p.oid::regprocedure::text AS name, string_agg('bigbrotr_' || m.member, ', ' ORDER BY m.member) AS members
          FROM (VALUES
                ('tags_to_tagvalues', 'reader'),
                ('event_address', 'reader'),
                ('add_id', 'reader'),
                ('sum_ids', 'reader'),
                ('known_events', 'reader'),
                ('new_events', 'reader'),
                ('schema_inventory', 'reader'),
                ('schema_expected', 'reader'),
                ('schema_missing', 'reader'),
                ('insert_relay', 'writer_finder writer_priority_synchronizer'),
                ('insert_relays', 'writer_finder writer_priority_synchronizer'),
                ('commit_candidates', 'writer_finder'),
                ('unranked_relays', 'reader'),
                ('commit_ranking', 'writer_finder'),
                ('due_nip05', 'reader'),
                ('note_nip05', 'writer_finder'),
                ('settle_nip05', 'writer_finder'),
                ('claim_checks', 'writer_monitor'),
                ('commit_check', 'writer_monitor'),
                ('find_aliases', 'writer_monitor'),
                ('queue_event', 'writer_monitor'),
                ('claim_publishing', 'writer_monitor'),
                ('settle_publishing', 'writer_monitor'),
                ('trim_publishing', 'writer_monitor'),
                ('hear_deltas', 'writer_monitor'),
                ('note_opinions', 'writer_monitor'),
                ('insert_relay_metadata', 'writer_monitor'),
                ('delete_orphan_nip11', 'writer_monitor'),
                ('delete_orphan_nip66', 'writer_monitor'),
                ('insert_event', 'writer_synchronizer writer_priority_synchronizer'),
                ('claim_relays', 'writer_synchronizer writer_priority_synchronizer'),
                ('commit_pages', 'writer_synchronizer writer_priority_synchronizer'),
                ('note_phantoms', 'writer_synchronizer writer_priority_synchronizer'),
                ('fold_statistics', 'writer_synchronizer'),
                ('erase_vanished', 'writer_synchronizer'),
                ('delete_orphan_events', 'writer_synchronizer')) AS g (routine, members),
               string_to_table(g.members, ' ') AS m (member),
               pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND p.proname = g.routine
         GROUP BY p.oid ORDER BY p.oid
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', item.name, item.members);
    END LOOP;

    -- What stays plain SQL: renewals and releases of leases, the Monitor's claims, and each service's own rows.
    FOR item IN
        SELECT 'bigbrotr_writer_' || w.member AS member, g.object, g.rights
          FROM (VALUES
                ('relays', 'UPDATE (status, last_seen)', 'monitor'),
                ('relay_checks', 'UPDATE (due_at, owner, fence, fails, last_error)', 'monitor'),
                ('relay_sync', 'UPDATE (due_at, owner, class, fails, rate, deficit_bytes, last_error, behaviour)',
                    'synchronizer priority_synchronizer'),
                ('relay_sync', 'UPDATE (lane, lane_next, fence)', 'priority_synchronizer'),
                ('service_replicas', 'INSERT, UPDATE, DELETE', 'finder monitor synchronizer priority_synchronizer dvm'),
                ('service_leases', 'UPDATE (owner, fence, due_at)', 'finder synchronizer priority_synchronizer'),
                ('service_state', 'INSERT, UPDATE, DELETE', 'finder monitor synchronizer priority_synchronizer dvm')
               ) AS g (object, rights, members),
               string_to_table(g.members, ' ') AS w (member)
         ORDER BY g.object, g.rights, w.member
    LOOP
        EXECUTE format('GRANT %s ON TABLE %I TO %I', item.rights, item.object, item.member);
    END LOOP;
END $$;
COMMENT ON FUNCTION public.apply_rights() IS 'Ownership and grants of everything in schema public; run at the end of every migration.';
