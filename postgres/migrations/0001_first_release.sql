-- The first release: the sum of postgres/init/00 to 06. Frozen; later changes are later migrations.

-- 00_extensions.sql ---------------------------------------------------------------------

-- What the schema needs of the cluster: extensions and group roles.
--
-- These files are plain SQL that may run twice, as one transaction a file or statement by statement, through PgBouncer
-- in transaction mode, as a superuser or as the owner of the database with CREATEROLE. docs/DATABASE.md has the rest.

-- They build a new database or confirm one of their own version. An older or newer one belongs to postgres/migrations.
DO $$
DECLARE
    found int;
BEGIN
    IF current_setting('server_version_num')::int < 140000 THEN
        RAISE EXCEPTION 'PostgreSQL 14 or newer is needed, this is %', current_setting('server_version');
    END IF;
    IF to_regclass('public.schema_migrations') IS NOT NULL THEN
        EXECUTE 'SELECT max(version) FROM public.schema_migrations' INTO found;
    END IF;
    IF found <> 1 THEN
        RAISE EXCEPTION 'this database is at migration %, these files are at 1', found
            USING HINT = 'Let the Initializer apply postgres/migrations instead.';
    END IF;
END $$;

CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Group roles: nobody logs in as one of them; the logins bigbrotr_<service> are members (create_service_login).
-- A role belongs to the cluster, so another database may have made it, or be making it at this moment.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'bigbrotr_owner', 'bigbrotr_reader', 'bigbrotr_pgbouncer',
        'bigbrotr_writer_finder', 'bigbrotr_writer_monitor', 'bigbrotr_writer_synchronizer',
        'bigbrotr_writer_priority_synchronizer', 'bigbrotr_writer_dvm'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles r WHERE r.rolname = name);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % is missing and % may not create roles', name, current_user
                    USING HINT = 'Create the roles of docs/DATABASE.md once as an administrator.';
        END;
    END LOOP;
END $$;

-- Writers read what everybody may read. The installing user joins the owner, so that it can come back for migrations.
DO $$
DECLARE
    pair record;
BEGIN
    FOR pair IN
        SELECT 'bigbrotr_reader' AS granted, r.rolname::text AS member
          FROM pg_roles r WHERE r.rolname LIKE 'bigbrotr\_writer\_%' AND NOT r.rolcanlogin
        UNION ALL SELECT 'bigbrotr_owner', current_user::text
         ORDER BY 1, 2
    LOOP
        CONTINUE WHEN pg_has_role(pair.member, pair.granted, 'USAGE');
        BEGIN
            EXECUTE format('GRANT %I TO %I', pair.granted, pair.member);
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END LOOP;
END $$;

-- Settings of a role hold for logins only and are not inherited: they stand on the groups as the one place to look,
-- and create_service_login copies them. Timeouts are ceilings above the deadlines that the services keep themselves.
DO $$
DECLARE
    wish record;
BEGIN
    FOR wish IN
        SELECT r.rolname, s.name, CASE WHEN r.rolname LIKE '%writer%' THEN s.writer ELSE s.reader END AS value
          FROM pg_roles r,
               (VALUES ('statement_timeout', '150s', '30s'),
                       ('lock_timeout', '30s', '5s'),
                       ('idle_in_transaction_session_timeout', '60s', '30s'),
                       ('default_transaction_read_only', NULL, 'on'),
                       ('random_page_cost', '1.1', '1.1'),
                       ('jit', 'off', 'off')) AS s (name, writer, reader)
         WHERE (r.rolname = 'bigbrotr_reader' OR r.rolname LIKE 'bigbrotr\_writer\_%') AND NOT r.rolcanlogin
         ORDER BY 1, 2
    LOOP
        CONTINUE WHEN wish.value IS NULL OR EXISTS (
            SELECT FROM pg_db_role_setting d
             WHERE d.setrole = wish.rolname::regrole AND d.setdatabase = 0
               AND format('%s=%s', wish.name, wish.value) = ANY (d.setconfig));
        BEGIN
            EXECUTE format('ALTER ROLE %I SET %s = %L', wish.rolname, wish.name, wish.value);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE '% could not be set on %: not permitted', wish.name, wish.rolname;
        END;
    END LOOP;
END $$;

-- 01_utility_functions.sql ---------------------------------------------------------------------

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

-- 02_tables.sql ---------------------------------------------------------------------

-- Tables of the first release. Conventions:
--   times of Nostr and of observations are whole Unix seconds (bigint; int where rows are many);
--   times of scheduling (due_at, heartbeat_at, applied_at) are timestamptz, always by the database's now();
--   ids, keys, signatures and digests are bytes, never hex; fixed-width columns stand first; no foreign key on events.
-- Only the owner named in docs/DATABASE.md writes a table. Comments stand at every column with a state or a unit.

CREATE TABLE IF NOT EXISTS public.schema_migrations (
    version     int PRIMARY KEY CHECK (version > 0),
    name        text NOT NULL,
    checksum    bytea NOT NULL CHECK (octet_length(checksum) = 32),
    applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.schema_migrations IS 'Migrations this database has, written by the Initializer and by 99_verify.sql.';
COMMENT ON COLUMN public.schema_migrations.name IS 'File name without .sql, for example 0001_first_release.';
COMMENT ON COLUMN public.schema_migrations.checksum IS 'SHA-256 of the file, 32 bytes.';

-- Relays ------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.relays (
    relay_url   text PRIMARY KEY CHECK (octet_length(relay_url) BETWEEN 1 AND 2048),
    network     text NOT NULL CHECK (network IN ('clearnet', 'tor', 'i2p', 'loki', 'local')),
    first_seen  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    last_seen   bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    status      text NOT NULL DEFAULT 'unknown' CHECK (status IN ('unknown', 'online', 'offline', 'dead', 'ignored')),
    relay_id    int GENERATED ALWAYS AS IDENTITY UNIQUE
);
COMMENT ON TABLE public.relays IS 'Every relay known, by its canonical URL.';
COMMENT ON COLUMN public.relays.relay_url IS 'Canonical URL, 1 to 2048 bytes.';
COMMENT ON COLUMN public.relays.network IS 'clearnet, tor, i2p, loki or local.';
COMMENT ON COLUMN public.relays.first_seen IS 'Unix seconds of the first insert.';
COMMENT ON COLUMN public.relays.last_seen IS 'Unix seconds of the last check that the relay answered; the first insert until then.';
COMMENT ON COLUMN public.relays.status IS 'unknown (never checked), online, offline, dead (set by the Monitor), ignored (set by the operator: never dialled).';
COMMENT ON COLUMN public.relays.relay_id IS 'Short key used wherever rows are many; never reused.';

CREATE TABLE IF NOT EXISTS public.relay_sync (
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    lane           smallint NOT NULL DEFAULT 0 CHECK (lane IN (0, 1)),
    lane_next      smallint CHECK (lane_next IN (0, 1)),
    class          smallint NOT NULL DEFAULT 0 CHECK (class BETWEEN 0 AND 5),
    fails          int NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    fence          bigint NOT NULL DEFAULT 0,
    tail_seen      bigint,
    sealed_hi      bigint,
    walk_lo        bigint,
    walk_hi        bigint,
    frontier       bigint,
    deficit_bytes  bigint NOT NULL DEFAULT 0,
    events_new     bigint NOT NULL DEFAULT 0,
    sightings      bigint NOT NULL DEFAULT 0,
    cap_seen       int,
    page_size      int,
    rate           real,
    owner          uuid,
    network        text NOT NULL,
    last_error     text,
    behaviour      jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.relay_sync IS 'One row a relay: who archives it, until when, and how far it is proven. commit_pages moves the progress, claims and releases move the lease.';
COMMENT ON COLUMN public.relay_sync.lane IS '0 ordinary, 1 priority.';
COMMENT ON COLUMN public.relay_sync.lane_next IS 'Lane that the relay is moved to when its lease is given back; NULL when it stays.';
COMMENT ON COLUMN public.relay_sync.class IS '0 ok, 1 auth, 2 unordered, 3 unpageable, 4 blocked, 5 unreachable.';
COMMENT ON COLUMN public.relay_sync.fails IS 'Failed visits in a row.';
COMMENT ON COLUMN public.relay_sync.due_at IS 'Free: the next visit is due. Held: the lease ends. One column for both, so that one index finds both.';
COMMENT ON COLUMN public.relay_sync.fence IS 'Rises with every claim; a write carries (fence, owner) and is refused when either differs.';
COMMENT ON COLUMN public.relay_sync.owner IS 'Replica that holds the lease, a fresh UUID per process start; NULL when free.';
COMMENT ON COLUMN public.relay_sync.tail_seen IS 'Unix seconds: created_at up to which the tail has been followed. At most now + 1 h when written.';
COMMENT ON COLUMN public.relay_sync.sealed_hi IS 'Unix seconds: upper end of proven history, inclusive. Only rises.';
COMMENT ON COLUMN public.relay_sync.walk_lo IS 'Unix seconds: lower end of the walk in progress, inclusive; NULL when there is none.';
COMMENT ON COLUMN public.relay_sync.walk_hi IS 'Unix seconds: upper end of the walk in progress, inclusive; NULL when there is none.';
COMMENT ON COLUMN public.relay_sync.frontier IS 'Unix seconds: (frontier, walk_hi] is proven, the second itself is still open. Only falls while a walk is in progress.';
COMMENT ON COLUMN public.relay_sync.deficit_bytes IS 'Bytes of download this relay has used beyond its fair share.';
COMMENT ON COLUMN public.relay_sync.events_new IS 'Events that were stored from this relay first.';
COMMENT ON COLUMN public.relay_sync.sightings IS 'Events ever linked to this relay.';
COMMENT ON COLUMN public.relay_sync.cap_seen IS 'Events in the largest conclusive page.';
COMMENT ON COLUMN public.relay_sync.page_size IS 'Events asked for in the next page.';
COMMENT ON COLUMN public.relay_sync.rate IS 'Requests a second the relay tolerates, as learned.';
COMMENT ON COLUMN public.relay_sync.network IS 'Copy of relays.network, which never changes: claims go by network.';
COMMENT ON COLUMN public.relay_sync.last_error IS 'Kind of the last failure, at most 512 bytes; NULL after success.';
COMMENT ON COLUMN public.relay_sync.behaviour IS 'How the relay answers; a key is absent until it was seen. order: newest_first or '
    'unordered; since, until: honoured; bounds: inclusive, since_exclusive, until_exclusive or exclusive; '
    'hints (NIP-67), count (NIP-45, was what it served), negentropy (NIP-77), '
    'auth (NIP-42, demanded); '
    'calibrated_at: Unix seconds of the last shortcoming; contradictions, short_answers: how many; filter: of the coverage; '
    'span: seconds of history that hold an answer''s worth of events, where it is read in windows of time; '
    'rescans: by age of read intervals, from the first look after the second pass, steps of the schedule by which looks come '
    'nearer (below 0: farther) and those in a row that found nothing; '
    'reading: visits in a row that got nothing out of a part of the history though the relay answered other questions, '
    'events asked for in a page of a further pass where that had to shrink (else 0), 1 where what is dated ahead is '
    'not asked for, and visits in a row in which sets that were compared before were not.';

CREATE TABLE IF NOT EXISTS public.relay_checks (
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    fails          int NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    fence          bigint NOT NULL DEFAULT 0,
    checked_at     bigint,
    failing_since  bigint,
    planned_at     bigint,
    full_at        bigint,
    ranked_at      timestamptz,
    compared_at    timestamptz,
    worth          real NOT NULL DEFAULT 0,
    domain_n       int,
    owner          uuid,
    queue          smallint NOT NULL DEFAULT 1 CHECK (queue BETWEEN 0 AND 2),
    network        text NOT NULL,
    last_error     text,
    domain         text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.relay_checks IS 'One row a relay: when the Monitor checks it next, and who does.';
COMMENT ON COLUMN public.relay_checks.fails IS 'Failed checks in a row.';
COMMENT ON COLUMN public.relay_checks.due_at IS 'Free: the next check is due. Held: the lease ends.';
COMMENT ON COLUMN public.relay_checks.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.relay_checks.checked_at IS 'Unix seconds of the last check; NULL before the first.';
COMMENT ON COLUMN public.relay_checks.planned_at IS 'Unix seconds for which the last check planned the next one: what it found is held for true until then. NULL before the first.';
COMMENT ON COLUMN public.relay_checks.full_at IS 'Unix seconds for which the next full check of a relay that is up is planned; light ones stand between. NULL before the first.';
COMMENT ON COLUMN public.relay_checks.failing_since IS 'Unix seconds of the first of the failed checks in a row; NULL after success.';
COMMENT ON COLUMN public.relay_checks.owner IS 'Replica that holds the lease; NULL when free.';
COMMENT ON COLUMN public.relay_checks.queue IS '0 held for online, 1 never checked, 2 any other; claimed apart, so that many of one sort do not hold up the others.';
COMMENT ON COLUMN public.relay_checks.network IS 'Copy of relays.network.';
COMMENT ON COLUMN public.relay_checks.last_error IS 'Kind of the last failure; NULL after success.';
COMMENT ON COLUMN public.relay_checks.worth IS 'How much speaks for it being a relay, from 0; among relays never checked the one of greatest worth comes first.';
COMMENT ON COLUMN public.relay_checks.ranked_at IS 'When the Finder worked worth out; NULL when it is to do so.';
COMMENT ON COLUMN public.relay_checks.compared_at IS 'When it was last looked whether the relay is another one by a second name; NULL before.';
COMMENT ON COLUMN public.relay_checks.domain IS 'Registered domain, or address, of its host; NULL before it was ranked.';
COMMENT ON COLUMN public.relay_checks.domain_n IS 'The how manieth relay of that domain it was.';

CREATE TABLE IF NOT EXISTS public.relay_coverage (
    relay_id     int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    lo           bigint NOT NULL,
    hi           bigint NOT NULL,
    state        smallint NOT NULL CHECK (state BETWEEN 0 AND 5),
    proof        smallint CHECK (proof BETWEEN 1 AND 4),
    reason       smallint CHECK (reason BETWEEN 1 AND 9),
    rescan_step  smallint,
    pages        int,
    cap          int,
    items        bigint,
    rescan_at    timestamptz,
    proved_at    timestamptz,
    PRIMARY KEY (relay_id, lo),
    CONSTRAINT relay_coverage_bounds CHECK (lo <= hi),
    CONSTRAINT relay_coverage_sealed_has_proof CHECK (
        state <> 3 OR (proof IS NOT NULL AND proved_at IS NOT NULL AND pages IS NOT NULL AND cap IS NOT NULL)),
    CONSTRAINT relay_coverage_gap_has_reason CHECK (state <> 5 OR reason IS NOT NULL),
    CONSTRAINT relay_coverage_disjoint EXCLUDE USING gist (relay_id WITH =, int8range(lo, hi, '[]') WITH &&)
);
COMMENT ON TABLE public.relay_coverage IS 'What is known about each closed interval of seconds of each relay; intervals of a relay never overlap.';
COMMENT ON COLUMN public.relay_coverage.lo IS 'Unix seconds, inclusive.';
COMMENT ON COLUMN public.relay_coverage.hi IS 'Unix seconds, inclusive.';
COMMENT ON COLUMN public.relay_coverage.state IS '0 open, 1 walking, 2 provisional, 3 sealed, 4 settled, 5 gap.';
COMMENT ON COLUMN public.relay_coverage.proof IS '1 the relay said finish (NIP-67), 2 negentropy equality (NIP-77), 3 two independent walks, 4 one walk and an exact COUNT (NIP-45).';
COMMENT ON COLUMN public.relay_coverage.reason IS 'Of a gap: 1 unanswered, 2 saturated_second, 3 until_ignored, 4 unordered, 5 auth, 6 payment, 7 restricted, 8 oversize, 9 poison.';
COMMENT ON COLUMN public.relay_coverage.pages IS 'Conclusive pages behind this row.';
COMMENT ON COLUMN public.relay_coverage.cap IS 'Largest page seen when it was proven.';
COMMENT ON COLUMN public.relay_coverage.items IS 'Events found in the interval.';
COMMENT ON COLUMN public.relay_coverage.rescan_at IS 'When the interval is looked at again; NULL when not planned.';
COMMENT ON COLUMN public.relay_coverage.rescan_step IS 'Position in the re-scan schedule; of a gap, how often it was left unanswered.';
COMMENT ON COLUMN public.relay_coverage.proved_at IS 'When it reached provisional, sealed or settled; NULL before.';

CREATE TABLE IF NOT EXISTS public.relay_day (
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    day       int NOT NULL,
    n         int NOT NULL CHECK (n >= 0),
    idsum     bytea NOT NULL CHECK (octet_length(idsum) = 32),
    PRIMARY KEY (relay_id, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_day IS 'Fingerprint of what is linked to a relay and not gone, by day of created_at.';
COMMENT ON COLUMN public.relay_day.day IS 'created_at / 86400.';
COMMENT ON COLUMN public.relay_day.n IS 'Sightings of the day.';
COMMENT ON COLUMN public.relay_day.idsum IS 'Sum of their ids as little-endian 256-bit numbers modulo 2^256, as NIP-77 adds them.';

CREATE TABLE IF NOT EXISTS public.relay_phantoms (
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    event_id    bytea NOT NULL CHECK (octet_length(event_id) = 32),
    n           int NOT NULL DEFAULT 1,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (relay_id, event_id)
);
COMMENT ON TABLE public.relay_phantoms IS 'Events that a relay claimed to have in a set reconciliation and did not deliver when asked for them three times.';
COMMENT ON COLUMN public.relay_phantoms.event_id IS 'The claimed id, 32 bytes.';
COMMENT ON COLUMN public.relay_phantoms.n IS 'Reconciliations in which it was so.';
COMMENT ON COLUMN public.relay_phantoms.first_seen IS 'First such reconciliation.';
COMMENT ON COLUMN public.relay_phantoms.last_seen IS 'Newest such reconciliation.';

-- Events ------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  bigint NOT NULL CHECK (created_at >= 0),
    expires_at  bigint,
    kind        int NOT NULL CHECK (kind BETWEEN 0 AND 65535),
    id_dialect  smallint NOT NULL DEFAULT 0 CHECK (id_dialect BETWEEN 0 AND 2),
    event_id    bytea NOT NULL UNIQUE CHECK (octet_length(event_id) = 32),
    pubkey      bytea NOT NULL CHECK (octet_length(pubkey) = 32),
    sig         bytea NOT NULL CHECK (octet_length(sig) = 64),
    tag_keys    bigint[],
    tags        jsonb COMPRESSION lz4 NOT NULL DEFAULT '[]',
    content     text COMPRESSION lz4 NOT NULL DEFAULT '',
    raw         bytea COMPRESSION lz4
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE public.events IS 'Every valid event ever seen, each once. Outside the database an event is its event_id.';
COMMENT ON COLUMN public.events.id IS 'Internal number, used by internal tables only.';
COMMENT ON COLUMN public.events.created_at IS 'Unix seconds as signed, 0 to 2^63-1.';
COMMENT ON COLUMN public.events.expires_at IS 'Unix seconds of the NIP-40 expiration tag; NULL without.';
COMMENT ON COLUMN public.events.id_dialect IS 'Which serialisation gives the id: 0 JSON escapes every character below U+0020, 1 U+007F too, 2 control characters without a short escape stand raw.';
COMMENT ON COLUMN public.events.event_id IS 'NIP-01 id, 32 bytes.';
COMMENT ON COLUMN public.events.pubkey IS 'Author, 32 bytes.';
COMMENT ON COLUMN public.events.sig IS 'BIP-340 signature, 64 bytes; the first one verified wins.';
COMMENT ON COLUMN public.events.tag_keys IS 'Keys of the one-letter tags, sorted, distinct: week of created_at << 48 | 48 bits of a hash of (letter, first 255 bytes of the value). Answers found by them are checked again against tags.';
COMMENT ON COLUMN public.events.raw IS 'The event as received, only when text or jsonb cannot hold it (NUL); tags and content then carry U+FFFD in its place.';

CREATE TABLE IF NOT EXISTS public.events_relays (
    event       bigint NOT NULL,
    created_at  bigint NOT NULL,
    relay_id    int NOT NULL,
    seen_at     int NOT NULL,
    gone_at     int
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE public.events_relays IS 'Which relay served which event. Most of the disk, therefore short keys and no foreign keys; the view sightings spells them out.';
COMMENT ON COLUMN public.events_relays.event IS 'events.id.';
COMMENT ON COLUMN public.events_relays.created_at IS 'Copy of events.created_at, so that all of one relay reads in time order.';
COMMENT ON COLUMN public.events_relays.seen_at IS 'Unix seconds of the first time the relay served it (32 bits: to January 2038).';
COMMENT ON COLUMN public.events_relays.gone_at IS 'Unix seconds when the relay was found to have it no more; NULL while it is served.';

CREATE TABLE IF NOT EXISTS public.event_batches (
    batch_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    committed_at  timestamptz NOT NULL DEFAULT now(),
    events        bigint[] COMPRESSION lz4 NOT NULL
);
COMMENT ON TABLE public.event_batches IS 'One row for each batch that stored new events. Readers of new events go by xid and take only rows below pg_snapshot_xmin(pg_current_snapshot()): nothing that commits late is passed over.';
COMMENT ON COLUMN public.event_batches.xid IS 'Transaction that stored the batch; the watermark of readers. Meaningless after a logical restore into another cluster.';
COMMENT ON COLUMN public.event_batches.committed_at IS 'Start of that transaction.';
COMMENT ON COLUMN public.event_batches.events IS 'events.id of the new events.';

CREATE TABLE IF NOT EXISTS public.latest_versions (
    address     uuid PRIMARY KEY,
    created_at  bigint NOT NULL,
    event       bigint NOT NULL,
    event_id    bytea NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE public.latest_versions IS 'Newest event of each replaceable or addressable address; on equal created_at the lowest id (NIP-01). All versions stay in events.';
COMMENT ON COLUMN public.latest_versions.address IS 'First 16 bytes of SHA-256 of "kind:pubkey:d".';
COMMENT ON COLUMN public.latest_versions.created_at IS 'Unix seconds, copy of the event''s.';
COMMENT ON COLUMN public.latest_versions.event IS 'events.id.';

CREATE TABLE IF NOT EXISTS public.tombstones (
    key     bytea NOT NULL CHECK (octet_length(key) IN (16, 32)),
    pubkey  bytea NOT NULL,
    up_to   bigint NOT NULL,
    event   bigint NOT NULL,
    PRIMARY KEY (key, pubkey)
);
COMMENT ON TABLE public.tombstones IS 'What deletions (NIP-09) and requests to vanish (NIP-62) name. Written when such an event is stored, applied by readers, never probed by inserts.';
COMMENT ON COLUMN public.tombstones.key IS '32 bytes: event id, or pubkey of one who vanishes; 16 bytes: address as in latest_versions.';
COMMENT ON COLUMN public.tombstones.pubkey IS 'Author of the deletion; it covers only events of the same author.';
COMMENT ON COLUMN public.tombstones.up_to IS 'Unix seconds: events with created_at up to this are meant.';
COMMENT ON COLUMN public.tombstones.event IS 'events.id of the deletion.';

CREATE TABLE IF NOT EXISTS public.erased_events (
    event_id  bytea PRIMARY KEY CHECK (octet_length(event_id) = 32)
);
COMMENT ON TABLE public.erased_events IS 'Ids of events erased because their author vanished (NIP-62). What is left of them, so that none comes back.';
COMMENT ON COLUMN public.erased_events.event_id IS 'NIP-01 id, 32 bytes.';

CREATE TABLE IF NOT EXISTS public.quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n           bigint NOT NULL DEFAULT 1,
    first_seen  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    last_seen   bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    relay_id    int,
    digest      bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    reason      text NOT NULL CHECK (octet_length(reason) <= 64),
    raw         bytea COMPRESSION lz4 CHECK (octet_length(raw) <= 65536)
);
COMMENT ON TABLE public.quarantine IS 'What failed validation. Bounded in rows: the oldest go (setting bigbrotr.quarantine_rows, default 100000).';
COMMENT ON COLUMN public.quarantine.n IS 'How often the same bytes came.';
COMMENT ON COLUMN public.quarantine.first_seen IS 'Unix seconds.';
COMMENT ON COLUMN public.quarantine.last_seen IS 'Unix seconds.';
COMMENT ON COLUMN public.quarantine.relay_id IS 'Relay that sent it first.';
COMMENT ON COLUMN public.quarantine.digest IS 'SHA-256 of the whole bytes.';
COMMENT ON COLUMN public.quarantine.reason IS 'Kind of the defect in snake_case.';
COMMENT ON COLUMN public.quarantine.raw IS 'The bytes, at most the first 65536.';

-- Statistics: counters that the batches' queue rows are folded into -------------------------------------------------

CREATE TABLE IF NOT EXISTS public.stat_queue (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relay_id      int,
    new_pubkeys   bytea[] COMPRESSION lz4,
    new_kinds     int[] COMPRESSION lz4,
    old_pubkeys   bytea[] COMPRESSION lz4,
    old_kinds     int[] COMPRESSION lz4,
    gone_pubkeys  bytea[] COMPRESSION lz4,
    gone_kinds    int[] COMPRESSION lz4
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1);
COMMENT ON TABLE public.stat_queue IS 'Counting that is not folded yet, one row a relay page. Work is found by existence: folding deletes the row and moves the counters in one transaction.';
COMMENT ON COLUMN public.stat_queue.relay_id IS 'Relay of the page, or of sightings that were deleted; NULL for deleted events.';
COMMENT ON COLUMN public.stat_queue.new_pubkeys IS 'Authors of events that are new and linked to the relay; parallel to new_kinds.';
COMMENT ON COLUMN public.stat_queue.old_pubkeys IS 'Authors of events that were stored before and are now linked to the relay; parallel to old_kinds.';
COMMENT ON COLUMN public.stat_queue.gone_pubkeys IS 'Authors of events, with a relay of sightings, that were deleted; parallel to gone_kinds.';

CREATE TABLE IF NOT EXISTS public.stat_authors (
    author_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n          bigint NOT NULL,
    pubkey     bytea NOT NULL UNIQUE
) WITH (fillfactor = 80);
COMMENT ON TABLE public.stat_authors IS 'Events by author.';
COMMENT ON COLUMN public.stat_authors.n IS 'Events stored.';

CREATE TABLE IF NOT EXISTS public.stat_relay_authors (
    author_id  bigint NOT NULL,
    relay_id   int NOT NULL,
    n          int NOT NULL,
    PRIMARY KEY (relay_id, author_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE public.stat_relay_authors IS 'Sightings by relay and author.';
COMMENT ON COLUMN public.stat_relay_authors.n IS 'Sightings.';

CREATE TABLE IF NOT EXISTS public.stat_relay_kinds (
    n         bigint NOT NULL,
    relay_id  int NOT NULL,
    kind      int NOT NULL,
    PRIMARY KEY (relay_id, kind)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.stat_relay_kinds IS 'Sightings by relay and kind.';
COMMENT ON COLUMN public.stat_relay_kinds.n IS 'Sightings.';

CREATE TABLE IF NOT EXISTS public.stat_kinds (
    n     bigint NOT NULL,
    kind  int PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_kinds IS 'Events by kind.';
COMMENT ON COLUMN public.stat_kinds.n IS 'Events stored.';

CREATE TABLE IF NOT EXISTS public.stat_relays (
    n         bigint NOT NULL,
    authors   bigint NOT NULL,
    relay_id  int PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_relays IS 'Totals by relay.';
COMMENT ON COLUMN public.stat_relays.n IS 'Sightings.';
COMMENT ON COLUMN public.stat_relays.authors IS 'Distinct authors seen there.';

CREATE TABLE IF NOT EXISTS public.stat_totals (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    events   bigint NOT NULL DEFAULT 0,
    authors  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE public.stat_totals IS 'Totals of the archive, one row.';
COMMENT ON COLUMN public.stat_totals.authors IS 'Authors with at least one event stored.';
INSERT INTO public.stat_totals (one) VALUES (true) ON CONFLICT DO NOTHING;

-- Observations of the Monitor ---------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.nip11 (
    id                bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    raw               bytea COMPRESSION lz4 NOT NULL CHECK (octet_length(raw) <= 262144),
    supported_nips    int[],
    name              text,
    description       text,
    banner            text,
    icon              text,
    pubkey            text,
    self              text,
    contact           text,
    software          text,
    version           text,
    privacy_policy    text,
    terms_of_service  text,
    posting_policy    text,
    payments_url      text,
    relay_countries   text[],
    language_tags     text[],
    tags              text[],
    limitation        jsonb,
    fees              jsonb,
    retention         jsonb,
    extra_fields      jsonb COMPRESSION lz4,
    defects           text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE public.nip11 IS 'Relay information documents (NIP-11), each once, with typed columns beside the raw bytes; a bad field is a defect, never a reason to drop the document.';
COMMENT ON COLUMN public.nip11.id IS 'SHA-256 of raw.';
COMMENT ON COLUMN public.nip11.raw IS 'The body as received, after inflation, at most 262144 bytes.';
COMMENT ON COLUMN public.nip11.pubkey IS 'As served: hex, npub or neither.';
COMMENT ON COLUMN public.nip11.extra_fields IS 'Members without a column.';
COMMENT ON COLUMN public.nip11.defects IS 'Member and defect, for example supported_nips:not_a_list.';

CREATE TABLE IF NOT EXISTS public.nip66 (
    id         bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    openable   boolean,
    readable   boolean,
    writable   boolean,
    rtt_open   int,
    rtt_read   int,
    rtt_write  int,
    document   jsonb COMPRESSION lz4 NOT NULL
);
COMMENT ON TABLE public.nip66 IS 'Measurements (NIP-66), each distinct one once.';
COMMENT ON COLUMN public.nip66.id IS 'SHA-256 of the text of document.';
COMMENT ON COLUMN public.nip66.openable IS 'The WebSocket opened; NULL when not tried.';
COMMENT ON COLUMN public.nip66.readable IS 'A subscription ended in EOSE; NULL when not tried.';
COMMENT ON COLUMN public.nip66.writable IS 'An event was accepted; NULL when not tried.';
COMMENT ON COLUMN public.nip66.rtt_open IS 'Milliseconds to open; NULL when it did not open.';
COMMENT ON COLUMN public.nip66.rtt_read IS 'Milliseconds to the first answer of a subscription.';
COMMENT ON COLUMN public.nip66.rtt_write IS 'Milliseconds to the OK of an event.';
COMMENT ON COLUMN public.nip66.document IS 'Everything measured, the columns above included; behaviour is how the relay answers synchronizers (relay_sync.behaviour; page: events in its largest page).';

CREATE TABLE IF NOT EXISTS public.relay_metadata (
    relay_url     text NOT NULL REFERENCES public.relays (relay_url) ON DELETE CASCADE,
    generated_at  bigint NOT NULL,
    planned_at    bigint,
    unwatched_at  bigint,
    nip11_id      bytea REFERENCES public.nip11 (id),
    nip66_id      bytea REFERENCES public.nip66 (id),
    nip11_error   text,
    nip66_error   text,
    PRIMARY KEY (relay_url, generated_at)
);
COMMENT ON TABLE public.relay_metadata IS 'One row a check of a relay, also when it failed.';
COMMENT ON COLUMN public.relay_metadata.generated_at IS 'Unix seconds of the check.';
COMMENT ON COLUMN public.relay_metadata.planned_at IS 'Unix seconds for which this check planned the next one: what it found is held for true until then. NULL where no Monitor checked.';
COMMENT ON COLUMN public.relay_metadata.unwatched_at IS 'Unix seconds from which nobody looked until this check, although one was due; NULL when that was not for long.';
COMMENT ON COLUMN public.relay_metadata.nip11_error IS 'Kind of the failure of the fetch, not_asked in a light check; NULL when it gave a document or there was no host to ask.';
COMMENT ON COLUMN public.relay_metadata.nip66_error IS 'Kind of the failure of the measurement; NULL when it gave one or was not tried.';

CREATE TABLE IF NOT EXISTS public.relay_check_days (
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    day       int NOT NULL,
    checks    int NOT NULL CHECK (checks > 0),
    answered  int NOT NULL,
    PRIMARY KEY (relay_id, day),
    CONSTRAINT relay_check_days_parts CHECK (answered BETWEEN 0 AND checks)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_check_days IS 'Checks of a relay by day, counted as they are stored.';
COMMENT ON COLUMN public.relay_check_days.day IS 'relay_metadata.generated_at / 86400.';
COMMENT ON COLUMN public.relay_check_days.checks IS 'Checks of the day.';
COMMENT ON COLUMN public.relay_check_days.answered IS 'Those that the relay answered.';

CREATE TABLE IF NOT EXISTS public.relay_aliases (
    found_at  bigint NOT NULL,
    relay_id  int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    alias_of  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    evidence  jsonb NOT NULL,
    CONSTRAINT relay_aliases_older CHECK (alias_of < relay_id)
);
COMMENT ON TABLE public.relay_aliases IS 'Relays that are another one by a second name, found by what they serve. Looked at again each day; the row goes when it is no longer so.';
COMMENT ON COLUMN public.relay_aliases.found_at IS 'Unix seconds when it was first found so.';
COMMENT ON COLUMN public.relay_aliases.alias_of IS 'The relay that was known first of those that serve the same.';
COMMENT ON COLUMN public.relay_aliases.evidence IS 'days and events that are the same; same_host, same_document (NIP-11): which of the two holds.';

CREATE TABLE IF NOT EXISTS public.relay_transitions (
    at           bigint NOT NULL,
    recorded_at  bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    relay_id     int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    status       text NOT NULL CHECK (status IN ('unknown', 'online', 'offline', 'dead')),
    was          text NOT NULL CHECK (was IN ('unknown', 'online', 'offline', 'dead')),
    reason       text,
    PRIMARY KEY (relay_id, at),
    CONSTRAINT relay_transitions_changes CHECK (status <> was)
);
COMMENT ON TABLE public.relay_transitions IS 'How the status of relays changed. From one row to the next a relay was in that status; before its first row, and where the status is unknown, nothing is known of it.';
COMMENT ON COLUMN public.relay_transitions.at IS 'Unix seconds from which it was so: of offline the first failed check, of unknown the check that was due and not made.';
COMMENT ON COLUMN public.relay_transitions.recorded_at IS 'Unix seconds when it was established.';
COMMENT ON COLUMN public.relay_transitions.status IS 'unknown (not watched), online, offline, dead (offline for long).';
COMMENT ON COLUMN public.relay_transitions.was IS 'The status before; unknown at first.';
COMMENT ON COLUMN public.relay_transitions.reason IS 'Kind of the failure, not_watched or ignored; NULL for online.';

CREATE TABLE IF NOT EXISTS public.relay_opinions (
    asked_at       bigint NOT NULL,
    agreed         bigint NOT NULL DEFAULT 0,
    disagreed      bigint NOT NULL DEFAULT 0,
    relay_id       int PRIMARY KEY REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    monitors       int NOT NULL,
    monitors_down  int NOT NULL,
    rtt_open       int,
    is_up          boolean NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_opinions IS 'What other monitors say of a relay in archived events of kinds 30166 and 1066, beside what the last check found. Nothing depends on it.';
COMMENT ON COLUMN public.relay_opinions.asked_at IS 'Unix seconds of the look.';
COMMENT ON COLUMN public.relay_opinions.agreed IS 'Checks that found what most of the others said.';
COMMENT ON COLUMN public.relay_opinions.disagreed IS 'Checks that found the opposite. That as many say the one as the other, or nobody says anything, is no opinion.';
COMMENT ON COLUMN public.relay_opinions.monitors IS 'How many others said last, within the window, that it is there.';
COMMENT ON COLUMN public.relay_opinions.monitors_down IS 'How many said last that it is not.';
COMMENT ON COLUMN public.relay_opinions.rtt_open IS 'Median of the milliseconds to open of those who said that it is there; NULL when none told.';
COMMENT ON COLUMN public.relay_opinions.is_up IS 'Whether our check was answered.';

CREATE TABLE IF NOT EXISTS public.relay_voices (
    at        bigint NOT NULL,
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    is_up     boolean NOT NULL,
    pubkey    bytea NOT NULL CHECK (octet_length(pubkey) = 32),
    PRIMARY KEY (relay_id, pubkey)
);
COMMENT ON TABLE public.relay_voices IS 'How relays changed state in the words of other monitors: the newest change in archived events of kind 1066, by relay and author, while it counts.';
COMMENT ON COLUMN public.relay_voices.at IS 'created_at of the event, Unix seconds.';
COMMENT ON COLUMN public.relay_voices.is_up IS 'init and up say true, down says false.';
COMMENT ON COLUMN public.relay_voices.pubkey IS 'Author, 32 bytes.';

-- Publication -------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.publish_queue (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  bigint NOT NULL,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    relay_id    int REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    kind        int NOT NULL,
    pow         smallint NOT NULL DEFAULT 0 CHECK (pow BETWEEN 0 AND 64),
    digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
    identifier  text NOT NULL,
    tags        jsonb COMPRESSION lz4 NOT NULL,
    content     text COMPRESSION lz4 NOT NULL,
    CONSTRAINT publish_queue_address UNIQUE (kind, identifier)
) WITH (fillfactor = 70);
COMMENT ON TABLE public.publish_queue IS 'The newest event that the Monitor has for each address, all but its signature; who still has to get it is in publish_waiting. A row stays when all have it, to know what was said last.';
COMMENT ON COLUMN public.publish_queue.id IS 'Rises whenever a newer event takes the place of the row, so that what was sent before is no longer this row.';
COMMENT ON COLUMN public.publish_queue.created_at IS 'Of the event; of kind 30166 the second at which the check stands (relay_metadata.generated_at).';
COMMENT ON COLUMN public.publish_queue.queued_at IS 'When the event took the row.';
COMMENT ON COLUMN public.publish_queue.relay_id IS 'The relay that the event is about; NULL for those about the Monitor itself.';
COMMENT ON COLUMN public.publish_queue.pow IS 'Bits of work that the event shall have (NIP-13). The nonce is the smallest that does, so the id is fixed with the row.';
COMMENT ON COLUMN public.publish_queue.digest IS 'SHA-256 of the author and of what is not measured anew each time: an event with the same one is repeated only after a time.';
COMMENT ON COLUMN public.publish_queue.identifier IS 'Its tag d; empty for replaceable kinds.';

CREATE TABLE IF NOT EXISTS public.publish_targets (
    due_at       timestamptz NOT NULL DEFAULT now(),
    fence        bigint NOT NULL DEFAULT 0,
    accepted     bigint NOT NULL DEFAULT 0,
    refused      bigint NOT NULL DEFAULT 0,
    accepted_at  bigint,
    owner        uuid,
    fails        int NOT NULL DEFAULT 0,
    pow          smallint NOT NULL DEFAULT 0 CHECK (pow BETWEEN 0 AND 64),
    url          text PRIMARY KEY,
    last_error   text,
    last_message text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.publish_targets IS 'One row a relay that the Monitor publishes to: who does, when again, and how it answers.';
COMMENT ON COLUMN public.publish_targets.due_at IS 'Free: may be published to from then on. Held: the lease ends.';
COMMENT ON COLUMN public.publish_targets.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.publish_targets.accepted IS 'Events that it said OK true to.';
COMMENT ON COLUMN public.publish_targets.refused IS 'Events that it refused for good.';
COMMENT ON COLUMN public.publish_targets.accepted_at IS 'Unix seconds of the last OK true.';
COMMENT ON COLUMN public.publish_targets.owner IS 'Replica that holds the lease; NULL when free.';
COMMENT ON COLUMN public.publish_targets.fails IS 'Visits in a row that went wrong.';
COMMENT ON COLUMN public.publish_targets.pow IS 'Bits of work that it asked for (NIP-13); later events have them.';
COMMENT ON COLUMN public.publish_targets.last_error IS 'Why the last visit went wrong; NULL after a good one.';
COMMENT ON COLUMN public.publish_targets.last_message IS 'What the relay said to it, at most 512 bytes.';

CREATE TABLE IF NOT EXISTS public.publish_waiting (
    id       bigint NOT NULL REFERENCES public.publish_queue (id) ON UPDATE CASCADE ON DELETE CASCADE,
    skipped  int NOT NULL DEFAULT 0,
    tries    smallint NOT NULL DEFAULT 0,
    target   text NOT NULL,
    PRIMARY KEY (id, target)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE public.publish_waiting IS 'Which relays still have to get which event of publish_queue.';
COMMENT ON COLUMN public.publish_waiting.skipped IS 'How many older events of the address this relay never got.';
COMMENT ON COLUMN public.publish_waiting.tries IS 'How often the relay gave no answer to it, or an error.';
COMMENT ON COLUMN public.publish_waiting.target IS 'publish_targets.url.';

-- Candidates --------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.relay_spellings (
    n           bigint NOT NULL,
    first_seen  bigint NOT NULL,
    last_seen   bigint NOT NULL,
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    source      text NOT NULL CHECK (octet_length(source) BETWEEN 1 AND 256),
    spelling    text NOT NULL CHECK (octet_length(spelling) BETWEEN 1 AND 2048),
    PRIMARY KEY (relay_id, source, spelling)
);
COMMENT ON TABLE public.relay_spellings IS 'How relays are written, at most 1,000 spellings each; makes a merge reversible and a later rule applicable.';
COMMENT ON COLUMN public.relay_spellings.n IS 'How often the source wrote it so.';
COMMENT ON COLUMN public.relay_spellings.first_seen IS 'Unix seconds when it was first read.';
COMMENT ON COLUMN public.relay_spellings.last_seen IS 'Unix seconds when it was last read.';
COMMENT ON COLUMN public.relay_spellings.source IS 'events, or the URL of the API.';
COMMENT ON COLUMN public.relay_spellings.spelling IS 'As it was written; the canonical URL where that held a password or a token.';

CREATE TABLE IF NOT EXISTS public.relay_candidates (
    mentions    bigint NOT NULL DEFAULT 0,
    first_seen  bigint NOT NULL,
    last_seen   bigint NOT NULL,
    relay_id    int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    authors     int NOT NULL DEFAULT 0,
    worth       real NOT NULL DEFAULT 0,
    url_rule    smallint NOT NULL,
    source      text NOT NULL CHECK (octet_length(source) BETWEEN 1 AND 256),
    slot        text NOT NULL CHECK (slot ~ '^[a-z0-9_]{1,32}$'),
    PRIMARY KEY (relay_id, source, slot)
);
COMMENT ON TABLE public.relay_candidates IS 'Who names a relay: one row for each source and place in it.';
COMMENT ON COLUMN public.relay_candidates.mentions IS 'Events, or answers of the API, that name it there.';
COMMENT ON COLUMN public.relay_candidates.first_seen IS 'Unix seconds when the first of them was read.';
COMMENT ON COLUMN public.relay_candidates.last_seen IS 'Unix seconds when the last of them was read.';
COMMENT ON COLUMN public.relay_candidates.authors IS 'Distinct authors of them; counted up to 1,000 and a little more.';
COMMENT ON COLUMN public.relay_candidates.worth IS 'Its part of relay_checks.worth, when that was worked out.';
COMMENT ON COLUMN public.relay_candidates.url_rule IS 'Version of the rule that made the canonical URL of what was last read.';
COMMENT ON COLUMN public.relay_candidates.source IS 'events, or the URL of the API.';
COMMENT ON COLUMN public.relay_candidates.slot IS 'Place in the source, for example relay_list; of APIs the shape.';

CREATE TABLE IF NOT EXISTS public.relay_candidate_authors (
    author    bigint NOT NULL,
    relay_id  int NOT NULL REFERENCES public.relays (relay_id) ON DELETE CASCADE,
    slot      text NOT NULL,
    PRIMARY KEY (relay_id, slot, author)
);
COMMENT ON TABLE public.relay_candidate_authors IS 'Which authors are counted in relay_candidates.authors of the source events.';
COMMENT ON COLUMN public.relay_candidate_authors.author IS 'First 8 bytes of the pubkey, big-endian.';

CREATE TABLE IF NOT EXISTS public.candidate_authors (
    author  bigint PRIMARY KEY,
    named   int NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE public.candidate_authors IS 'How much each author names: the weight of one who names very many relays is shared among them.';
COMMENT ON COLUMN public.candidate_authors.author IS 'First 8 bytes of the pubkey, big-endian.';
COMMENT ON COLUMN public.candidate_authors.named IS 'Rows of relay_candidate_authors that are the author''s.';

CREATE TABLE IF NOT EXISTS public.relay_domains (
    relays  int NOT NULL,
    domain  text PRIMARY KEY
) WITH (fillfactor = 70);
COMMENT ON TABLE public.relay_domains IS 'Relays of each registered domain: relays beyond a domain''s quota are worth less.';
COMMENT ON COLUMN public.relay_domains.relays IS 'How many were ranked.';

CREATE TABLE IF NOT EXISTS public.nip05_names (
    due_at      timestamptz NOT NULL,
    asked_at    timestamptz,
    author      bytea PRIMARY KEY CHECK (octet_length(author) = 32),
    name        text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    domain      text NOT NULL CHECK (octet_length(domain) BETWEEN 1 AND 320),
    last_error  text
);
COMMENT ON TABLE public.nip05_names IS 'The name (NIP-05) in each author''s profile, while the Finder''s setting nip05 is on, and when its document is asked for.';
COMMENT ON COLUMN public.nip05_names.due_at IS 'The next request.';
COMMENT ON COLUMN public.nip05_names.asked_at IS 'The last one.';
COMMENT ON COLUMN public.nip05_names.name IS 'Before the at sign.';
COMMENT ON COLUMN public.nip05_names.domain IS 'Behind it: host, and port where there is one.';
COMMENT ON COLUMN public.nip05_names.last_error IS 'Why the last request gave no relays; NULL when it confirmed the name.';

CREATE TABLE IF NOT EXISTS public.scan_watermarks (
    xid           xid8 NOT NULL DEFAULT '0',
    batch_id      bigint NOT NULL DEFAULT 0,
    committed_at  timestamptz,
    place         int NOT NULL DEFAULT 0,
    name          text PRIMARY KEY
) WITH (fillfactor = 50);
COMMENT ON TABLE public.scan_watermarks IS 'How far readers of new events have come in the order (xid, batch_id, place in events) of event_batches; moves with what they found, in one transaction.';
COMMENT ON COLUMN public.scan_watermarks.batch_id IS 'Last batch read from.';
COMMENT ON COLUMN public.scan_watermarks.place IS 'Events of that batch that are done.';
COMMENT ON COLUMN public.scan_watermarks.committed_at IS 'event_batches.committed_at of that batch; NULL before the first.';
INSERT INTO public.scan_watermarks (name) VALUES ('finder') ON CONFLICT DO NOTHING;

-- Services ----------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.service_state (
    service_name  text PRIMARY KEY,
    state         jsonb NOT NULL DEFAULT '{}',
    updated_at    bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint
);
COMMENT ON TABLE public.service_state IS 'What each service remembers; a replica may have a row of its own, named service:replica.';
COMMENT ON COLUMN public.service_state.updated_at IS 'Unix seconds.';

CREATE TABLE IF NOT EXISTS public.service_replicas (
    replica_id    uuid PRIMARY KEY,
    service       text NOT NULL,
    lane          smallint,
    steal_wanted  boolean NOT NULL DEFAULT false,
    slots         int NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL DEFAULT now(),
    heartbeat_at  timestamptz NOT NULL DEFAULT now(),
    build         text
) WITH (fillfactor = 50);
COMMENT ON TABLE public.service_replicas IS 'Processes alive, by their own word.';
COMMENT ON COLUMN public.service_replicas.lane IS '0 ordinary, 1 priority; NULL where it has no meaning.';
COMMENT ON COLUMN public.service_replicas.slots IS 'Relays it can hold at once.';
COMMENT ON COLUMN public.service_replicas.steal_wanted IS 'Has free slots and found nothing due: holders of more than their share yield.';
COMMENT ON COLUMN public.service_replicas.heartbeat_at IS 'Last sign of life.';
COMMENT ON COLUMN public.service_replicas.build IS 'Version of the executable.';

CREATE TABLE IF NOT EXISTS public.service_leases (
    name    text PRIMARY KEY,
    fence   bigint NOT NULL DEFAULT 0,
    due_at  timestamptz NOT NULL DEFAULT now(),
    owner   uuid
) WITH (fillfactor = 50);
COMMENT ON TABLE public.service_leases IS 'Work that only one replica does at a time; the rows are there from the start, a claim updates one.';
COMMENT ON COLUMN public.service_leases.fence IS 'Rises with every claim.';
COMMENT ON COLUMN public.service_leases.due_at IS 'The lease ends, or ended; free when in the past.';
COMMENT ON COLUMN public.service_leases.owner IS 'Replica that holds it; NULL when released.';
INSERT INTO public.service_leases (name) VALUES ('finder'), ('statistics'), ('priority_list'), ('coverage') ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS public.orphan_walks (
    name          text PRIMARY KEY CHECK (name IN ('events', 'nip11', 'nip66', 'vanished')),
    position_id   bigint NOT NULL DEFAULT 0,
    position_key  bytea NOT NULL DEFAULT '',
    rounds        bigint NOT NULL DEFAULT 0,
    deleted       bigint NOT NULL DEFAULT 0,
    deleted_at    timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE public.orphan_walks IS 'How far the delete_orphan functions and erase_vanished have walked.';
COMMENT ON COLUMN public.orphan_walks.position_id IS 'Of events: last id looked at in this round.';
COMMENT ON COLUMN public.orphan_walks.position_key IS 'Of nip11 and nip66: last id looked at in this round; of vanished: last author.';
COMMENT ON COLUMN public.orphan_walks.rounds IS 'Rounds completed.';
COMMENT ON COLUMN public.orphan_walks.deleted IS 'Rows deleted so far.';
COMMENT ON COLUMN public.orphan_walks.deleted_at IS 'Last time something was deleted; for an hour after it commit_pages makes sure that known events are still there.';
INSERT INTO public.orphan_walks (name) VALUES ('events'), ('nip11'), ('nip66'), ('vanished') ON CONFLICT DO NOTHING;

-- A service writes its own rows of these three tables and no others; everybody reads them. A row belongs to the service
-- that it names or that its name begins with, up to a colon; the leases of other names are listed.
ALTER TABLE public.service_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_replicas ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_leases ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT * FROM (VALUES
        ('service_state', $q$split_part(service_name, ':', 1)$q$),
        ('service_replicas', 'service'),
        ('service_leases', $q$CASE name WHEN 'statistics' THEN 'synchronizer' WHEN 'coverage' THEN 'synchronizer'
                                        WHEN 'priority_list' THEN 'priority_synchronizer' ELSE name END$q$)
        ) AS i (object, service)
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = item.object);
        EXECUTE format('CREATE POLICY everybody_reads ON public.%I FOR SELECT USING (true)', item.object);
        EXECUTE format('CREATE POLICY service_writes ON public.%I USING (
            coalesce(pg_has_role(current_user, to_regrole(''bigbrotr_writer_'' || %s)::oid, ''USAGE''), false))',
            item.object, item.service);
    END LOOP;
END $$;

-- Types -------------------------------------------------------------------------------------------------------------

-- A ragged array as a parameter: an array of arrays must be rectangular in PostgreSQL, an array of a composite need not.
DO $$
BEGIN
    IF to_regtype('public.tagset') IS NULL THEN
        CREATE TYPE public.tagset AS (k bigint[]);
        COMMENT ON TYPE public.tagset IS 'The tag keys of one event, as an element of an array parameter.';
    END IF;
END $$;

-- 03_indexes.sql ---------------------------------------------------------------------

-- Indexes beyond primary keys and unique constraints, each with the read it exists for. docs/DATABASE.md has their costs.

-- events: newest first of everything, of a kind, of an author (a kind of an author is filtered from these).
CREATE INDEX IF NOT EXISTS events_time ON public.events (created_at);
CREATE INDEX IF NOT EXISTS events_kind ON public.events (kind, created_at);
CREATE INDEX IF NOT EXISTS events_author ON public.events (pubkey, created_at);
CREATE INDEX IF NOT EXISTS events_expiry ON public.events (expires_at) WHERE expires_at IS NOT NULL;
-- Tag filters: a key per week, so that "newest 100" probes week by week. The pending list takes the cost off the batch.
CREATE INDEX IF NOT EXISTS events_tags ON public.events USING gin (tag_keys)
    WITH (fastupdate = on, gin_pending_list_limit = 4096);

-- events_relays: all relays of one event; all of one relay in time order (not unique on purpose: cheaper to keep).
CREATE UNIQUE INDEX IF NOT EXISTS events_relays_event ON public.events_relays (event, relay_id);
CREATE INDEX IF NOT EXISTS events_relays_time ON public.events_relays (relay_id, created_at, event);

-- tombstones: who vanished; no event has the id that its author has as a key.
CREATE INDEX IF NOT EXISTS tombstones_vanished ON public.tombstones (key) WHERE key = pubkey;

-- event_batches: readers of new events go by transaction.
CREATE INDEX IF NOT EXISTS event_batches_xid ON public.event_batches (xid, batch_id);

-- Claims: what is due, by lane and network. Batches touch no column of these, so their updates stay on the page (HOT).
CREATE INDEX IF NOT EXISTS relay_sync_due ON public.relay_sync (lane, network, due_at);
CREATE INDEX IF NOT EXISTS relay_checks_due ON public.relay_checks (network, queue, due_at) WHERE queue <> 1;
CREATE INDEX IF NOT EXISTS relay_checks_new ON public.relay_checks (network, worth DESC, due_at) WHERE queue = 1;
-- Ranking: what was never ranked, then what was ranked longest ago.
CREATE INDEX IF NOT EXISTS relay_checks_ranked ON public.relay_checks (ranked_at NULLS FIRST);

-- Names to be looked up: the next domain, and its name that is due longest.
CREATE INDEX IF NOT EXISTS nip05_names_due ON public.nip05_names (domain, due_at);

-- stat_*: relays of one author.
CREATE INDEX IF NOT EXISTS stat_relay_authors_author ON public.stat_relay_authors (author_id);

-- Second names: what was never compared, then what was compared longest ago; relays of one host.
CREATE INDEX IF NOT EXISTS relay_checks_compared ON public.relay_checks (coalesce(compared_at, '-infinity'::timestamptz)) WHERE queue = 0;
CREATE INDEX IF NOT EXISTS relays_host ON public.relays (substring(relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)'));

-- relay_metadata: whether a document is still referred to (deletion of orphans, and the foreign keys' own check), and by whom.
CREATE INDEX IF NOT EXISTS relay_metadata_nip11 ON public.relay_metadata (nip11_id, relay_url) WHERE nip11_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS relay_metadata_nip66 ON public.relay_metadata (nip66_id) WHERE nip66_id IS NOT NULL;

-- Publication: what a relay still has to get, what it did not answer to last.
CREATE INDEX IF NOT EXISTS publish_waiting_order ON public.publish_waiting (target, tries, id);

-- 04_integrity_functions.sql ---------------------------------------------------------------------

-- Clean-up and recomputation. The single transaction of the writer leaves no orphans behind; these functions serve what
-- operators delete by hand, and documents that no check refers to any more.
--
-- Each delete_orphan function looks at p_limit rows a call, from where the last call of anybody ended, and deletes the
-- orphans among them. Answer: how many it deleted, or -1 when the round is over (the next call begins a new one). The
-- client commits and calls again until -1.

-- delete_orphan_events: events that no relay is linked to. Their counters go down, their address falls back to the newest
-- version that is left. Deleting excludes those who link events, (16962, 1); looking does not.
CREATE OR REPLACE FUNCTION public.delete_orphan_events(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
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

-- erase_vanished: events of authors who asked to vanish (NIP-62), up to the time of the request, with their sightings and all
-- that was counted of them; the requests themselves stay. What came back or came late is met in the next round, and an
-- erased id is none that is lacking: known_events says so. At most p_limit events a call and 1,000 authors are looked at.
-- Deleting excludes those who link events, (16962, 1), so day sums have no other writer meanwhile. A holder of the relay's
-- lease who has read a day's sum before writes its own over this one: then that day is compared by its ids. Answer: events
-- erased, or -1 when the round is over.
CREATE OR REPLACE FUNCTION public.erase_vanished(p_limit int DEFAULT 200)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    start   bytea;
    is_over boolean := true;
    erased  int := 0;
    request record;
    numbers bigint[];
    ids     bytea[];
    kinds   int[];
    homes   uuid[];
BEGIN
    SELECT w.position_key INTO STRICT start FROM orphan_walks w WHERE w.name = 'vanished' FOR UPDATE;
    FOR request IN
        SELECT t.key AS author, t.up_to FROM tombstones t WHERE t.key = t.pubkey AND t.key > start ORDER BY t.key LIMIT 1000
    LOOP
        is_over := false;
        numbers := ARRAY(SELECT e.id FROM events e
                          WHERE e.pubkey = request.author AND e.created_at <= request.up_to AND e.kind <> 62
                          LIMIT p_limit - erased);
        IF cardinality(numbers) > 0 THEN
            PERFORM pg_advisory_xact_lock(16962, 1);
            WITH gone AS (
                DELETE FROM events e WHERE e.id = ANY (numbers)
                RETURNING e.id, e.event_id, e.kind, event_address(e.kind, e.pubkey, e.tags) AS home)
            SELECT array_agg(g.id), array_agg(g.event_id), array_agg(g.kind), array_agg(g.home)
              INTO numbers, ids, kinds, homes FROM gone g;
            CONTINUE WHEN numbers IS NULL;
            PERFORM forget_sightings(request.author, numbers, ids, kinds);
            DELETE FROM latest_versions l USING unnest(homes, numbers) AS h (home, number)
             WHERE l.address = h.home AND l.event = h.number;
            INSERT INTO stat_queue (gone_pubkeys, gone_kinds)
            VALUES (array_fill(request.author, ARRAY[cardinality(kinds)]), kinds);
            INSERT INTO erased_events (event_id) SELECT i FROM unnest(ids) AS i ORDER BY i ON CONFLICT DO NOTHING;
            erased := erased + cardinality(numbers);
        END IF;
        EXIT WHEN erased >= p_limit;
        start := request.author;
    END LOOP;
    IF is_over THEN
        UPDATE orphan_walks w SET position_key = '', rounds = w.rounds + 1 WHERE w.name = 'vanished';
        RETURN -1;
    END IF;
    UPDATE orphan_walks w SET position_key = start, deleted = w.deleted + erased WHERE w.name = 'vanished';
    IF erased > 0 THEN
        UPDATE orphan_walks w SET deleted_at = clock_timestamp() WHERE w.name IN ('events', 'vanished');
    END IF;
    RETURN erased;
END $$;
COMMENT ON FUNCTION public.erase_vanished(int) IS 'Erases events of authors who vanished (NIP-62). Erased events, or -1 at the end of a round.';

-- forget_sightings: deletes the sightings of one author's events, by number, and takes them out of counters and day sums.
CREATE OR REPLACE FUNCTION public.forget_sightings(p_author bytea, p_numbers bigint[], p_ids bytea[], p_kinds int[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    WITH unlinked AS (
        DELETE FROM events_relays s WHERE s.event = ANY (p_numbers)
        RETURNING s.relay_id, s.event, s.created_at, s.gone_at),
    lost AS MATERIALIZED (
        SELECT u.relay_id, u.created_at, u.gone_at, g.event_id, g.kind
          FROM unlinked u JOIN unnest(p_numbers, p_ids, p_kinds) AS g (number, event_id, kind) ON g.number = u.event),
    counted AS (
        INSERT INTO stat_queue (relay_id, gone_pubkeys, gone_kinds)
        SELECT l.relay_id, array_fill(p_author, ARRAY[count(*)::int]), array_agg(l.kind)
          FROM lost l GROUP BY l.relay_id ORDER BY l.relay_id)
    UPDATE relay_day d SET n = d.n - z.n, idsum = subtract_id(d.idsum, z.idsum)
      FROM (SELECT l.relay_id, least(l.created_at / 86400, 2147483647)::int AS day, count(*)::int AS n,
                   sum_ids(l.event_id) AS idsum
              FROM lost l WHERE l.gone_at IS NULL GROUP BY 1, 2) AS z
     WHERE d.relay_id = z.relay_id AND d.day = z.day;
END $$;
COMMENT ON FUNCTION public.forget_sightings(bytea, bigint[], bytea[], int[]) IS 'Part of erase_vanished: sightings, with what was counted of them.';

-- delete_orphan_nip11, delete_orphan_nip66: documents that no check refers to. A document locked by a check in progress
-- is left for the next round; the foreign keys guard the rest.
CREATE OR REPLACE FUNCTION public.delete_orphan_nip11(p_limit int DEFAULT 10000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
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
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
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

-- schema_inventory: what this database has, one line an object: extensions, group roles, tables, views, types, their columns with type
-- and nullability, valid indexes and constraints, policies, triggers, functions with result. Storage parameters are left out: they may
-- be tuned.
CREATE OR REPLACE FUNCTION public.schema_inventory()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH relations AS (
        SELECT c.oid, c.relname::text AS name, c.relkind, c.relrowsecurity FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
    SELECT 'extension ' || e.extname FROM pg_extension e
    UNION ALL
    SELECT 'role ' || r.rolname FROM pg_roles r
     WHERE r.rolname LIKE 'bigbrotr\_%' AND (NOT r.rolcanlogin OR r.rolname = 'bigbrotr_pgbouncer')
    UNION ALL
    SELECT CASE r.relkind WHEN 'v' THEN 'view ' WHEN 'c' THEN 'type ' ELSE 'table ' END || r.name FROM relations r
    UNION ALL
    SELECT format('%scolumn %s.%s %s%s', CASE r.relkind WHEN 'v' THEN 'view ' END, r.name, a.attname,
               format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '!' END)
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('index %s on %s %s', i.indexrelid::regclass, r.name,
               regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING (.*?)( WITH \(.*?\))?( WHERE .*)?$', '\1\3'))
      FROM relations r JOIN pg_index i ON i.indrelid = r.oid WHERE i.indisvalid
    UNION ALL
    SELECT format('constraint %s on %s', k.conname, r.name)
      FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid WHERE k.contype <> 'n' AND k.convalidated
    UNION ALL
    SELECT format('policy %s on %s', p.polname, r.name)
      FROM relations r JOIN pg_policy p ON p.polrelid = r.oid WHERE r.relrowsecurity
    UNION ALL
    SELECT format('trigger %s on %s', t.tgname, r.name)
      FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL
    SELECT format('function %s(%s) %s', p.proname, oidvectortypes(p.proargtypes), pg_get_function_result(p.oid))
      FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
$$;
COMMENT ON FUNCTION public.schema_inventory() IS 'What this database has, one line an object.';

-- schema_expected: what must be there, in the words of schema_inventory. pgbouncer_get_auth is missing on purpose: only an
-- administrator can make it.
CREATE OR REPLACE FUNCTION public.schema_expected()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT unnest(ARRAY[r.kind || ' ' || r.name] || array(
               SELECT format('%scolumn %s.%s', CASE r.kind WHEN 'view' THEN 'view ' END, r.name, c)
                 FROM string_to_table(r.columns, ', ') AS c))
      FROM (VALUES
        ('table', 'candidate_authors',
            'author bigint!, named integer!'),
        ('table', 'erased_events',
            'event_id bytea!'),
        ('table', 'event_batches',
            'batch_id bigint!, xid xid8!, committed_at timestamp with time zone!, events bigint[]!'),
        ('table', 'events',
            'id bigint!, created_at bigint!, expires_at bigint, kind integer!, id_dialect smallint!, event_id bytea!, '
            'pubkey bytea!, sig bytea!, tag_keys bigint[], tags jsonb!, content text!, raw bytea'),
        ('table', 'events_relays',
            'event bigint!, created_at bigint!, relay_id integer!, seen_at integer!, gone_at integer'),
        ('table', 'latest_versions',
            'address uuid!, created_at bigint!, event bigint!, event_id bytea!'),
        ('table', 'nip05_names',
            'due_at timestamp with time zone!, asked_at timestamp with time zone, author bytea!, name text!, domain text!, '
            'last_error text'),
        ('table', 'nip11',
            'id bytea!, raw bytea!, supported_nips integer[], name text, description text, banner text, icon text, pubkey text, '
            'self text, contact text, software text, version text, privacy_policy text, terms_of_service text, '
            'posting_policy text, payments_url text, relay_countries text[], language_tags text[], tags text[], '
            'limitation jsonb, fees jsonb, retention jsonb, extra_fields jsonb, defects text[]!'),
        ('table', 'nip66',
            'id bytea!, openable boolean, readable boolean, writable boolean, rtt_open integer, rtt_read integer, '
            'rtt_write integer, document jsonb!'),
        ('table', 'orphan_walks',
            'name text!, position_id bigint!, position_key bytea!, rounds bigint!, deleted bigint!, '
            'deleted_at timestamp with time zone'),
        ('table', 'publish_queue',
            'id bigint!, created_at bigint!, queued_at timestamp with time zone!, relay_id integer, kind integer!, pow smallint!, '
            'digest bytea!, identifier text!, tags jsonb!, content text!'),
        ('table', 'publish_targets',
            'due_at timestamp with time zone!, fence bigint!, accepted bigint!, refused bigint!, accepted_at bigint, owner uuid, '
            'fails integer!, pow smallint!, url text!, last_error text, last_message text'),
        ('table', 'publish_waiting',
            'id bigint!, skipped integer!, tries smallint!, target text!'),
        ('table', 'quarantine',
            'id bigint!, n bigint!, first_seen bigint!, last_seen bigint!, relay_id integer, digest bytea!, reason text!, '
            'raw bytea'),
        ('table', 'relay_aliases',
            'found_at bigint!, relay_id integer!, alias_of integer!, evidence jsonb!'),
        ('table', 'relay_candidate_authors',
            'author bigint!, relay_id integer!, slot text!'),
        ('table', 'relay_candidates',
            'mentions bigint!, first_seen bigint!, last_seen bigint!, relay_id integer!, authors integer!, worth real!, '
            'url_rule smallint!, source text!, slot text!'),
        ('table', 'relay_check_days',
            'relay_id integer!, day integer!, checks integer!, answered integer!'),
        ('table', 'relay_checks',
            'relay_id integer!, fails integer!, due_at timestamp with time zone!, fence bigint!, checked_at bigint, '
            'failing_since bigint, planned_at bigint, full_at bigint, ranked_at timestamp with time zone, '
            'compared_at timestamp with time zone, worth real!, domain_n integer, '
            'owner uuid, queue smallint!, network text!, last_error text, domain text'),
        ('table', 'relay_coverage',
            'relay_id integer!, lo bigint!, hi bigint!, state smallint!, proof smallint, reason smallint, rescan_step smallint, '
            'pages integer, cap integer, items bigint, rescan_at timestamp with time zone, proved_at timestamp with time zone'),
        ('table', 'relay_day',
            'relay_id integer!, day integer!, n integer!, idsum bytea!'),
        ('table', 'relay_domains',
            'relays integer!, domain text!'),
        ('table', 'relay_metadata',
            'relay_url text!, generated_at bigint!, planned_at bigint, unwatched_at bigint, nip11_id bytea, nip66_id bytea, '
            'nip11_error text, nip66_error text'),
        ('table', 'relay_opinions',
            'asked_at bigint!, agreed bigint!, disagreed bigint!, relay_id integer!, monitors integer!, monitors_down integer!, '
            'rtt_open integer, is_up boolean!'),
        ('table', 'relay_phantoms',
            'relay_id integer!, n integer!, first_seen timestamp with time zone!, last_seen timestamp with time zone!, '
            'event_id bytea!'),
        ('table', 'relay_spellings',
            'n bigint!, first_seen bigint!, last_seen bigint!, relay_id integer!, source text!, spelling text!'),
        ('table', 'relay_sync',
            'relay_id integer!, lane smallint!, lane_next smallint, class smallint!, fails integer!, due_at timestamp with time zone!, '
            'fence bigint!, tail_seen bigint, sealed_hi bigint, walk_lo bigint, walk_hi bigint, frontier bigint, '
            'deficit_bytes bigint!, events_new bigint!, sightings bigint!, cap_seen integer, page_size integer, rate real, '
            'owner uuid, network text!, last_error text, behaviour jsonb!'),
        ('table', 'relay_transitions',
            'at bigint!, recorded_at bigint!, relay_id integer!, status text!, was text!, reason text'),
        ('table', 'relay_voices',
            'at bigint!, relay_id integer!, is_up boolean!, pubkey bytea!'),
        ('table', 'relays',
            'relay_url text!, network text!, first_seen bigint!, last_seen bigint!, status text!, relay_id integer!'),
        ('table', 'scan_watermarks',
            'xid xid8!, batch_id bigint!, committed_at timestamp with time zone, place integer!, name text!'),
        ('table', 'schema_migrations',
            'version integer!, name text!, checksum bytea!, applied_at timestamp with time zone!'),
        ('table', 'service_leases',
            'name text!, fence bigint!, due_at timestamp with time zone!, owner uuid'),
        ('table', 'service_replicas',
            'replica_id uuid!, service text!, lane smallint, steal_wanted boolean!, slots integer!, '
            'started_at timestamp with time zone!, heartbeat_at timestamp with time zone!, build text'),
        ('table', 'service_state',
            'service_name text!, state jsonb!, updated_at bigint!'),
        ('table', 'stat_authors',
            'author_id bigint!, n bigint!, pubkey bytea!'),
        ('table', 'stat_kinds',
            'n bigint!, kind integer!'),
        ('table', 'stat_queue',
            'id bigint!, relay_id integer, new_pubkeys bytea[], new_kinds integer[], old_pubkeys bytea[], old_kinds integer[], '
            'gone_pubkeys bytea[], gone_kinds integer[]'),
        ('table', 'stat_relay_authors',
            'author_id bigint!, relay_id integer!, n integer!'),
        ('table', 'stat_relay_kinds',
            'n bigint!, relay_id integer!, kind integer!'),
        ('table', 'stat_relays',
            'n bigint!, authors bigint!, relay_id integer!'),
        ('table', 'stat_totals',
            'one boolean!, events bigint!, authors bigint!'),
        ('table', 'tombstones',
            'key bytea!, pubkey bytea!, up_to bigint!, event bigint!'),
        ('view', 'coverage_by_relay',
            'relay_url text, network text, intervals bigint, gaps bigint, covered_from bigint, covered_to bigint, '
            'open_seconds numeric, walking_seconds numeric, provisional_seconds numeric, sealed_seconds numeric, '
            'settled_seconds numeric, gap_seconds numeric, open_days numeric, walking_days numeric, '
            'provisional_days numeric, sealed_days numeric, settled_days numeric, gap_days numeric, '
            'gap_unanswered_seconds numeric, gap_saturated_second_seconds numeric, gap_until_ignored_seconds numeric, '
            'gap_unordered_seconds numeric, gap_auth_seconds numeric, gap_payment_seconds numeric, '
            'gap_restricted_seconds numeric, gap_oversize_seconds numeric, gap_poison_seconds numeric'),
        ('view', 'coverage_total',
            'relays bigint, intervals bigint, gaps bigint, relays_with_gaps bigint, covered_from bigint, '
            'covered_to bigint, open_seconds numeric, walking_seconds numeric, provisional_seconds numeric, '
            'sealed_seconds numeric, settled_seconds numeric, gap_seconds numeric, open_days numeric, '
            'walking_days numeric, provisional_days numeric, sealed_days numeric, settled_days numeric, gap_days numeric, '
            'gap_unanswered_seconds numeric, gap_saturated_second_seconds numeric, gap_until_ignored_seconds numeric, '
            'gap_unordered_seconds numeric, gap_auth_seconds numeric, gap_payment_seconds numeric, '
            'gap_restricted_seconds numeric, gap_oversize_seconds numeric, gap_poison_seconds numeric'),
        ('view', 'events_statistics',
            'total_events bigint, total_sightings bigint, unique_pubkeys bigint, unique_kinds bigint, regular_events bigint, '
            'replaceable_events bigint, ephemeral_events bigint, addressable_events bigint, earliest_event_timestamp bigint, '
            'latest_event_timestamp bigint'),
        ('view', 'kind_counts_by_relay',
            'relay_url text, kind integer, total_events bigint'),
        ('view', 'kind_counts_total',
            'kind integer, total_events bigint'),
        ('view', 'pubkey_counts_by_relay',
            'pubkey bytea, relay_url text, total_events bigint'),
        ('view', 'pubkey_counts_total',
            'pubkey bytea, total_events bigint'),
        ('view', 'relay_coverage_summary',
            'relay_url text, network text, class smallint, sealed_hi bigint, frontier bigint, tail_seen bigint, '
            'intervals bigint, covered_from bigint, covered_to bigint, open_seconds numeric, provisional_seconds numeric, '
            'sealed_seconds numeric, settled_seconds numeric, gap_seconds numeric, gap_reasons smallint[], '
            'last_proved_at timestamp with time zone'),
        ('view', 'relay_metadata_latest',
            'relay_url text, network text, status text, generated_at bigint, nip11_id bytea, nip66_id bytea, nip11_error text, '
            'nip66_error text, name text, description text, pubkey text, contact text, software text, version text, '
            'supported_nips integer[], limitation jsonb, defects text[], openable boolean, readable boolean, writable boolean, '
            'rtt_open integer, rtt_read integer, rtt_write integer'),
        ('view', 'relay_outages',
            'relay_url text, network text, started_at bigint, ended_at bigint, has_recovered boolean, seconds bigint, cause text, '
            'was text, relay_id integer'),
        ('view', 'relay_uptime',
            'relay_url text, network text, status text, days integer, checks bigint, answered bigint, by_checks numeric, '
            'known_seconds numeric, up_seconds numeric, by_time numeric, relay_id integer'),
        ('view', 'relays_statistics',
            'relay_url text, network text, status text, first_seen bigint, last_seen bigint, total_events bigint, '
            'unique_pubkeys bigint, events_first_seen_here bigint, first_event_timestamp bigint, last_event_timestamp bigint, '
            'avg_rtt_open numeric, avg_rtt_read numeric, avg_rtt_write numeric'),
        ('view', 'sightings',
            'event_id bytea, relay_url text, seen_at bigint, gone_at bigint, created_at bigint'),
        ('view', 'stat_pending',
            'relay_id integer, pubkey bytea, kind integer, events integer, sightings integer'),
        ('type', 'tagset',
            'k bigint[]')
        ) AS r (kind, name, columns)
    UNION ALL
    SELECT format('index %s on %s %s', i.name, i.relation, i.definition)
      FROM (VALUES
        ('candidate_authors_pkey', 'candidate_authors', 'btree (author)'),
        ('erased_events_pkey', 'erased_events', 'btree (event_id)'),
        ('event_batches_pkey', 'event_batches', 'btree (batch_id)'),
        ('event_batches_xid', 'event_batches', 'btree (xid, batch_id)'),
        ('events_author', 'events', 'btree (pubkey, created_at)'),
        ('events_event_id_key', 'events', 'btree (event_id)'),
        ('events_expiry', 'events', 'btree (expires_at) WHERE (expires_at IS NOT NULL)'),
        ('events_kind', 'events', 'btree (kind, created_at)'),
        ('events_pkey', 'events', 'btree (id)'),
        ('events_tags', 'events', 'gin (tag_keys)'),
        ('events_time', 'events', 'btree (created_at)'),
        ('events_relays_event', 'events_relays', 'btree (event, relay_id)'),
        ('events_relays_time', 'events_relays', 'btree (relay_id, created_at, event)'),
        ('latest_versions_pkey', 'latest_versions', 'btree (address)'),
        ('nip05_names_due', 'nip05_names', 'btree (domain, due_at)'),
        ('nip05_names_pkey', 'nip05_names', 'btree (author)'),
        ('nip11_pkey', 'nip11', 'btree (id)'),
        ('nip66_pkey', 'nip66', 'btree (id)'),
        ('orphan_walks_pkey', 'orphan_walks', 'btree (name)'),
        ('publish_queue_address', 'publish_queue', 'btree (kind, identifier)'),
        ('publish_queue_pkey', 'publish_queue', 'btree (id)'),
        ('publish_targets_pkey', 'publish_targets', 'btree (url)'),
        ('publish_waiting_order', 'publish_waiting', 'btree (target, tries, id)'),
        ('publish_waiting_pkey', 'publish_waiting', 'btree (id, target)'),
        ('quarantine_digest_key', 'quarantine', 'btree (digest)'),
        ('quarantine_pkey', 'quarantine', 'btree (id)'),
        ('relay_aliases_pkey', 'relay_aliases', 'btree (relay_id)'),
        ('relay_candidate_authors_pkey', 'relay_candidate_authors', 'btree (relay_id, slot, author)'),
        ('relay_candidates_pkey', 'relay_candidates', 'btree (relay_id, source, slot)'),
        ('relay_check_days_pkey', 'relay_check_days', 'btree (relay_id, day)'),
        ('relay_checks_compared', 'relay_checks',
            'btree (COALESCE(compared_at, ''-infinity''::timestamp with time zone)) WHERE (queue = 0)'),
        ('relay_checks_due', 'relay_checks', 'btree (network, queue, due_at) WHERE (queue <> 1)'),
        ('relay_checks_new', 'relay_checks', 'btree (network, worth DESC, due_at) WHERE (queue = 1)'),
        ('relay_checks_pkey', 'relay_checks', 'btree (relay_id)'),
        ('relay_checks_ranked', 'relay_checks', 'btree (ranked_at NULLS FIRST)'),
        ('relay_coverage_disjoint', 'relay_coverage', 'gist (relay_id, int8range(lo, hi, ''[]''::text))'),
        ('relay_coverage_pkey', 'relay_coverage', 'btree (relay_id, lo)'),
        ('relay_day_pkey', 'relay_day', 'btree (relay_id, day)'),
        ('relay_metadata_nip11', 'relay_metadata', 'btree (nip11_id, relay_url) WHERE (nip11_id IS NOT NULL)'),
        ('relay_metadata_nip66', 'relay_metadata', 'btree (nip66_id) WHERE (nip66_id IS NOT NULL)'),
        ('relay_domains_pkey', 'relay_domains', 'btree (domain)'),
        ('relay_metadata_pkey', 'relay_metadata', 'btree (relay_url, generated_at)'),
        ('relay_opinions_pkey', 'relay_opinions', 'btree (relay_id)'),
        ('relay_phantoms_pkey', 'relay_phantoms', 'btree (relay_id, event_id)'),
        ('relay_spellings_pkey', 'relay_spellings', 'btree (relay_id, source, spelling)'),
        ('relay_sync_due', 'relay_sync', 'btree (lane, network, due_at)'),
        ('relay_sync_pkey', 'relay_sync', 'btree (relay_id)'),
        ('relay_transitions_pkey', 'relay_transitions', 'btree (relay_id, at)'),
        ('relay_voices_pkey', 'relay_voices', 'btree (relay_id, pubkey)'),
        ('relays_host', 'relays', 'btree ("substring"(relay_url, ''^wss?://(\[[^]]*\]|[^/:?]*)''::text))'),
        ('relays_pkey', 'relays', 'btree (relay_url)'),
        ('relays_relay_id_key', 'relays', 'btree (relay_id)'),
        ('scan_watermarks_pkey', 'scan_watermarks', 'btree (name)'),
        ('schema_migrations_pkey', 'schema_migrations', 'btree (version)'),
        ('service_leases_pkey', 'service_leases', 'btree (name)'),
        ('service_replicas_pkey', 'service_replicas', 'btree (replica_id)'),
        ('service_state_pkey', 'service_state', 'btree (service_name)'),
        ('stat_authors_pkey', 'stat_authors', 'btree (author_id)'),
        ('stat_authors_pubkey_key', 'stat_authors', 'btree (pubkey)'),
        ('stat_kinds_pkey', 'stat_kinds', 'btree (kind)'),
        ('stat_queue_pkey', 'stat_queue', 'btree (id)'),
        ('stat_relay_authors_author', 'stat_relay_authors', 'btree (author_id)'),
        ('stat_relay_authors_pkey', 'stat_relay_authors', 'btree (relay_id, author_id)'),
        ('stat_relay_kinds_pkey', 'stat_relay_kinds', 'btree (relay_id, kind)'),
        ('stat_relays_pkey', 'stat_relays', 'btree (relay_id)'),
        ('stat_totals_pkey', 'stat_totals', 'btree (one)'),
        ('tombstones_pkey', 'tombstones', 'btree (key, pubkey)'),
        ('tombstones_vanished', 'tombstones', 'btree (key) WHERE (key = pubkey)')
        ) AS i (name, relation, definition)
    UNION ALL
    SELECT format('constraint %s on %s', c, k.relation)
      FROM (VALUES
        ('candidate_authors', 'candidate_authors_pkey'),
        ('erased_events', 'erased_events_event_id_check erased_events_pkey'),
        ('event_batches', 'event_batches_pkey'),
        ('events', 'events_created_at_check events_event_id_check events_event_id_key events_id_dialect_check '
            'events_kind_check events_pkey events_pubkey_check events_sig_check'),
        ('latest_versions', 'latest_versions_pkey'),
        ('nip05_names', 'nip05_names_author_check nip05_names_domain_check nip05_names_name_check nip05_names_pkey'),
        ('nip11', 'nip11_id_check nip11_pkey nip11_raw_check'),
        ('nip66', 'nip66_id_check nip66_pkey'),
        ('orphan_walks', 'orphan_walks_name_check orphan_walks_pkey'),
        ('publish_queue', 'publish_queue_address publish_queue_digest_check publish_queue_pkey publish_queue_pow_check '
            'publish_queue_relay_id_fkey'),
        ('publish_targets', 'publish_targets_pkey publish_targets_pow_check'),
        ('publish_waiting', 'publish_waiting_id_fkey publish_waiting_pkey'),
        ('quarantine', 'quarantine_digest_check quarantine_digest_key quarantine_pkey quarantine_raw_check '
            'quarantine_reason_check'),
        ('relay_aliases', 'relay_aliases_alias_of_fkey relay_aliases_older relay_aliases_pkey relay_aliases_relay_id_fkey'),
        ('relay_candidate_authors', 'relay_candidate_authors_pkey relay_candidate_authors_relay_id_fkey'),
        ('relay_candidates', 'relay_candidates_pkey relay_candidates_relay_id_fkey relay_candidates_slot_check '
            'relay_candidates_source_check'),
        ('relay_check_days', 'relay_check_days_checks_check relay_check_days_parts relay_check_days_pkey '
            'relay_check_days_relay_id_fkey'),
        ('relay_checks', 'relay_checks_pkey relay_checks_queue_check relay_checks_relay_id_fkey'),
        ('relay_coverage', 'relay_coverage_bounds relay_coverage_disjoint relay_coverage_gap_has_reason '
            'relay_coverage_pkey relay_coverage_proof_check relay_coverage_reason_check relay_coverage_relay_id_fkey '
            'relay_coverage_sealed_has_proof relay_coverage_state_check'),
        ('relay_day', 'relay_day_idsum_check relay_day_n_check relay_day_pkey relay_day_relay_id_fkey'),
        ('relay_domains', 'relay_domains_pkey'),
        ('relay_metadata', 'relay_metadata_nip11_id_fkey relay_metadata_nip66_id_fkey relay_metadata_pkey '
            'relay_metadata_relay_url_fkey'),
        ('relay_opinions', 'relay_opinions_pkey relay_opinions_relay_id_fkey'),
        ('relay_phantoms', 'relay_phantoms_event_id_check relay_phantoms_pkey relay_phantoms_relay_id_fkey'),
        ('relay_spellings', 'relay_spellings_pkey relay_spellings_relay_id_fkey relay_spellings_source_check '
            'relay_spellings_spelling_check'),
        ('relay_sync', 'relay_sync_class_check relay_sync_lane_check relay_sync_lane_next_check relay_sync_pkey relay_sync_relay_id_fkey'),
        ('relay_transitions', 'relay_transitions_changes relay_transitions_pkey relay_transitions_relay_id_fkey '
            'relay_transitions_status_check relay_transitions_was_check'),
        ('relay_voices', 'relay_voices_pkey relay_voices_pubkey_check relay_voices_relay_id_fkey'),
        ('relays', 'relays_network_check relays_pkey relays_relay_id_key relays_relay_url_check relays_status_check'),
        ('scan_watermarks', 'scan_watermarks_pkey'),
        ('schema_migrations', 'schema_migrations_checksum_check schema_migrations_pkey '
            'schema_migrations_version_check'),
        ('service_leases', 'service_leases_pkey'),
        ('service_replicas', 'service_replicas_pkey'),
        ('service_state', 'service_state_pkey'),
        ('stat_authors', 'stat_authors_pkey stat_authors_pubkey_key'),
        ('stat_kinds', 'stat_kinds_pkey'),
        ('stat_queue', 'stat_queue_pkey'),
        ('stat_relay_authors', 'stat_relay_authors_pkey'),
        ('stat_relay_kinds', 'stat_relay_kinds_pkey'),
        ('stat_relays', 'stat_relays_pkey'),
        ('stat_totals', 'stat_totals_one_check stat_totals_pkey'),
        ('tombstones', 'tombstones_key_check tombstones_pkey')
        ) AS k (relation, names), string_to_table(k.names, ' ') AS c
    UNION ALL
    SELECT 'function ' || f
      FROM unnest(ARRAY[
        'add_id(bytea, bytea) bytea',
        'advertised_limit(text) integer',
        'apply_rights() void',
        'claim_checks(text, smallint, bigint, uuid, double precision) TABLE(relay_id integer, relay_url text, fence bigint, status text, '
        'fails integer, was_up boolean, failing_since bigint, checked_at bigint, planned_at bigint, full_at bigint, database_now bigint)',
        'claim_relays(smallint, text, bigint, uuid, double precision, double precision) TABLE(relay_id integer, relay_url text, '
        'is_ignored boolean, fence bigint, class smallint, tail_seen bigint, sealed_hi bigint, walk_lo bigint, walk_hi bigint, '
        'frontier bigint, cap_seen integer, page_size integer, fails integer, deficit_bytes bigint, database_now bigint, '
        'rate double precision)',
        'commit_pages(uuid, integer[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], boolean[], integer[], '
        'integer[], jsonb[], bytea[], bytea[], bigint[], integer[], jsonb[], text[], bytea[], tagset[], bigint[], bytea[], '
        'smallint[], uuid[], integer[], integer[], integer[], bigint[], bigint[], integer[], bytea[], integer[], bigint[], '
        'integer[], integer[], integer[], bytea[], integer[], bytea[], bigint[], integer[], bigint[], integer[], bigint[], '
        'bigint[], smallint[], smallint[], integer[], bigint[], integer[], smallint[], bigint[], smallint[], integer[], text[], '
        'bytea[], bytea[]) TABLE(relay_id integer, accepted '
        'boolean, events_new integer, events_known integer, sightings_new integer)',
        'commit_check(uuid, integer, bigint, double precision, double precision, boolean, text, integer, bigint, text, jsonb, '
        'bytea, jsonb, text, jsonb, double precision) boolean',
        'queue_event(jsonb, integer, bigint) boolean',
        'claim_publishing(text[], integer, uuid, double precision, smallint) TABLE(url text, fence bigint, fails integer, '
        'database_now bigint)',
        'settle_publishing(uuid, text, bigint, bigint[], bigint[], integer, integer, smallint, integer, text, text, '
        'double precision, boolean) boolean',
        'trim_publishing(double precision, integer, bigint) TABLE(expired bigint, unanswered bigint, overflow bigint)',
        'hear_deltas(bytea, integer, integer, integer, integer) integer',
        'note_opinions(integer, boolean, bigint[], text[], bytea, integer) integer',
        'commit_candidates(uuid, bigint, text, smallint, bigint[], bigint[], text[], text[], integer[], text[], integer[], '
        'integer[], text[], integer[], integer[], text[], bigint[]) integer',
        'commit_ranking(uuid, bigint, integer, integer[], text[], double precision[], integer[], text[], '
        'text[], double precision[]) boolean',
        'create_service_login(text, text) text',
        'delete_orphan_events(integer) integer',
        'delete_orphan_nip11(integer) integer',
        'delete_orphan_nip66(integer) integer',
        'due_nip05(integer, text) TABLE(author bytea, name text, domain text)',
        'event_address(integer, bytea, jsonb) uuid',
        'erase_vanished(integer) integer',
        'find_aliases(bigint, bigint) record',
        'fold_statistics(integer) integer',
        'follow_lane() trigger',
        'forget_sightings(bytea, bigint[], bytea[], integer[]) void',
        'insert_event(bytea, bytea, bigint, integer, jsonb, text, bytea, text, text, bigint, bigint, bigint[], bigint, bytea, '
        'smallint, uuid, bytea[], bigint[]) record',
        'insert_relay(text, text, bigint) integer',
        'insert_relay_metadata(text, text, bigint, bigint, bytea, jsonb, jsonb, text, text, bigint, bigint) boolean',
        'insert_relays(text[], text[], bigint[]) TABLE(ord integer, relay_id integer, is_new boolean)',
        'known_events(bytea[], integer, bytea[]) TABLE(ord integer, event bigint, linked boolean, other_sig boolean)',
        'new_events(bigint, bigint, integer, integer, bigint) TABLE(xid bigint, batch_id bigint, place integer, '
        'committed_at timestamp with time zone, kind integer, pubkey bytea, tags jsonb, content text)',
        'newest_document(text) bytea',
        'note_nip05(bytea[], text[], text[]) void',
        'note_phantoms(integer, bigint, uuid, bytea[]) boolean',
        'note_transition(integer, bigint, text, text) boolean',
        'same_service(integer, integer) jsonb',
        'schema_expected() SETOF text',
        'schema_inventory() SETOF text',
        'schema_missing() SETOF text',
        'scram_verifier(text) text',
        'settle_nip05(bytea, double precision, text) void',
        'similar_relays(integer) integer[]',
        'store_coverage(integer[], boolean[], integer[], bigint[], integer[], bigint[], bigint[], smallint[], smallint[], '
        'integer[], bigint[], integer[], smallint[], bigint[], smallint[]) void',
        'store_derived(bytea[], bytea[], bigint[], uuid[], bigint[], boolean[], integer[], bytea[], bigint[]) void',
        'store_quarantine(integer[], boolean[], integer[], text[], bytea[], bytea[]) void',
        'subtract_id(bytea, bytea) bytea',
        'sum_ids(bytea) bytea',
        'tags_to_tagvalues(jsonb) text[]',
        'unranked_relays(integer, integer) TABLE(relay_id integer, relay_url text, source text, slot text, '
        'votes double precision, last_seen bigint, today bigint)'
        ]) AS f
    UNION ALL
    SELECT unnest(ARRAY[
        'extension btree_gin',
        'extension btree_gist',
        'extension pgcrypto',
        'policy everybody_reads on service_leases',
        'policy everybody_reads on service_replicas',
        'policy everybody_reads on service_state',
        'policy service_writes on service_leases',
        'policy service_writes on service_replicas',
        'policy service_writes on service_state',
        'role bigbrotr_owner',
        'role bigbrotr_pgbouncer',
        'role bigbrotr_reader',
        'role bigbrotr_writer_dvm',
        'role bigbrotr_writer_finder',
        'role bigbrotr_writer_monitor',
        'role bigbrotr_writer_priority_synchronizer',
        'role bigbrotr_writer_synchronizer',
        'trigger relay_sync_release on relay_sync']);
$$;
COMMENT ON FUNCTION public.schema_expected() IS 'What this release needs, in the words of schema_inventory.';

-- schema_missing: what is expected and not there, sorted; a column of another type counts as missing.
CREATE OR REPLACE FUNCTION public.schema_missing()
RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    (SELECT public.schema_expected() EXCEPT SELECT public.schema_inventory()) ORDER BY 1;
$$;
COMMENT ON FUNCTION public.schema_missing() IS 'What this release needs and this database lacks.';

-- 05_procedures.sql ---------------------------------------------------------------------

-- The write path: relays, single events, batches of pages, observations, counters.
--
-- Every function that writes is SECURITY DEFINER with a fixed search_path, so that a writer needs EXECUTE and no right
-- on the tables. Lock order, the same for all, so that writers cannot deadlock: advisory (16962, 1) -> relays by URL ->
-- relay_checks -> relay_sync by relay_id -> events by event_id -> events_relays -> latest_versions by address -> tombstones by key ->
-- relay_day -> relay_coverage -> quarantine by digest. Statements on this path must not depend on table statistics: no
-- join with a table that grows, only scalar look-ups by key, which cannot turn into a scan of it. enable_seqscan is off in
-- them, since a plan made while a table was tiny would else be kept while it grows.

-- insert_relay: relay_id of a canonical URL. A known URL is returned as it is, neither network nor first_seen changes.
-- The look-up comes first because a conflicting insert burns a relay_id.
CREATE OR REPLACE FUNCTION public.insert_relay(p_url text, p_network text, p_inserted_at bigint)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    found_id int;
BEGIN
    SELECT r.relay_id INTO found_id FROM relays r WHERE r.relay_url = p_url;
    IF FOUND THEN
        RETURN found_id;
    END IF;
    INSERT INTO relays (relay_url, network, first_seen, last_seen)
    VALUES (p_url, p_network, p_inserted_at, p_inserted_at)
    ON CONFLICT (relay_url) DO NOTHING RETURNING relay_id INTO found_id;
    IF NOT FOUND THEN
        -- Somebody else stored it meanwhile; this statement sees what they committed.
        SELECT r.relay_id INTO STRICT found_id FROM relays r WHERE r.relay_url = p_url;
        RETURN found_id;
    END IF;
    INSERT INTO relay_sync (relay_id, network) VALUES (found_id, p_network);
    INSERT INTO relay_checks (relay_id, network) VALUES (found_id, p_network);
    RETURN found_id;
END $$;
COMMENT ON FUNCTION public.insert_relay(text, text, bigint) IS 'Stores a relay unless it is known, with its rows in relay_sync and relay_checks. Returns relay_id.';

-- follow_lane: a relay that is to change its lane does so at the moment its lease is given back, so that it never changes
-- under a holder and cannot be claimed in its old lane again before. Statements that do not name owner never fire it.
CREATE OR REPLACE FUNCTION public.follow_lane()
RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.lane := NEW.lane_next;
    NEW.lane_next := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION public.follow_lane() IS 'Trigger of relay_sync: a released relay goes to lane_next.';
CREATE OR REPLACE TRIGGER relay_sync_release BEFORE UPDATE OF owner ON public.relay_sync
    FOR EACH ROW WHEN (NEW.owner IS NULL AND NEW.lane_next IS NOT NULL) EXECUTE FUNCTION public.follow_lane();

-- insert_relays: the same for many, with what was new. ord is 1-based in the order given; locks go in order of URL. Of a URL
-- given twice the first counts. Sets and not a loop: a list of 100,000 is a matter of seconds.
CREATE OR REPLACE FUNCTION public.insert_relays(p_urls text[], p_networks text[], p_inserted_ats bigint[])
RETURNS TABLE (ord int, relay_id int, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    known    CONSTANT int[] := ARRAY(
        SELECT (SELECT r.relay_id FROM relays r WHERE r.relay_url = u.url) FROM unnest(p_urls) WITH ORDINALITY AS u (url, n)
         ORDER BY u.n);
    inserted int[] := '{}';
BEGIN
    IF array_position(known, NULL) IS NOT NULL THEN
        WITH missing AS MATERIALIZED (
            SELECT DISTINCT ON (u.url COLLATE "C") u.url, u.network, u.inserted_at
              FROM unnest(p_urls, p_networks, p_inserted_ats, known) WITH ORDINALITY AS u (url, network, inserted_at, known, n)
             WHERE u.known IS NULL ORDER BY u.url COLLATE "C", u.n),
        fresh AS (
            INSERT INTO relays (relay_url, network, first_seen, last_seen)
            SELECT m.url, m.network, m.inserted_at, m.inserted_at FROM missing m
            ON CONFLICT (relay_url) DO NOTHING RETURNING relay_id, network),
        synced AS (INSERT INTO relay_sync (relay_id, network) SELECT f.relay_id, f.network FROM fresh f),
        checked AS (INSERT INTO relay_checks (relay_id, network) SELECT f.relay_id, f.network FROM fresh f)
        SELECT coalesce(array_agg(f.relay_id), '{}') INTO inserted FROM fresh f;
    END IF;
    -- Sees what the insertion made, and what somebody else committed meanwhile.
    RETURN QUERY
        SELECT z.n, z.id, z.id = ANY (inserted) AND row_number() OVER (PARTITION BY z.id ORDER BY z.n) = 1
          FROM (SELECT u.n::int AS n,
                       coalesce(u.known, (SELECT r.relay_id FROM relays r WHERE r.relay_url = u.url)) AS id
                  FROM unnest(p_urls, known) WITH ORDINALITY AS u (url, known, n)) AS z;
END $$;
COMMENT ON FUNCTION public.insert_relays(text[], text[], bigint[]) IS 'insert_relay for many; says which were new.';

-- claim_relays: leases of at most p_limit relays of a lane and network that have been due for p_overdue seconds, those due
-- longest first, for p_owner until p_ttl seconds from now. Rows that somebody else has locked are passed over; every claim
-- raises the fence. Answer: where each stands, in no order. A function because its plans are made once a connection: made
-- at each call they cost more than the work. Without bitmap scans the plan can only be relay_sync_due in its order. The
-- second statement finds its rows locked by the first.
CREATE OR REPLACE FUNCTION public.claim_relays(
    p_lane smallint, p_network text, p_limit bigint, p_owner uuid, p_ttl double precision, p_overdue double precision)
RETURNS TABLE (
    relay_id int, relay_url text, is_ignored boolean, fence bigint, class smallint, tail_seen bigint, sealed_hi bigint,
    walk_lo bigint, walk_hi bigint, frontier bigint, cap_seen int, page_size int, fails int, deficit_bytes bigint,
    database_now bigint, rate double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due CONSTANT int[] := ARRAY(
        SELECT z.relay_id
          FROM (SELECT s.relay_id FROM relay_sync s
                 WHERE s.lane = p_lane AND s.network = p_network AND s.due_at <= now() - make_interval(secs => p_overdue)
                 ORDER BY s.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
BEGIN
    IF cardinality(due) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        UPDATE relay_sync s SET owner = p_owner, fence = s.fence + 1, due_at = now() + make_interval(secs => p_ttl)
         WHERE s.relay_id = ANY (due)
        RETURNING s.relay_id, (SELECT r.relay_url FROM relays r WHERE r.relay_id = s.relay_id),
                  (SELECT r.status = 'ignored' FROM relays r WHERE r.relay_id = s.relay_id), s.fence, s.class, s.tail_seen,
                  s.sealed_hi, s.walk_lo, s.walk_hi, s.frontier, s.cap_seen,
                  coalesce(s.page_size, (SELECT advertised_limit(r.relay_url) FROM relays r WHERE r.relay_id = s.relay_id)),
                  s.fails, s.deficit_bytes, extract(epoch FROM now())::bigint, s.rate::double precision;
END $$;
COMMENT ON FUNCTION public.claim_relays(smallint, text, bigint, uuid, double precision, double precision) IS 'Leases relays that are due, longest due first, and says where each stands.';

-- known_events: for each id that is stored its number, whether this relay has it already, and whether the signature given with
-- it is another one than is stored; false where none is given. ord is 1-based. An event that was erased has the number 0.
-- Not SECURITY DEFINER and without SET, so that the planner can inline it; OFFSET 0 keeps the scalar subquery one. Its answer is
-- the number, two bits to the left, with one bit for each of the two. created_at is compared, though (event, relay_id) is unique,
-- because with it both indexes are searched by their whole key: the planner prefers events_relays_time for a relay it has no
-- statistics of, and would read all of that relay for each id. The signature stands in the row that is read anyway.
CREATE OR REPLACE FUNCTION public.known_events(p_ids bytea[], p_relay int, p_sigs bytea[] DEFAULT '{}')
RETURNS TABLE (ord int, event bigint, linked boolean, other_sig boolean) LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT z.ord, z.found >> 2, (z.found & 2) <> 0, (z.found & 1) <> 0
      FROM (SELECT k.n::int AS ord,
                   coalesce(
                   (SELECT (e.id << 2)
                           | CASE WHEN (SELECT true FROM public.events_relays s
                                         WHERE s.event = e.id AND s.relay_id = p_relay AND s.created_at = e.created_at)
                                  THEN 2 ELSE 0 END
                           | CASE WHEN e.sig <> k.sig THEN 1 ELSE 0 END
                      FROM public.events e WHERE e.event_id = k.id),
                   CASE WHEN EXISTS (SELECT FROM public.erased_events)
                        THEN (SELECT 0 FROM public.erased_events x WHERE x.event_id = k.id) END) AS found
              FROM unnest(p_ids, p_sigs) WITH ORDINALITY AS k (id, sig, n) OFFSET 0) AS z
     WHERE z.found IS NOT NULL;
$$;
COMMENT ON FUNCTION public.known_events(bytea[], int, bytea[]) IS 'Which ids are stored, under which number, already linked to the relay, and under another signature.';

-- note_phantoms: under the fence, ids that a relay claimed to have and did not deliver. False when the lease was lost.
CREATE OR REPLACE FUNCTION public.note_phantoms(p_relay int, p_fence bigint, p_owner uuid, p_ids bytea[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The row lock keeps the lease from changing hands meanwhile.
    PERFORM 1 FROM relay_sync s WHERE s.relay_id = p_relay AND s.fence = p_fence AND s.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A relay can invent as many as it likes. What is not kept is not asked for less often, that is all.
    INSERT INTO relay_phantoms AS p (relay_id, event_id)
    SELECT p_relay, w.event_id FROM unnest(p_ids) AS w (event_id)
     WHERE (SELECT count(*) FROM (SELECT FROM relay_phantoms o WHERE o.relay_id = p_relay LIMIT 100000) AS kept) < 100000
     GROUP BY w.event_id ORDER BY w.event_id
    ON CONFLICT (relay_id, event_id) DO UPDATE SET n = p.n + 1, last_seen = now();
    RETURN true;
END $$;
COMMENT ON FUNCTION public.note_phantoms(int, bigint, uuid, bytea[]) IS 'Notes ids that a relay claimed to have in a set reconciliation and did not deliver.';

-- store_derived: what follows from events stored just now: newest versions and tombstones. By event ordinal.
CREATE OR REPLACE FUNCTION public.store_derived(
    p_ids bytea[], p_pubkeys bytea[], p_created_ats bigint[], p_addresses uuid[], p_numbers bigint[], p_is_new boolean[],
    p_tomb_events int[], p_tomb_keys bytea[], p_tomb_up_tos bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- NIP-01: the newest wins, of equally new ones the lowest id. One row an address, in order of address.
    INSERT INTO latest_versions AS l (address, created_at, event, event_id)
    SELECT DISTINCT ON (a.address) a.address, a.created_at, a.number, a.event_id
      FROM unnest(p_addresses, p_created_ats, p_numbers, p_ids, p_is_new) AS a (address, created_at, number, event_id, is_new)
     WHERE a.address IS NOT NULL AND a.is_new
     ORDER BY a.address, a.created_at DESC, a.event_id
    ON CONFLICT (address) DO UPDATE
       SET created_at = excluded.created_at, event = excluded.event, event_id = excluded.event_id
     WHERE excluded.created_at > l.created_at
        OR (excluded.created_at = l.created_at AND excluded.event_id < l.event_id);

    IF cardinality(p_tomb_events) > 0 THEN
        INSERT INTO tombstones AS t (key, pubkey, up_to, event)
        SELECT DISTINCT ON (z.key, z.pubkey) z.key, z.pubkey, z.up_to, z.event
          FROM (SELECT b.key, p_pubkeys[b.event] AS pubkey, b.up_to, p_numbers[b.event] AS event
                  FROM unnest(p_tomb_events, p_tomb_keys, p_tomb_up_tos) AS b (event, key, up_to)
                 WHERE p_is_new[b.event]) AS z
         ORDER BY z.key, z.pubkey, z.up_to DESC, z.event
        ON CONFLICT (key, pubkey) DO UPDATE SET up_to = excluded.up_to, event = excluded.event
         WHERE excluded.up_to > t.up_to;
    END IF;
END $$;
COMMENT ON FUNCTION public.store_derived(bytea[], bytea[], bigint[], uuid[], bigint[], boolean[], int[], bytea[], bigint[]) IS 'Part of commit_pages and insert_event: newest versions and tombstones.';

-- store_coverage: drops first, then puts in order of lo, so that intervals can shrink, grow, merge and split in one call.
-- A put keeps the re-scan plan of the row it replaces, and the time of its proof unless it proves something else or more.
CREATE OR REPLACE FUNCTION public.store_coverage(
    p_relays int[], p_ok boolean[], p_drop_pages int[], p_drop_los bigint[],
    p_pages int[], p_los bigint[], p_his bigint[], p_states smallint[], p_proofs smallint[],
    p_page_counts int[], p_items bigint[], p_caps int[], p_reasons smallint[],
    p_rescan_ats bigint[], p_rescan_steps smallint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT p_relays[d.page] AS relay_id, d.lo FROM unnest(p_drop_pages, p_drop_los) AS d (page, lo) WHERE p_ok[d.page]
    LOOP
        DELETE FROM relay_coverage c WHERE c.relay_id = item.relay_id AND c.lo = item.lo;
    END LOOP;
    IF cardinality(p_pages) > 0 THEN
        INSERT INTO relay_coverage AS c (relay_id, lo, hi, state, proof, reason, pages, cap, items, rescan_at, rescan_step,
                                         proved_at)
        SELECT p_relays[t.page], t.lo, t.hi, t.state, t.proof, t.reason, t.pages, t.cap, t.items,
               to_timestamp(t.rescan_at), t.rescan_step, CASE WHEN t.state IN (2, 3, 4) THEN now() END
          FROM unnest(p_pages, p_los, p_his, p_states, p_proofs, p_page_counts, p_items, p_caps, p_reasons, p_rescan_ats,
                      p_rescan_steps)
               AS t (page, lo, hi, state, proof, pages, items, cap, reason, rescan_at, rescan_step)
         WHERE p_ok[t.page]
         ORDER BY p_relays[t.page], t.lo
        ON CONFLICT (relay_id, lo) DO UPDATE
           SET hi = excluded.hi, state = excluded.state, proof = excluded.proof, reason = excluded.reason,
               pages = excluded.pages, cap = excluded.cap, items = excluded.items,
               rescan_at = excluded.rescan_at, rescan_step = excluded.rescan_step,
               proved_at = CASE WHEN excluded.state = c.state AND excluded.proof IS NOT DISTINCT FROM c.proof AND excluded.hi <= c.hi
                                THEN c.proved_at ELSE excluded.proved_at END;
    END IF;
END $$;
COMMENT ON FUNCTION public.store_coverage(int[], boolean[], int[], bigint[], int[], bigint[], bigint[], smallint[], smallint[], int[], bigint[], int[], smallint[], bigint[], smallint[]) IS 'Part of commit_pages: intervals.';

-- store_quarantine: the same bytes again only raise a count (and burn no id). What is too old goes at once: ids grow by
-- one a row, so rows below max(id) - limit are the oldest beyond the limit, found by the primary key.
CREATE OR REPLACE FUNCTION public.store_quarantine(
    p_relays int[], p_ok boolean[], p_pages int[], p_reasons text[], p_digests bytea[], p_raws bytea[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    item  record;
    bound CONSTANT bigint := coalesce(substring(current_setting('bigbrotr.quarantine_rows', true) FROM '^[0-9]{1,18}$')::bigint, 100000);
BEGIN
    FOR item IN
        SELECT p_relays[t.page] AS relay_id, t.reason, t.digest, t.raw
          FROM unnest(p_pages, p_reasons, p_digests, p_raws) AS t (page, reason, digest, raw)
         WHERE p_ok[t.page] ORDER BY t.digest
    LOOP
        UPDATE quarantine q SET n = q.n + 1, last_seen = extract(epoch FROM now())::bigint WHERE q.digest = item.digest;
        CONTINUE WHEN FOUND;
        INSERT INTO quarantine AS q (relay_id, reason, digest, raw)
        VALUES (item.relay_id, left(item.reason, 64), item.digest, substr(item.raw, 1, 65536))
        ON CONFLICT (digest) DO UPDATE SET n = q.n + 1, last_seen = excluded.last_seen;
    END LOOP;
    DELETE FROM quarantine q WHERE q.id <= (SELECT max(m.id) FROM quarantine m) - bound;
END $$;
COMMENT ON FUNCTION public.store_quarantine(int[], boolean[], int[], text[], bytea[], bytea[]) IS 'Part of commit_pages: bounded store of what failed validation.';

-- commit_pages: stores pages of one or more relays, each with the progress it justifies, in one transaction.
--
-- Pages come in relay_id order (a relay may have several, they are applied in order), new events in event_id order.
-- A page whose (relay, fence, owner) is not the lease that stands is left out whole; the others go on. So is a page that
-- names a known event which has been deleted since. Events seen only on pages left out are not stored.
-- An event that somebody else stored since the look-up is linked all the same and counts as known. A call that is
-- repeated after an unknown outcome changes nothing but seen as known: every part is idempotent.
-- Progress is what it proves, so it only grows: within a walk (same walk_hi) the lower frontier stands, the higher
-- sealed_hi stands, and no time moves past now + 1 h. clears_walk forgets the walk first; values beside it begin the next.
-- Answer, one row a page: accepted; events_new (first stored here), events_known (the other sightings given),
-- sightings_new (links that did not exist). A page that was refused has zeros.
CREATE OR REPLACE FUNCTION public.commit_pages(
    p_owner uuid,
    p_relays int[], p_fences bigint[], p_frontiers bigint[], p_walk_los bigint[], p_walk_his bigint[],
    p_sealed_his bigint[], p_tail_seens bigint[], p_clears_walk boolean[], p_caps int[], p_page_sizes int[],
    p_behaviours jsonb[],
    p_ids bytea[], p_pubkeys bytea[], p_created_ats bigint[], p_kinds int[], p_tags jsonb[], p_contents text[],
    p_sigs bytea[], p_tag_keys tagset[], p_expires_ats bigint[], p_raws bytea[], p_dialects smallint[],
    p_addresses uuid[],
    p_new_pages int[], p_new_events int[],
    p_known_pages int[], p_known_events bigint[], p_known_created_ats bigint[], p_known_kinds int[],
    p_known_pubkeys bytea[], p_gone_pages int[], p_gone_events bigint[],
    p_day_pages int[], p_days int[], p_day_counts int[], p_day_sums bytea[],
    p_tomb_events int[], p_tomb_keys bytea[], p_tomb_up_tos bigint[],
    p_drop_pages int[], p_drop_los bigint[],
    p_cov_pages int[], p_cov_los bigint[], p_cov_his bigint[], p_cov_states smallint[], p_cov_proofs smallint[],
    p_cov_page_counts int[], p_cov_items bigint[], p_cov_caps int[], p_cov_reasons smallint[],
    p_cov_rescan_ats bigint[], p_cov_rescan_steps smallint[],
    p_bad_pages int[], p_bad_reasons text[], p_bad_digests bytea[], p_bad_raws bytea[])
RETURNS TABLE (relay_id int, accepted boolean, events_new int, events_known int, sightings_new int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    n_pages    CONSTANT int := cardinality(p_relays);
    n_events   CONSTANT int := cardinality(p_ids);
    seen       CONSTANT int := extract(epoch FROM now())::int;
    latest     CONSTANT bigint := seen + 3600;
    ok         boolean[] := array_fill(false, ARRAY[n_pages]);
    all_ok     boolean;
    all_new    boolean;
    keep       boolean[];       -- by event: to be stored; NULL for all
    is_new     boolean[];       -- by event: stored by this call
    numbers    bigint[];        -- by event: events.id
    got_ids    bytea[];         -- what an insert returned, in its order
    got        bigint[];
    got_relays int[];
    old_pages  int[] := p_known_pages;          -- sightings that may exist: of events known,
    old_events bigint[] := p_known_events;      -- and of events that somebody else stored meanwhile
    old_times  bigint[] := p_known_created_ats;
    old_kinds  int[] := p_known_kinds;
    old_keys   bytea[] := p_known_pubkeys;
    old_done   boolean[];       -- by those: did not exist; NULL for all
    count_new  int[] := array_fill(0, ARRAY[n_pages]);
    count_all  int[] := array_fill(0, ARRAY[n_pages]);
    count_link int[] := array_fill(0, ARRAY[n_pages]);
    id         bytea;
    last_id    bytea := '';
    j          int := 1;
    item       record;
BEGIN
    -- Shape: unnest would fill a shorter array with NULLs and say nothing; unsorted ids are what makes writers deadlock.
    IF n_pages <> ALL (ARRAY[cardinality(p_fences), cardinality(p_frontiers), cardinality(p_walk_los),
            cardinality(p_walk_his), cardinality(p_sealed_his), cardinality(p_tail_seens), cardinality(p_clears_walk),
            cardinality(p_caps), cardinality(p_page_sizes), cardinality(p_behaviours)])
        OR cardinality(p_gone_pages) <> cardinality(p_gone_events)
        OR n_events <> ALL (ARRAY[cardinality(p_pubkeys), cardinality(p_created_ats), cardinality(p_kinds),
            cardinality(p_tags), cardinality(p_contents), cardinality(p_sigs), cardinality(p_tag_keys),
            cardinality(p_expires_ats), cardinality(p_raws), cardinality(p_dialects), cardinality(p_addresses)])
        OR cardinality(p_new_pages) <> cardinality(p_new_events)
        OR cardinality(p_known_pages) <> ALL (ARRAY[cardinality(p_known_events), cardinality(p_known_created_ats),
            cardinality(p_known_kinds), cardinality(p_known_pubkeys)])
    THEN
        RAISE EXCEPTION 'commit_pages: arrays of different length' USING ERRCODE = '22023';
    END IF;
    FOREACH id IN ARRAY p_ids LOOP
        IF id <= last_id THEN
            RAISE EXCEPTION 'commit_pages: p_ids must ascend' USING ERRCODE = '22023';
        END IF;
        last_id := id;
    END LOOP;

    -- Leases: each row is locked where it is still ours, so nobody claims it before this transaction ends.
    PERFORM pg_advisory_xact_lock_shared(16962, 1);
    FOR i IN 1 .. n_pages LOOP
        IF i > 1 AND p_relays[i] < p_relays[i - 1] THEN
            RAISE EXCEPTION 'commit_pages: p_relays must not descend' USING ERRCODE = '22023';
        END IF;
        PERFORM FROM relay_sync s
          WHERE s.relay_id = p_relays[i] AND s.fence = p_fences[i] AND s.owner = p_owner FOR NO KEY UPDATE;
        ok[i] := FOUND;
    END LOOP;

    -- Known events were looked up before this transaction. Only after deletions can one of them be missing.
    IF cardinality(p_known_events) > 0 AND EXISTS (
        SELECT FROM orphan_walks w WHERE w.name = 'events' AND w.deleted_at > now() - interval '1 hour')
    THEN
        FOR item IN
            SELECT z.page FROM (
                SELECT k.page, (SELECT e.id FROM events e WHERE e.id = k.event) AS event
                  FROM unnest(p_known_pages, p_known_events) AS k (page, event) OFFSET 0) AS z
             WHERE z.event IS NULL
        LOOP
            ok[item.page] := false;
        END LOOP;
    END IF;

    all_ok := true = ALL (ok);
    IF NOT all_ok THEN
        keep := array_fill(false, ARRAY[n_events]);
        FOR item IN SELECT t.event FROM unnest(p_new_pages, p_new_events) AS t (page, event) WHERE ok[t.page] LOOP
            keep[item.event] := true;
        END LOOP;
    END IF;

    -- Events, in order of id.
    WITH stored AS (
        INSERT INTO events (created_at, expires_at, kind, id_dialect, event_id, pubkey, sig, tag_keys, tags, content, raw)
        SELECT t.created_at, t.expires_at, t.kind, t.dialect, t.event_id, t.pubkey, t.sig, t.k, t.tags, t.content, t.raw
          FROM unnest(p_ids, p_pubkeys, p_created_ats, p_kinds, p_tags, p_contents, p_sigs, p_tag_keys, p_expires_ats,
                      p_raws, p_dialects) WITH ORDINALITY
               AS t (event_id, pubkey, created_at, kind, tags, content, sig, k, expires_at, raw, dialect, n)
         WHERE all_ok OR keep[t.n]
        ON CONFLICT (event_id) DO NOTHING
        RETURNING id, event_id)
    SELECT coalesce(array_agg(s.id), '{}'), coalesce(array_agg(s.event_id), '{}') INTO got, got_ids FROM stored s;

    -- Numbers by ordinal. RETURNING keeps the order of the rows given, so what came back is a subsequence of p_ids.
    all_new := got_ids = p_ids;
    IF all_new THEN
        numbers := got;
        is_new := array_fill(true, ARRAY[n_events]);
    ELSE
        is_new := array_fill(false, ARRAY[n_events]);
        FOR i IN 1 .. n_events LOOP
            IF got_ids[j] = p_ids[i] THEN
                numbers[i] := got[j];
                is_new[i] := true;
                j := j + 1;
            ELSIF all_ok OR keep[i] THEN
                numbers[i] := (SELECT e.id FROM events e WHERE e.event_id = p_ids[i]);
                IF numbers[i] IS NULL THEN
                    RAISE EXCEPTION 'commit_pages: an event came and went' USING ERRCODE = '40001';
                END IF;
            END IF;
        END LOOP;
    END IF;

    -- Sightings that may exist already.
    IF NOT (all_ok AND all_new) THEN
        SELECT array_agg(o.page), array_agg(o.event), array_agg(o.created_at), array_agg(o.kind), array_agg(o.pubkey)
          INTO old_pages, old_events, old_times, old_kinds, old_keys
          FROM (SELECT k.page, k.event, k.created_at, k.kind, k.pubkey
                  FROM unnest(p_known_pages, p_known_events, p_known_created_ats, p_known_kinds, p_known_pubkeys)
                       AS k (page, event, created_at, kind, pubkey)
                 WHERE ok[k.page]
                 UNION ALL
                SELECT t.page, numbers[t.event], p_created_ats[t.event], p_kinds[t.event], p_pubkeys[t.event]
                  FROM unnest(p_new_pages, p_new_events) AS t (page, event)
                 WHERE ok[t.page] AND NOT is_new[t.event]) AS o;
    END IF;
    IF cardinality(old_pages) > 0 THEN
        WITH linked AS (
            INSERT INTO events_relays AS s (event, created_at, relay_id, seen_at)
            SELECT o.event, o.created_at, p_relays[o.page], seen
              FROM unnest(old_pages, old_events, old_times) AS o (page, event, created_at)
            ON CONFLICT (event, relay_id) DO UPDATE SET gone_at = NULL WHERE s.gone_at IS NOT NULL
            RETURNING event, relay_id, xmax = 0 AS is_new)     -- a row that came back was counted before
        SELECT coalesce(array_agg(l.event), '{}'), array_agg(l.relay_id) INTO got, got_relays FROM linked l WHERE l.is_new;
        IF cardinality(got) < cardinality(old_pages) THEN
            j := 1;
            FOR i IN 1 .. cardinality(old_pages) LOOP
                old_done[i] := coalesce(got[j] = old_events[i] AND got_relays[j] = p_relays[old_pages[i]], false);
                j := j + old_done[i]::int;
            END LOOP;
        END IF;
    END IF;

    -- Sightings of events stored just now, which cannot exist unless two pages of one relay bring the same event;
    -- then one queue row a page with what statistics have to count.
    WITH pairs AS MATERIALIZED (
        SELECT t.page, t.event, lag(t.event) OVER w IS DISTINCT FROM t.event AS is_first,
               lag(t.event) OVER w IS DISTINCT FROM t.event OR lag(p_relays[t.page]) OVER w <> p_relays[t.page] AS is_link
          FROM unnest(p_new_pages, p_new_events) WITH ORDINALITY AS t (page, event, n)
         WHERE ok[t.page] AND is_new[t.event]
        WINDOW w AS (ORDER BY t.n)),
    linked AS (
        INSERT INTO events_relays (event, created_at, relay_id, seen_at)
        SELECT numbers[p.event], p_created_ats[p.event], p_relays[p.page], seen FROM pairs p WHERE p.is_link),
    seen_all AS (
        SELECT p.page, p_pubkeys[p.event] AS pubkey, p_kinds[p.event] AS kind, p.is_first, p.is_link FROM pairs p
        UNION ALL
        SELECT o.page, o.pubkey, o.kind, false, coalesce(o.done, true)
          FROM unnest(old_pages, old_keys, old_kinds, old_done) AS o (page, pubkey, kind, done)),
    grouped AS MATERIALIZED (
        SELECT a.page, count(*) AS n, count(*) FILTER (WHERE a.is_first) AS n_new, count(*) FILTER (WHERE a.is_link) AS n_link,
               array_agg(a.pubkey) FILTER (WHERE a.is_first) AS new_pubkeys,
               array_agg(a.kind) FILTER (WHERE a.is_first) AS new_kinds,
               array_agg(a.pubkey) FILTER (WHERE a.is_link AND NOT a.is_first) AS old_pubkeys,
               array_agg(a.kind) FILTER (WHERE a.is_link AND NOT a.is_first) AS old_kinds
          FROM seen_all a GROUP BY a.page),
    queued AS (
        INSERT INTO stat_queue (relay_id, new_pubkeys, new_kinds, old_pubkeys, old_kinds)
        SELECT p_relays[g.page], g.new_pubkeys, g.new_kinds, g.old_pubkeys, g.old_kinds
          FROM grouped g WHERE g.n_link > 0 ORDER BY g.page)
    SELECT array_agg(coalesce(g.n, 0) ORDER BY p.n), array_agg(coalesce(g.n_new, 0) ORDER BY p.n),
           array_agg(coalesce(g.n_link, 0) ORDER BY p.n)
      INTO count_all, count_new, count_link
      FROM generate_series(1, n_pages) AS p (n) LEFT JOIN grouped g ON g.page = p.n;

    IF n_events > 0 THEN
        PERFORM store_derived(p_ids, p_pubkeys, p_created_ats, p_addresses, numbers, is_new,
                              p_tomb_events, p_tomb_keys, p_tomb_up_tos);
    END IF;

    IF cardinality(p_gone_pages) > 0 THEN
        UPDATE events_relays s SET gone_at = seen
          FROM (SELECT g.event, p_relays[g.page] AS relay_id FROM unnest(p_gone_pages, p_gone_events) AS g (page, event)
                 WHERE ok[g.page]) AS gone
         WHERE s.event = gone.event AND s.relay_id = gone.relay_id AND s.gone_at IS NULL;
    END IF;

    -- Days: the client adds before it calls, since this relay's lease makes it the only writer. The last page wins.
    INSERT INTO relay_day AS d (relay_id, day, n, idsum)
    SELECT DISTINCT ON (p_relays[t.page], t.day) p_relays[t.page], t.day, t.n, t.idsum
      FROM unnest(p_day_pages, p_days, p_day_counts, p_day_sums) AS t (page, day, n, idsum)
     WHERE ok[t.page]
     ORDER BY p_relays[t.page], t.day, t.page DESC
    ON CONFLICT (relay_id, day) DO UPDATE SET n = excluded.n, idsum = excluded.idsum;

    PERFORM store_coverage(p_relays, ok, p_drop_pages, p_drop_los, p_cov_pages, p_cov_los, p_cov_his, p_cov_states,
        p_cov_proofs, p_cov_page_counts, p_cov_items, p_cov_caps, p_cov_reasons, p_cov_rescan_ats,
        p_cov_rescan_steps);

    -- Progress. LEAST and GREATEST skip NULLs, so times go through a CASE where NULL means unchanged.
    FOR i IN 1 .. n_pages LOOP
        CONTINUE WHEN NOT ok[i];
        UPDATE relay_sync s
           SET frontier = CASE
                   WHEN p_clears_walk[i] OR (p_walk_his[i] <> s.walk_hi AND p_frontiers[i] IS NOT NULL)
                       THEN CASE WHEN p_frontiers[i] > latest THEN latest ELSE p_frontiers[i] END
                   WHEN p_frontiers[i] IS NULL THEN s.frontier
                   ELSE least(s.frontier, p_frontiers[i], latest) END,
               walk_lo = CASE WHEN p_clears_walk[i] THEN p_walk_los[i] ELSE coalesce(p_walk_los[i], s.walk_lo) END,
               walk_hi = CASE WHEN p_clears_walk[i] THEN p_walk_his[i] ELSE coalesce(p_walk_his[i], s.walk_hi) END,
               sealed_hi = CASE WHEN p_sealed_his[i] IS NULL THEN s.sealed_hi
                                ELSE greatest(s.sealed_hi, least(p_sealed_his[i], latest)) END,
               tail_seen = CASE WHEN p_tail_seens[i] IS NULL THEN s.tail_seen ELSE least(p_tail_seens[i], latest) END,
               cap_seen = coalesce(p_caps[i], s.cap_seen),
               page_size = coalesce(p_page_sizes[i], s.page_size),
               behaviour = coalesce(s.behaviour || p_behaviours[i], s.behaviour),
               events_new = s.events_new + count_new[i],
               sightings = s.sightings + count_link[i]
         WHERE s.relay_id = p_relays[i];
    END LOOP;

    IF true = ANY (is_new) THEN
        INSERT INTO event_batches (events) SELECT array_agg(t.number ORDER BY t.n)
          FROM unnest(numbers, is_new) WITH ORDINALITY AS t (number, is_new, n) WHERE t.is_new;
    END IF;
    IF cardinality(p_bad_pages) > 0 THEN
        PERFORM store_quarantine(p_relays, ok, p_bad_pages, p_bad_reasons, p_bad_digests, p_bad_raws);
    END IF;

    RETURN QUERY SELECT p_relays[p.n], ok[p.n], count_new[p.n], count_all[p.n] - count_new[p.n], count_link[p.n]
      FROM generate_series(1, n_pages) AS p (n) ORDER BY p.n;
END $$;
COMMENT ON FUNCTION public.commit_pages IS 'Stores pages of relays under their leases, with events, sightings and progress, in one transaction.';

-- insert_event: one event seen on one relay, without a lease: for tools, tests and imports. The relay is created when
-- unknown. Synchronizers use commit_pages. If somebody holds the relay's lease, a new sighting takes the lease away, as
-- the holder's day sums would otherwise overwrite this one's. Several in one transaction: in order of event_id.
-- p_address may be left NULL, it is then computed. Answer: whether the event and the sighting are new.
CREATE OR REPLACE FUNCTION public.insert_event(
    p_event_id bytea, p_pubkey bytea, p_created_at bigint, p_kind int, p_tags jsonb, p_content text, p_sig bytea,
    p_relay_url text, p_relay_network text, p_relay_inserted_at bigint, p_seen_at bigint,
    p_tag_keys bigint[] DEFAULT NULL, p_expires_at bigint DEFAULT NULL, p_raw bytea DEFAULT NULL,
    p_id_dialect smallint DEFAULT 0::smallint, p_address uuid DEFAULT NULL,
    p_tomb_keys bytea[] DEFAULT '{}', p_tomb_up_tos bigint[] DEFAULT '{}',
    OUT event_is_new boolean, OUT sighting_is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    relay  int;
    number bigint;
    one_day CONSTANT int := least(p_created_at / 86400, 2147483647);
    zero    CONSTANT bytea := decode(repeat('00', 32), 'hex');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(16962, 1);
    relay := insert_relay(p_relay_url, p_relay_network, p_relay_inserted_at);
    PERFORM FROM relay_sync s WHERE s.relay_id = relay FOR NO KEY UPDATE;

    event_is_new := false;
    SELECT e.id INTO number FROM events e WHERE e.event_id = p_event_id;
    IF NOT FOUND THEN
        INSERT INTO events (created_at, expires_at, kind, id_dialect, event_id, pubkey, sig, tag_keys, tags, content, raw)
        VALUES (p_created_at, p_expires_at, p_kind, p_id_dialect, p_event_id, p_pubkey, p_sig, p_tag_keys, p_tags,
                p_content, p_raw)
        ON CONFLICT (event_id) DO NOTHING RETURNING id INTO number;
        event_is_new := FOUND;
        IF NOT FOUND THEN
            SELECT e.id INTO STRICT number FROM events e WHERE e.event_id = p_event_id;
        END IF;
    END IF;

    INSERT INTO events_relays (event, created_at, relay_id, seen_at) VALUES (number, p_created_at, relay, p_seen_at)
    ON CONFLICT (event, relay_id) DO NOTHING;
    sighting_is_new := FOUND;
    IF event_is_new THEN
        PERFORM store_derived(ARRAY[p_event_id], ARRAY[p_pubkey], ARRAY[p_created_at],
            ARRAY[coalesce(p_address, event_address(p_kind, p_pubkey, p_tags))], ARRAY[number], ARRAY[true],
            array_fill(1, ARRAY[cardinality(p_tomb_keys)]), p_tomb_keys, p_tomb_up_tos);
        INSERT INTO event_batches (events) VALUES (ARRAY[number]);
        INSERT INTO stat_queue (relay_id, new_pubkeys, new_kinds) VALUES (relay, ARRAY[p_pubkey], ARRAY[p_kind]);
    ELSIF sighting_is_new THEN
        INSERT INTO stat_queue (relay_id, old_pubkeys, old_kinds) VALUES (relay, ARRAY[p_pubkey], ARRAY[p_kind]);
    END IF;
    IF sighting_is_new THEN
        INSERT INTO relay_day AS d (relay_id, day, n, idsum) VALUES (relay, one_day, 1, p_event_id)
        ON CONFLICT (relay_id, day) DO UPDATE SET n = d.n + 1, idsum = add_id(d.idsum, excluded.idsum);
        UPDATE relay_sync s
           SET events_new = s.events_new + event_is_new::int, sightings = s.sightings + 1,
               fence = s.fence + (s.owner IS NOT NULL)::int, owner = NULL,
               due_at = CASE WHEN s.owner IS NULL THEN s.due_at ELSE now() END
         WHERE s.relay_id = relay;
    END IF;
END $$;
COMMENT ON FUNCTION public.insert_event IS 'Stores one event as seen on one relay, outside any lease.';

-- insert_relay_metadata: one check of a relay. Documents are stored once: nip11 under the SHA-256 of its raw bytes,
-- nip66 under that of its jsonb text. p_nip11 and p_nip66 hold the columns of those tables by name; what has no column
-- in nip66 stays in its document. NULL means none, and the error says why. p_planned_at and p_unwatched_at are the Monitor's.
-- Answer: whether the row is new.
CREATE OR REPLACE FUNCTION public.insert_relay_metadata(
    p_relay_url text, p_relay_network text, p_relay_inserted_at bigint, p_generated_at bigint,
    p_nip11_raw bytea, p_nip11 jsonb, p_nip66 jsonb, p_nip11_error text, p_nip66_error text,
    p_planned_at bigint DEFAULT NULL, p_unwatched_at bigint DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    id11 CONSTANT bytea := sha256(p_nip11_raw);
    id66 CONSTANT bytea := sha256(convert_to(p_nip66::text, 'UTF8'));
BEGIN
    PERFORM insert_relay(p_relay_url, p_relay_network, p_relay_inserted_at);
    -- The row lock keeps delete_orphan_* off a document that this transaction is about to refer to.
    WHILE id11 IS NOT NULL LOOP
        PERFORM FROM nip11 d WHERE d.id = id11 FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO nip11 SELECT (jsonb_populate_record(
                NULL::nip11, coalesce(p_nip11, '{}') || jsonb_build_object(
                    'id', id11, 'raw', p_nip11_raw, 'defects', coalesce(p_nip11 -> 'defects', '[]')))).*
        ON CONFLICT (id) DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    WHILE id66 IS NOT NULL LOOP
        PERFORM FROM nip66 d WHERE d.id = id66 FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO nip66 SELECT (jsonb_populate_record(
                NULL::nip66, p_nip66 || jsonb_build_object('id', id66, 'document', p_nip66))).*
        ON CONFLICT (id) DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    INSERT INTO relay_metadata (relay_url, generated_at, planned_at, unwatched_at, nip11_id, nip66_id, nip11_error, nip66_error)
    VALUES (p_relay_url, p_generated_at, p_planned_at, p_unwatched_at, id11, id66, p_nip11_error, p_nip66_error)
    ON CONFLICT (relay_url, generated_at) DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION public.insert_relay_metadata IS 'Stores one check of a relay with its documents, each document once.';

-- claim_checks: leases of at most p_limit relays of a network and queue whose check is due, for p_owner until p_ttl seconds from
-- now. Of relays never checked those of greatest worth come first, of the others those due longest. Rows that somebody else has
-- locked are passed over; every claim raises the fence. An ignored relay is put off by an hour, and is not watched from then
-- on. Each queue has an index in its order, and no other index can answer for it.
CREATE OR REPLACE FUNCTION public.claim_checks(
    p_network text, p_queue smallint, p_limit bigint, p_owner uuid, p_ttl double precision)
RETURNS TABLE (
    relay_id int, relay_url text, fence bigint, status text, fails int, was_up boolean, failing_since bigint,
    checked_at bigint, planned_at bigint, full_at bigint, database_now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due   int[];
    relay int;
BEGIN
    IF p_queue = 1 THEN
        due := ARRAY(
            SELECT z.relay_id
              FROM (SELECT c.relay_id FROM relay_checks c
                     WHERE c.network = p_network AND c.queue = 1 AND c.due_at <= now()
                     ORDER BY c.worth DESC, c.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
    ELSE
        due := ARRAY(
            SELECT z.relay_id
              FROM (SELECT c.relay_id FROM relay_checks c
                     WHERE c.network = p_network AND c.queue = p_queue AND c.queue <> 1 AND c.due_at <= now()
                     ORDER BY c.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS z);
    END IF;
    database_now := extract(epoch FROM now())::bigint;
    FOREACH relay IN ARRAY due LOOP
        SELECT r.relay_url, r.status INTO relay_url, status FROM relays r WHERE r.relay_id = relay;
        IF status = 'ignored' THEN
            UPDATE relay_checks c SET owner = NULL, fence = c.fence + 1, due_at = now() + interval '1 h' WHERE c.relay_id = relay;
            PERFORM note_transition(relay, database_now, 'unknown', 'ignored');
            CONTINUE;
        END IF;
        was_up := EXISTS (SELECT FROM relay_transitions t WHERE t.relay_id = relay AND t.status = 'online');
        UPDATE relay_checks c SET owner = p_owner, fence = c.fence + 1, due_at = now() + make_interval(secs => p_ttl)
         WHERE c.relay_id = relay
        RETURNING c.relay_id, c.fence, c.fails, c.failing_since, c.checked_at, c.planned_at, c.full_at
             INTO relay_id, fence, fails, failing_since, checked_at, planned_at, full_at;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.claim_checks(text, smallint, bigint, uuid, double precision) IS 'Leases relays of a queue whose check is due, and says where each stands.';

-- note_transition: a status from p_at on, unless it is the one already known. Rows of a relay ascend by time, so p_at is
-- moved behind the last one. Answer: whether there is a row more.
CREATE OR REPLACE FUNCTION public.note_transition(p_relay int, p_at bigint, p_status text, p_reason text)
RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    last record;
BEGIN
    SELECT t.at, t.status INTO last FROM relay_transitions t WHERE t.relay_id = p_relay ORDER BY t.at DESC LIMIT 1;
    IF coalesce(last.status, 'unknown') = p_status THEN
        RETURN false;
    END IF;
    INSERT INTO relay_transitions (relay_id, at, status, was, reason)
    VALUES (p_relay, greatest(p_at, last.at + 1), p_status, coalesce(last.status, 'unknown'), p_reason);
    RETURN true;
END $$;
COMMENT ON FUNCTION public.note_transition(int, bigint, text, text) IS 'Part of claim_checks and commit_check: a change of status.';

-- commit_check: one check of a relay under its lease, which it ends: documents, history, status, transition and when the
-- next check is due, in one transaction. The check began p_taken seconds ago; the next is due in p_wait seconds. p_is_up
-- says whether the relay answered, p_reason why not, p_status what it is now held for. p_unwatched: Unix seconds from which
-- nobody looked, although a check was due; NULL when that was not for long. p_event: what to publish, as queue_event wants
-- it, or NULL. p_full_wait: seconds until the next full check, NULL when this was none. Answer: false when the lease was
-- lost; then nothing is stored. A status that the operator set to ignored stays, and nothing is published of such a relay.
CREATE OR REPLACE FUNCTION public.commit_check(
    p_owner uuid, p_relay int, p_fence bigint, p_taken double precision, p_wait double precision, p_is_up boolean,
    p_status text, p_fails int, p_unwatched bigint, p_reason text, p_nip66 jsonb, p_nip11_raw bytea, p_nip11 jsonb,
    p_nip11_error text, p_event jsonb DEFAULT NULL, p_full_wait double precision DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    relay  record;
    before record;
    began  bigint;
    since  bigint;
    unwatched bigint;
    planned CONSTANT bigint := extract(epoch FROM now() + make_interval(secs => p_wait))::bigint;
    measured jsonb;
BEGIN
    SELECT r.relay_url, r.network, r.status INTO relay FROM relays r WHERE r.relay_id = p_relay FOR NO KEY UPDATE;
    -- The row lock keeps the lease from changing hands meanwhile.
    SELECT c.checked_at, c.failing_since, c.last_error INTO before FROM relay_checks c
     WHERE c.relay_id = p_relay AND c.fence = p_fence AND c.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Two checks of a relay never stand in the same second.
    began := greatest((extract(epoch FROM now()) - greatest(p_taken, 0))::bigint, before.checked_at + 1);
    unwatched := CASE WHEN p_unwatched IS NOT NULL THEN greatest(p_unwatched, before.checked_at + 1) END;
    since := CASE WHEN p_is_up THEN NULL WHEN p_fails > 1 THEN coalesce(before.failing_since, began) ELSE began END;

    -- What synchronizers have seen of how it answers belongs to what is known of it, and is asked for by nobody twice.
    -- What they note for themselves does not.
    SELECT p_nip66 || jsonb_build_object('behaviour',
               (s.behaviour - '{filter,rescans,span,reading}'::text[])
               || CASE WHEN s.cap_seen > 0 THEN jsonb_build_object('page', s.cap_seen) ELSE '{}' END)
      INTO measured FROM relay_sync s
     WHERE s.relay_id = p_relay AND (s.behaviour - '{filter,rescans,span,reading}'::text[] <> '{}' OR s.cap_seen > 0);
    PERFORM insert_relay_metadata(relay.relay_url, relay.network, began, began, p_nip11_raw, p_nip11,
        coalesce(measured, p_nip66), p_nip11_error,
        CASE WHEN NOT p_is_up THEN p_reason END, planned, unwatched);
    INSERT INTO relay_check_days AS d (relay_id, day, checks, answered) VALUES (p_relay, began / 86400, 1, p_is_up::int)
    ON CONFLICT (relay_id, day) DO UPDATE SET checks = d.checks + 1, answered = d.answered + excluded.answered;
    UPDATE relay_checks c
       SET owner = NULL, due_at = now() + make_interval(secs => p_wait), fails = p_fails, checked_at = began,
           queue = CASE p_status WHEN 'online' THEN 0 ELSE 2 END,
           planned_at = planned, failing_since = since,
           full_at = coalesce(extract(epoch FROM now() + make_interval(secs => p_full_wait))::bigint, c.full_at),
           last_error = CASE WHEN NOT p_is_up THEN p_reason END
     WHERE c.relay_id = p_relay;
    IF relay.status = 'ignored' THEN
        RETURN true;
    END IF;

    IF unwatched IS NOT NULL THEN
        PERFORM note_transition(p_relay, unwatched, 'unknown', 'not_watched');
    END IF;
    -- One failure alone says nothing about what the relay is.
    IF p_is_up OR p_status IN ('offline', 'dead') THEN
        -- An outage begins with the first of its failures, and its cause is that one's.
        PERFORM note_transition(p_relay, CASE WHEN p_status = 'offline' AND unwatched IS NULL THEN since ELSE began END,
            p_status, CASE WHEN p_is_up THEN NULL WHEN p_status = 'offline' AND unwatched IS NULL
                           THEN coalesce(before.last_error, p_reason) ELSE p_reason END);
    END IF;
    UPDATE relays r SET status = p_status, last_seen = CASE WHEN p_is_up THEN began ELSE r.last_seen END
     WHERE r.relay_id = p_relay AND (p_is_up OR r.status <> p_status);
    IF p_event IS NOT NULL THEN
        PERFORM queue_event(p_event, p_relay, began);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.commit_check IS 'Stores one check of a relay under its lease, with what follows from it, and ends the lease.';

-- find_aliases: looks whether relays that are up, at most p_limit and none twice a day, are an older one by a second name.
-- They are when both give the same events on the newest five days that are over, at least p_events of them, and their host
-- or their information document (NIP-11) is the same: software of other people that mirrors a relay is no alias of it. A day
-- counts from its second midnight on, because events of it still come. A relay is compared with those of the same host or
-- document only, at most 1,000 of each, so the work does not grow with the relays that are known. Answer: how many were
-- looked at, how many are aliases.
CREATE OR REPLACE FUNCTION public.find_aliases(p_limit bigint, p_events bigint DEFAULT 100, OUT compared bigint, OUT aliases bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    relay  int;
    older  int;
    days   int[];
    events bigint;
    proof  jsonb;
BEGIN
    compared := 0;
    aliases := 0;
    FOR relay IN
        SELECT c.relay_id FROM relay_checks c
         WHERE c.queue = 0 AND coalesce(c.compared_at, '-infinity') < now() - interval '1 day'
         ORDER BY coalesce(c.compared_at, '-infinity') LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        compared := compared + 1;
        UPDATE relay_checks c SET compared_at = now() WHERE c.relay_id = relay;
        SELECT array_agg(d.day), coalesce(sum(d.n), 0) INTO days, events
          FROM (SELECT d.day, d.n FROM relay_day d
                 WHERE d.relay_id = relay AND d.day < extract(epoch FROM now())::bigint / 86400 - 1 AND d.n > 0
                 ORDER BY d.day DESC LIMIT 5) AS d;
        proof := NULL;
        FOR older IN
            SELECT c.relay_id FROM unnest(similar_relays(relay)) AS s (relay_id) JOIN relay_checks c USING (relay_id)
             WHERE events >= p_events AND c.queue = 0 AND c.relay_id < relay ORDER BY c.relay_id
        LOOP
            CONTINUE WHEN EXISTS (
                SELECT FROM relay_day d
                 WHERE d.relay_id = relay AND d.day = ANY (days)
                   AND NOT EXISTS (SELECT FROM relay_day o
                                    WHERE o.relay_id = older AND o.day = d.day AND o.n = d.n AND o.idsum = d.idsum));
            proof := same_service(relay, older);
            EXIT WHEN proof IS NOT NULL;
        END LOOP;
        IF proof IS NULL THEN
            DELETE FROM relay_aliases a WHERE a.relay_id = relay;
            CONTINUE;
        END IF;
        aliases := aliases + 1;
        INSERT INTO relay_aliases AS a (found_at, relay_id, alias_of, evidence)
        VALUES (extract(epoch FROM now())::bigint, relay, older,
                proof || jsonb_build_object('days', array_length(days, 1), 'events', events))
        ON CONFLICT (relay_id) DO UPDATE
           SET evidence = excluded.evidence, alias_of = excluded.alias_of,
               found_at = CASE a.alias_of WHEN excluded.alias_of THEN a.found_at ELSE excluded.found_at END;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.find_aliases(bigint, bigint) IS 'Finds relays that are another one by a second name, by what they serve.';

-- similar_relays: at most 1,000 relays of the host of one, and at most 1,000 that have shown its document, itself among them.
CREATE OR REPLACE FUNCTION public.similar_relays(p_relay int)
RETURNS int[] LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    url      CONSTANT text := (SELECT r.relay_url FROM relays r WHERE r.relay_id = p_relay);
    document CONSTANT bytea := newest_document(url);
    one      text;
    urls     text[] := '{}';
BEGIN
    -- From one relay to the next, past the many checks in which each has shown it.
    WHILE document IS NOT NULL AND cardinality(urls) < 1000 LOOP
        SELECT m.relay_url INTO one FROM relay_metadata m
         WHERE m.nip11_id = document AND m.relay_url > coalesce(one, '') ORDER BY m.relay_url LIMIT 1;
        EXIT WHEN NOT FOUND;
        urls := urls || one;
    END LOOP;
    RETURN ARRAY(
        SELECT r.relay_id FROM relays r WHERE r.relay_url = ANY (urls)
        UNION
        (SELECT r.relay_id FROM relays r
          WHERE substring(r.relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)') = substring(url FROM '^wss?://(\[[^]]*\]|[^/:?]*)')
          ORDER BY r.relay_id LIMIT 1000));
END $$;
COMMENT ON FUNCTION public.similar_relays(int) IS 'Part of find_aliases: relays that could be the same service as one.';

-- newest_document: id of the information document in the newest of the last hundred checks of a relay that has one. In
-- plpgsql, like advertised_limit, because claims call it: a function in SQL is parsed and planned again by each statement.
CREATE OR REPLACE FUNCTION public.newest_document(p_url text)
RETURNS bytea LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT m.nip11_id
              FROM (SELECT n.nip11_id, n.generated_at FROM relay_metadata n
                     WHERE n.relay_url = p_url ORDER BY n.generated_at DESC LIMIT 100) AS m
             WHERE m.nip11_id IS NOT NULL ORDER BY m.generated_at DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION public.newest_document(text) IS 'Part of find_aliases: the information document that a relay shows now.';

-- advertised_limit: the page size that a relay's information document allows (NIP-11, limitation.max_limit), to begin with: such
-- numbers are often wrong, so what pages show counts more. What is below 50 is raised to it.
CREATE OR REPLACE FUNCTION public.advertised_limit(p_url text) RETURNS int
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN jsonb_typeof(n.limitation -> 'max_limit') = 'number'
                        THEN greatest(least((n.limitation ->> 'max_limit')::numeric, 5000), 50)::int END
              FROM nip11 n WHERE n.id = newest_document(p_url));
END $$;
COMMENT ON FUNCTION public.advertised_limit(text) IS 'Events a page by the relay''s own document, 50 to 5,000; NULL where it says nothing.';

-- same_service: what two relays have in common beside what they serve; NULL for nothing.
CREATE OR REPLACE FUNCTION public.same_service(p_one int, p_other int)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN z.same_host OR z.same_document
                THEN jsonb_build_object('same_host', z.same_host, 'same_document', z.same_document) END
      FROM (SELECT count(DISTINCT substring(r.relay_url FROM '^wss?://(\[[^]]*\]|[^/:?]*)')) = 1 AS same_host,
                   count(d.nip11_id) = 2 AND count(DISTINCT d.nip11_id) = 1 AS same_document
              FROM relays r CROSS JOIN LATERAL (SELECT newest_document(r.relay_url) AS nip11_id) AS d
             WHERE r.relay_id IN (p_one, p_other)) AS z
$$;
COMMENT ON FUNCTION public.same_service(int, int) IS 'Part of find_aliases: whether two relays share host or information document.';

-- queue_event: an event to be published, in the place of an older one of its address. p_event: kind, identifier (tag d, or
-- empty), tags, content, digest (hex), refresh (seconds), targets (URLs). Nothing is done when the last one had the same
-- digest and is younger than refresh. p_created_at is moved behind that of the last one; NULL is now. Targets that have not got
-- the older event will not get it any more. Answer: whether the event is in the queue.
CREATE OR REPLACE FUNCTION public.queue_event(p_event jsonb, p_relay int, p_created_at bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    before  record;
    targets CONSTANT text[] := ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(p_event -> 'targets') AS t ORDER BY t);
    mark    CONSTANT bytea := decode(p_event ->> 'digest', 'hex');
    made    bigint := coalesce(p_created_at, extract(epoch FROM now())::bigint);
    work    CONSTANT smallint := coalesce((SELECT max(t.pow) FROM publish_targets t WHERE t.url = ANY (targets)), 0);
    number  bigint;
BEGIN
    SELECT q.id, q.created_at, q.digest, q.pow INTO before FROM publish_queue q
     WHERE q.kind = (p_event ->> 'kind')::int AND q.identifier = p_event ->> 'identifier' FOR UPDATE;
    IF FOUND THEN
        IF before.digest = mark AND before.pow >= work AND made - before.created_at < (p_event ->> 'refresh')::float8 THEN
            RETURN false;
        END IF;
        -- A new number, which the rows of publish_waiting follow.
        UPDATE publish_queue q
           SET id = DEFAULT, created_at = greatest(made, before.created_at + 1), queued_at = now(), relay_id = p_relay, pow = work,
               digest = mark, tags = p_event -> 'tags', content = p_event ->> 'content'
         WHERE q.id = before.id RETURNING q.id INTO number;
        UPDATE publish_waiting w SET skipped = w.skipped + 1, tries = 0 WHERE w.id = number;
    ELSE
        INSERT INTO publish_queue (created_at, relay_id, kind, pow, digest, identifier, tags, content)
        VALUES (made, p_relay, (p_event ->> 'kind')::int, work, mark, p_event ->> 'identifier', p_event -> 'tags',
                p_event ->> 'content')
        ON CONFLICT (kind, identifier) DO NOTHING RETURNING id INTO number;
        -- Somebody else says the same at this moment.
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO publish_waiting (id, target) SELECT number, t FROM unnest(targets) AS t ON CONFLICT DO NOTHING;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.queue_event(jsonb, int, bigint) IS 'Part of commit_check, and for events about the Monitor itself: what is to be published.';

-- claim_publishing: leases of at most p_limit of these targets that something waits for, for p_owner until p_ttl seconds from now.
-- One that somebody else has locked is passed over; every claim raises the fence. What a target asked for in work
-- beyond p_most_pow bits is forgotten. A target that is new gets its row.
CREATE OR REPLACE FUNCTION public.claim_publishing(
    p_targets text[], p_limit int, p_owner uuid, p_ttl double precision, p_most_pow smallint)
RETURNS TABLE (url text, fence bigint, fails int, database_now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    due text[];
BEGIN
    INSERT INTO publish_targets (url)
    SELECT DISTINCT n FROM unnest(p_targets) AS n
     WHERE NOT EXISTS (SELECT FROM publish_targets t WHERE t.url = n) ORDER BY n ON CONFLICT DO NOTHING;
    due := ARRAY(
        SELECT z.url
          FROM (SELECT t.url FROM publish_targets t
                 WHERE t.url = ANY (p_targets) AND t.due_at <= now()
                   AND EXISTS (SELECT FROM publish_waiting w WHERE w.target = t.url)
                 ORDER BY t.due_at, t.url LIMIT p_limit FOR NO KEY UPDATE OF t SKIP LOCKED) AS z);
    RETURN QUERY
    UPDATE publish_targets t
       SET owner = p_owner, fence = t.fence + 1, due_at = now() + make_interval(secs => p_ttl),
           pow = CASE WHEN t.pow <= p_most_pow THEN t.pow ELSE 0 END
     WHERE t.url = ANY (due)
    RETURNING t.url, t.fence, t.fails, extract(epoch FROM now())::bigint;
END $$;
COMMENT ON FUNCTION public.claim_publishing(text[], int, uuid, double precision, smallint) IS 'Leases relays that events wait for.';

-- settle_publishing: what a target has answered, under its lease. p_done: events that it needs not be sent any more; p_late:
-- those that it gave no answer to, which come last from now on. p_pow: bits of work it asked for, NULL when it did not.
-- p_wait: seconds until it may be published to again, when p_ends; else until the lease ends. A row that a newer event is just
-- taking is passed over: it stands for that one. Answer: false when the lease was lost; then nothing is changed.
CREATE OR REPLACE FUNCTION public.settle_publishing(
    p_owner uuid, p_target text, p_fence bigint, p_done bigint[], p_late bigint[], p_accepted int, p_refused int,
    p_pow smallint, p_fails int, p_error text, p_message text, p_wait double precision, p_ends boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE publish_targets t
       SET owner = CASE WHEN p_ends THEN NULL ELSE t.owner END, due_at = now() + make_interval(secs => p_wait),
           accepted = t.accepted + p_accepted, refused = t.refused + p_refused,
           accepted_at = CASE WHEN p_accepted > 0 THEN extract(epoch FROM now())::bigint ELSE t.accepted_at END,
           pow = coalesce(p_pow, t.pow), fails = p_fails, last_error = p_error, last_message = p_message
     WHERE t.url = p_target AND t.owner = p_owner AND t.fence = p_fence;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM publish_waiting w
     WHERE w.target = p_target AND w.id = ANY (ARRAY(
           SELECT l.id FROM publish_waiting l WHERE l.target = p_target AND l.id = ANY (p_done)
            ORDER BY l.id FOR UPDATE SKIP LOCKED));
    UPDATE publish_waiting w SET tries = least(w.tries + 1, 32000)
     WHERE w.target = p_target AND w.id = ANY (ARRAY(
           SELECT l.id FROM publish_waiting l WHERE l.target = p_target AND l.id = ANY (p_late)
            ORDER BY l.id FOR UPDATE SKIP LOCKED));
    RETURN true;
END $$;
COMMENT ON FUNCTION public.settle_publishing IS 'Stores what a relay answered to events that were published to it.';

-- hear_deltas: what others say in archived events of kind 1066, into relay_voices. Looks at the newest p_limit of the last p_window
-- seconds; an event of the future is heard when its time has come, so none can stand before all others for long. Only changes of
-- state count (tag O: init, up, down), about relays that are known (tag r, also with the slash of an empty path). An event with more
-- than 200 tags takes long to read and is passed over. p_own is our key, or NULL. Kept are the newest p_share relays of an author,
-- p_most in all. One at a time. Answer: voices that are new or say something newer, -1 while somebody else hears. The order is that
-- of events_kind and of no other index.
CREATE OR REPLACE FUNCTION public.hear_deltas(
    p_own bytea, p_window int, p_limit int, p_share int DEFAULT 5000, p_most int DEFAULT 200000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    today CONSTANT bigint := extract(epoch FROM now())::bigint;
    heard int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(16962, 4) THEN
        RETURN -1;
    END IF;
    WITH said AS MATERIALIZED (
        SELECT z.pubkey, z.created_at,
               (SELECT t ->> 1 FROM jsonb_array_elements(z.tags) AS t WHERE t ->> 0 = 'r' LIMIT 1) AS url,
               (SELECT t ->> 1 FROM jsonb_array_elements(z.tags) AS t WHERE t ->> 0 = 'O' LIMIT 1) AS state
          FROM (SELECT e.pubkey, e.created_at, e.tags FROM events e
                 WHERE (e.kind, e.created_at) >= (1066, today - p_window) AND (e.kind, e.created_at) <= (1066, today)
                 ORDER BY e.kind DESC, e.created_at DESC LIMIT p_limit) AS z
         -- Both hold for no tags that are no array.
         WHERE z.tags -> 200 IS NULL AND z.tags @> '[["O"]]' AND z.pubkey IS DISTINCT FROM p_own),
    known AS MATERIALIZED (
        SELECT (SELECT r.relay_id FROM relays r
                 WHERE r.relay_url = regexp_replace(s.url, '^([a-z]+://[^/?]+)/(\?|$)', '\1\2')) AS relay_id,
               s.pubkey, s.created_at AS at, s.state <> 'down' AS is_up
          FROM said s WHERE s.state IN ('init', 'up', 'down') AND octet_length(s.url) <= 2048),
    newest AS (
        SELECT DISTINCT ON (k.relay_id, k.pubkey) k.relay_id, k.pubkey, k.at, k.is_up FROM known k
         WHERE k.relay_id IS NOT NULL ORDER BY k.relay_id, k.pubkey, k.at DESC, k.is_up DESC),
    ranked AS (
        SELECT n.relay_id, n.pubkey, n.at, n.is_up, row_number() OVER (PARTITION BY n.pubkey ORDER BY n.at DESC, n.relay_id) AS place
          FROM newest n)
    INSERT INTO relay_voices AS v (at, relay_id, is_up, pubkey)
    SELECT r.at, r.relay_id, r.is_up, r.pubkey FROM ranked r WHERE r.place <= p_share
    ON CONFLICT (relay_id, pubkey) DO UPDATE SET at = excluded.at, is_up = excluded.is_up
     WHERE (excluded.at, excluded.is_up) > (v.at, v.is_up);
    GET DIAGNOSTICS heard = ROW_COUNT;
    DELETE FROM relay_voices v
     USING (SELECT o.relay_id, o.pubkey, o.at, row_number() OVER (ORDER BY o.at DESC, o.relay_id, o.pubkey) AS place,
                   row_number() OVER (PARTITION BY o.pubkey ORDER BY o.at DESC, o.relay_id) AS own_place
              FROM relay_voices o) AS z
     WHERE v.relay_id = z.relay_id AND v.pubkey = z.pubkey
       AND (z.at < today - p_window OR z.own_place > p_share OR z.place > p_most);
    RETURN heard;
END $$;
COMMENT ON FUNCTION public.hear_deltas(bytea, int, int, int, int) IS 'Keeps what other monitors say of changes of state; how many voices are new.';

-- note_opinions: what others say of a relay: the newest archived event of kind 30166 of each, which says that it is there, or what
-- hear_deltas has heard of each, where that is newer; at most p_window seconds old. At the same second the relay is there.
-- p_keys: index keys of the tag d with each of p_identifiers, of the weeks that the window touches; p_own is our key. Reads
-- at most 1,000 of either; a monitor that is not archived has no voice. Answer: how many spoke.
CREATE OR REPLACE FUNCTION public.note_opinions(
    p_relay int, p_is_up boolean, p_keys bigint[], p_identifiers text[], p_own bytea, p_window int)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    today  CONSTANT bigint := extract(epoch FROM now())::bigint;
    ups    int;
    downs  int;
    median int;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT e.pubkey, e.created_at, CASE jsonb_typeof(e.tags) WHEN 'array' THEN e.tags END AS tags FROM events e
         WHERE e.tag_keys && p_keys AND e.kind = 30166 AND e.created_at BETWEEN today - p_window AND today + 3600 LIMIT 1000),
    newest AS (
        SELECT DISTINCT ON (f.pubkey) f.pubkey, f.created_at, f.tags FROM found f
         WHERE EXISTS (SELECT FROM jsonb_array_elements(f.tags) AS t WHERE t ->> 0 = 'd' AND t ->> 1 = ANY (p_identifiers))
         ORDER BY f.pubkey, f.created_at DESC),
    heard AS (
        SELECT v.pubkey, v.at, v.is_up FROM relay_voices v WHERE v.relay_id = p_relay AND v.at >= today - p_window LIMIT 1000),
    said AS (
        SELECT CASE WHEN n.created_at >= h.at THEN true ELSE coalesce(h.is_up, true) END AS is_up, n.tags
          FROM newest n FULL JOIN heard h ON h.pubkey = n.pubkey
         WHERE coalesce(n.pubkey, h.pubkey) IS DISTINCT FROM p_own)
    SELECT count(*) FILTER (WHERE s.is_up), count(*) FILTER (WHERE NOT s.is_up),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY (
               SELECT (t ->> 1)::int FROM jsonb_array_elements(s.tags) AS t
                WHERE t ->> 0 = 'rtt-open' AND t ->> 1 ~ '^[0-9]{1,8}$' LIMIT 1)) FILTER (WHERE s.is_up)
      INTO ups, downs, median FROM said s;
    -- Silence about a relay that was never spoken of needs no row.
    IF ups + downs = 0 AND NOT EXISTS (SELECT FROM relay_opinions o WHERE o.relay_id = p_relay) THEN
        RETURN 0;
    END IF;
    INSERT INTO relay_opinions AS o (relay_id, asked_at, monitors, monitors_down, rtt_open, is_up, agreed, disagreed)
    SELECT r.relay_id, today, ups, downs, median, p_is_up,
           (ups <> downs AND (ups > downs) = p_is_up)::int, (ups <> downs AND (ups > downs) <> p_is_up)::int
      FROM relays r WHERE r.relay_id = p_relay
    ON CONFLICT (relay_id) DO UPDATE
       SET asked_at = excluded.asked_at, monitors = excluded.monitors, monitors_down = excluded.monitors_down,
           rtt_open = excluded.rtt_open, is_up = excluded.is_up,
           agreed = o.agreed + excluded.agreed, disagreed = o.disagreed + excluded.disagreed;
    RETURN ups + downs;
END $$;
COMMENT ON FUNCTION public.note_opinions(int, boolean, bigint[], text[], bytea, int) IS 'Stores whether other monitors agree with a check; how many of them spoke.';

-- trim_publishing: gives up deliveries that have waited for more than p_age seconds, that were not answered p_tries times, and the
-- oldest beyond p_most. Reads the whole of publish_waiting: once a minute, not once a check.
CREATE OR REPLACE FUNCTION public.trim_publishing(p_age double precision, p_tries int, p_most bigint)
RETURNS TABLE (expired bigint, unanswered bigint, overflow bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    WITH old AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w JOIN publish_queue q ON q.id = w.id
         WHERE q.queued_at < now() - make_interval(secs => p_age) ORDER BY w.id, w.target FOR UPDATE OF w SKIP LOCKED)
    DELETE FROM publish_waiting w USING old WHERE w.id = old.id AND w.target = old.target;
    GET DIAGNOSTICS expired = ROW_COUNT;
    WITH mute AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w WHERE w.tries >= p_tries ORDER BY w.id, w.target FOR UPDATE SKIP LOCKED)
    DELETE FROM publish_waiting w USING mute WHERE w.id = mute.id AND w.target = mute.target;
    GET DIAGNOSTICS unanswered = ROW_COUNT;
    WITH surplus AS MATERIALIZED (
        SELECT w.id, w.target FROM publish_waiting w ORDER BY w.id, w.target
         LIMIT greatest((SELECT count(*) FROM publish_waiting) - p_most, 0) FOR UPDATE SKIP LOCKED)
    DELETE FROM publish_waiting w USING surplus WHERE w.id = surplus.id AND w.target = surplus.target;
    GET DIAGNOSTICS overflow = ROW_COUNT;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION public.trim_publishing(double precision, int, bigint) IS 'Gives up deliveries that nobody should wait for any more, and says how many for which reason.';

-- fold_statistics: moves the oldest queue rows, about p_limit of them, into the counters. Deletion and counting commit
-- together, so nothing is lost or counted twice. One at a time. Answer: rows folded, 0 when none are left, -1 while
-- somebody else folds. Nested loops over CTEs of unknown size would be quadratic, hence the settings.
CREATE OR REPLACE FUNCTION public.fold_statistics(p_limit int DEFAULT 100)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    bound  bigint;
    folded int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(16962, 2) THEN
        RETURN -1;
    END IF;
    SELECT max(z.id) INTO bound FROM (SELECT q.id FROM stat_queue q ORDER BY q.id LIMIT p_limit) AS z;
    WITH queue AS MATERIALIZED (
        DELETE FROM stat_queue q WHERE q.id <= bound
        RETURNING q.relay_id, q.new_pubkeys, q.new_kinds, q.old_pubkeys, q.old_kinds, q.gone_pubkeys, q.gone_kinds),
    seen AS MATERIALIZED (
        SELECT q.relay_id, u.pubkey, u.kind, 1 AS events, 1 AS sightings
          FROM queue q, unnest(q.new_pubkeys, q.new_kinds) AS u (pubkey, kind)
        UNION ALL
        SELECT q.relay_id, u.pubkey, u.kind, 0, 1 FROM queue q, unnest(q.old_pubkeys, q.old_kinds) AS u (pubkey, kind)
        UNION ALL
        SELECT q.relay_id, u.pubkey, u.kind, -(q.relay_id IS NULL)::int, -(q.relay_id IS NOT NULL)::int
          FROM queue q, unnest(q.gone_pubkeys, q.gone_kinds) AS u (pubkey, kind)),
    pairs AS MATERIALIZED (
        SELECT s.relay_id, s.pubkey, sum(s.events) AS events, sum(s.sightings) AS sightings FROM seen s GROUP BY 1, 2),
    persons AS MATERIALIZED (SELECT p.pubkey, sum(p.events)::bigint AS events FROM pairs p GROUP BY 1),
    authors AS (
        INSERT INTO stat_authors AS a (pubkey, n) SELECT p.pubkey, p.events FROM persons p ORDER BY p.pubkey
        ON CONFLICT (pubkey) DO UPDATE SET n = a.n + excluded.n RETURNING author_id, pubkey, n),
    placed AS MATERIALIZED (
        SELECT p.relay_id, a.author_id, p.sightings FROM pairs p JOIN authors a ON a.pubkey = p.pubkey
         WHERE p.relay_id IS NOT NULL),
    relay_authors AS (
        INSERT INTO stat_relay_authors AS r (relay_id, author_id, n)
        SELECT p.relay_id, p.author_id, p.sightings FROM placed p ORDER BY 1, 2
        ON CONFLICT (relay_id, author_id) DO UPDATE SET n = r.n + excluded.n
        RETURNING relay_id, author_id, n),
    relay_kinds AS (
        INSERT INTO stat_relay_kinds AS r (relay_id, kind, n)
        SELECT s.relay_id, s.kind, sum(s.sightings) FROM seen s WHERE s.relay_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (relay_id, kind) DO UPDATE SET n = r.n + excluded.n),
    kinds AS (
        INSERT INTO stat_kinds AS k (kind, n)
        SELECT s.kind, sum(s.events) FROM seen s GROUP BY 1 HAVING sum(s.events) <> 0 ORDER BY 1
        ON CONFLICT (kind) DO UPDATE SET n = k.n + excluded.n),
    relays AS (
        INSERT INTO stat_relays AS r (relay_id, n, authors)
        SELECT z.relay_id, sum(z.n), sum(z.authors)
          FROM (SELECT p.relay_id, sum(p.sightings) AS n, 0 AS authors FROM pairs p WHERE p.relay_id IS NOT NULL GROUP BY 1
                UNION ALL
                SELECT a.relay_id, 0, sum((a.n > 0)::int - (a.n - p.sightings > 0)::int)
                  FROM relay_authors a JOIN placed p ON p.relay_id = a.relay_id AND p.author_id = a.author_id
                 GROUP BY 1) AS z
         GROUP BY 1 ORDER BY 1
        ON CONFLICT (relay_id) DO UPDATE SET n = r.n + excluded.n, authors = r.authors + excluded.authors),
    totals AS (
        UPDATE stat_totals t
           SET events = t.events + z.events, authors = t.authors + z.authors
          FROM (SELECT coalesce(sum(p.events), 0) AS events,
                       coalesce(sum((a.n > 0)::int - (a.n - p.events > 0)::int), 0) AS authors
                  FROM persons p JOIN authors a ON a.pubkey = p.pubkey) AS z)
    SELECT count(*) INTO folded FROM queue;
    RETURN folded;
END $$;
COMMENT ON FUNCTION public.fold_statistics(int) IS 'Moves queued counting into the counters, a bounded number of rows a call.';

-- new_events: the events of batches behind a position, in the order (xid, batch_id, place), at most p_limit and about
-- p_bytes of them. Only batches that no open transaction can precede, so that none is ever passed over. An event that was
-- erased meanwhile is a row without kind: the reader's position moves over it too. p_xid beyond what this cluster has
-- given out is another cluster's, and reading begins anew.
CREATE OR REPLACE FUNCTION public.new_events(p_xid bigint, p_batch_id bigint, p_place int, p_limit int, p_bytes bigint)
RETURNS TABLE (xid bigint, batch_id bigint, place int, committed_at timestamptz, kind int, pubkey bytea, tags jsonb, content text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    bound    CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    is_ours  CONSTANT boolean := p_xid::text::xid8 < pg_snapshot_xmax(pg_current_snapshot());
    since    CONSTANT xid8 := CASE WHEN is_ours THEN p_xid::text ELSE '0' END::xid8;
    batch    record;
    numbers  bigint[];
    n_events int := 0;
    n_bytes  bigint := 0;
BEGIN
    FOR batch IN
        SELECT b.xid, b.batch_id, b.committed_at, b.events FROM event_batches b
         WHERE b.xid >= since AND b.xid < bound AND (b.xid > since OR NOT is_ours OR b.batch_id >= p_batch_id)
         ORDER BY b.xid, b.batch_id LIMIT p_limit + 1
    LOOP
        numbers := batch.events;
        xid := batch.xid::text::bigint;
        batch_id := batch.batch_id;
        committed_at := batch.committed_at;
        FOR i IN CASE WHEN is_ours AND xid = p_xid AND batch_id = p_batch_id THEN p_place + 1 ELSE 1 END .. cardinality(numbers)
        LOOP
            IF n_events >= p_limit OR n_bytes >= p_bytes THEN
                RETURN;
            END IF;
            SELECT e.kind, e.pubkey, e.tags, e.content INTO kind, pubkey, tags, content FROM events e WHERE e.id = numbers[i];
            place := i;
            n_events := n_events + 1;
            n_bytes := n_bytes + coalesce(octet_length(content), 0) + coalesce(pg_column_size(tags), 0);
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.new_events(bigint, bigint, int, int, bigint) IS 'The next events behind a position in the order of event_batches, none passed over.';

-- commit_candidates: under the lease finder, relays that a source names, with spellings, places and authors; of a scan also
-- its watermark, which moves from p_from to p_to, each (xid, batch_id, place), in the same transaction. Relays are named by
-- their place in p_urls, from 1. Answer: relays that were new, -1 when the lease was lost, -2 when the watermark does not
-- stand at p_from: then all of this is stored already, or somebody else goes on.
-- The tables grow: they are searched by whole keys only, hence the settings.
CREATE OR REPLACE FUNCTION public.commit_candidates(
    p_owner uuid, p_fence bigint, p_source text, p_url_rule smallint, p_from bigint[], p_to bigint[],
    p_urls text[], p_networks text[],
    p_spelling_relays int[], p_spellings text[], p_spelling_counts int[],
    p_slot_relays int[], p_slots text[], p_slot_counts int[],
    p_author_relays int[], p_author_slots text[], p_authors bigint[])
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    seen    CONSTANT bigint := extract(epoch FROM now())::bigint;
    ids     int[];
    n_new   int;
BEGIN
    -- The row lock keeps the lease from changing hands meanwhile.
    PERFORM FROM service_leases l WHERE l.name = 'finder' AND l.fence = p_fence AND l.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    IF cardinality(p_to) > 0 THEN
        UPDATE scan_watermarks w
           SET xid = p_to[1]::text::xid8, batch_id = p_to[2], place = p_to[3]::int,
               committed_at = (SELECT b.committed_at FROM event_batches b WHERE b.batch_id = p_to[2])
         WHERE w.name = 'finder' AND w.xid = p_from[1]::text::xid8 AND w.batch_id = p_from[2] AND w.place = p_from[3];
        IF NOT FOUND THEN
            RETURN -2;
        END IF;
    END IF;
    IF cardinality(p_urls) = 0 THEN
        RETURN 0;
    END IF;

    SELECT array_agg(r.relay_id ORDER BY r.ord), count(*) FILTER (WHERE r.is_new) INTO ids, n_new
      FROM insert_relays(p_urls, p_networks, array_fill(seen, ARRAY[cardinality(p_urls)])) AS r;

    INSERT INTO relay_spellings AS s (relay_id, source, spelling, n, first_seen, last_seen)
    SELECT ids[u.relay], p_source, u.spelling, u.n, seen, seen
      FROM unnest(p_spelling_relays, p_spellings, p_spelling_counts) AS u (relay, spelling, n)
     WHERE (SELECT count(*) FROM (SELECT FROM relay_spellings o WHERE o.relay_id = ids[u.relay] LIMIT 1000) AS kept) < 1000
        OR (SELECT true FROM relay_spellings o
             WHERE o.relay_id = ids[u.relay] AND o.source = p_source AND o.spelling = u.spelling)
    ON CONFLICT (relay_id, source, spelling) DO UPDATE SET n = s.n + excluded.n, last_seen = excluded.last_seen;

    -- Beyond a thousand one more author says nothing.
    WITH added AS (
        INSERT INTO relay_candidate_authors (relay_id, slot, author)
        SELECT DISTINCT ids[u.relay], u.slot, u.author
          FROM unnest(p_author_relays, p_author_slots, p_authors) AS u (relay, slot, author)
         WHERE coalesce((SELECT c.authors FROM relay_candidates c
                          WHERE c.relay_id = ids[u.relay] AND c.source = p_source AND c.slot = u.slot), 0) < 1000
        ON CONFLICT (relay_id, slot, author) DO NOTHING RETURNING relay_id, slot, author),
    counted AS (
        INSERT INTO candidate_authors AS c (author, named) SELECT a.author, count(*)::int FROM added a GROUP BY 1 ORDER BY 1
        ON CONFLICT (author) DO UPDATE SET named = c.named + excluded.named),
    fresh AS MATERIALIZED (SELECT a.relay_id, a.slot, count(*)::int AS n FROM added a GROUP BY 1, 2)
    INSERT INTO relay_candidates AS c (relay_id, source, slot, mentions, authors, first_seen, last_seen, url_rule)
    SELECT ids[u.relay], p_source, u.slot, u.n, coalesce(f.n, 0), seen, seen, p_url_rule
      FROM unnest(p_slot_relays, p_slots, p_slot_counts) AS u (relay, slot, n)
      LEFT JOIN fresh f ON f.relay_id = ids[u.relay] AND f.slot = u.slot
    ON CONFLICT (relay_id, source, slot) DO UPDATE
       SET mentions = c.mentions + excluded.mentions, authors = c.authors + excluded.authors, last_seen = excluded.last_seen,
           url_rule = excluded.url_rule;

    -- What was ranked lately can wait: a popular relay is named in every batch.
    UPDATE relay_checks k SET ranked_at = NULL WHERE k.relay_id = ANY (ids) AND k.ranked_at < now() - interval '1 day';
    RETURN n_new;
END $$;
COMMENT ON FUNCTION public.commit_candidates IS 'Stores what a source of relays names, and how far a scan has come, in one transaction under the lease finder.';

-- unranked_relays: at most p_limit relays whose worth is to be worked out, with what speaks for each: a row for each source
-- and slot, one with source NULL where nothing does. votes counts authors, each divided by how often its names go beyond
-- p_quota. The oldest ranking is renewed when it is older than 30 days, because what nobody names any more loses worth.
CREATE OR REPLACE FUNCTION public.unranked_relays(p_limit int, p_quota int)
RETURNS TABLE (relay_id int, relay_url text, source text, slot text, votes double precision, last_seen bigint, today bigint)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    due CONSTANT int[] := ARRAY(
        SELECT z.relay_id FROM (SELECT k.relay_id, k.ranked_at FROM relay_checks k ORDER BY k.ranked_at NULLS FIRST LIMIT p_limit) AS z
         WHERE z.ranked_at IS NULL OR z.ranked_at < now() - interval '30 days');
BEGIN
    RETURN QUERY
        SELECT d.relay_id, (SELECT r.relay_url FROM relays r WHERE r.relay_id = d.relay_id), c.source, c.slot,
               coalesce((SELECT sum(least(1, p_quota::double precision
                                           / (SELECT n.named FROM candidate_authors n WHERE n.author = a.author)))
                           FROM relay_candidate_authors a
                          WHERE c.source = 'events' AND a.relay_id = d.relay_id AND a.slot = c.slot), 0),
               c.last_seen, extract(epoch FROM now())::bigint
          FROM unnest(due) AS d (relay_id) LEFT JOIN relay_candidates c ON c.relay_id = d.relay_id;
END $$;
COMMENT ON FUNCTION public.unranked_relays(int, int) IS 'Relays whose worth is to be worked out, and what speaks for each.';

-- commit_ranking: under the lease finder, the worth of relays and of what speaks for them; parts are numbered by their place
-- in p_relays, from 1. Where a relay is the n-th of its domain and n is beyond p_quota, its worth is multiplied by
-- p_quota / n. Answer: whether the lease was held.
CREATE OR REPLACE FUNCTION public.commit_ranking(
    p_owner uuid, p_fence bigint, p_quota int, p_relays int[], p_domains text[], p_worths double precision[],
    p_part_relays int[], p_part_sources text[], p_part_slots text[], p_part_worths double precision[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    item  record;
    place int;
BEGIN
    PERFORM FROM service_leases l WHERE l.name = 'finder' AND l.fence = p_fence AND l.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    FOR item IN
        SELECT u.relay, u.domain, u.worth, k.domain_n, k.domain IS NOT DISTINCT FROM u.domain AS is_placed
          FROM unnest(p_relays, p_domains, p_worths) AS u (relay, domain, worth)
          JOIN relay_checks k ON k.relay_id = u.relay ORDER BY u.relay
    LOOP
        place := item.domain_n;
        IF NOT item.is_placed THEN
            INSERT INTO relay_domains AS d (domain, relays) VALUES (item.domain, 1)
                ON CONFLICT (domain) DO UPDATE SET relays = d.relays + 1 RETURNING d.relays INTO place;
        END IF;
        UPDATE relay_checks k
           SET worth = item.worth * least(1, p_quota::double precision / place), ranked_at = now(), domain = item.domain, domain_n = place
         WHERE k.relay_id = item.relay;
    END LOOP;
    UPDATE relay_candidates c SET worth = u.worth
      FROM unnest(p_part_relays, p_part_sources, p_part_slots, p_part_worths) AS u (relay, source, slot, worth)
     WHERE c.relay_id = p_relays[u.relay] AND c.source = u.source AND c.slot = u.slot;
    RETURN true;
END $$;
COMMENT ON FUNCTION public.commit_ranking IS 'Stores the worth of relays, by which the Monitor orders those it never checked.';

-- note_nip05: authors' names (NIP-05) as profiles give them, to be looked up at once where they are new. Of an author named
-- twice the last counts.
CREATE OR REPLACE FUNCTION public.note_nip05(p_authors bytea[], p_names text[], p_domains text[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO nip05_names AS n (author, name, domain, due_at)
    SELECT DISTINCT ON (u.author) u.author, u.name, u.domain, now()
      FROM unnest(p_authors, p_names, p_domains) WITH ORDINALITY AS u (author, name, domain, o) ORDER BY u.author, u.o DESC
    ON CONFLICT (author) DO UPDATE
       SET name = excluded.name, domain = excluded.domain, due_at = excluded.due_at, last_error = NULL
     WHERE (n.name, n.domain) IS DISTINCT FROM (excluded.name, excluded.domain)
$$;
COMMENT ON FUNCTION public.note_nip05(bytea[], text[], text[]) IS 'Remembers names of authors that are to be looked up.';

-- due_nip05: names whose time has come, at most p_limit and one a domain, in the order of domains from the one behind p_after
-- on and around. Two look-ups by key a domain, however many names it has.
CREATE OR REPLACE FUNCTION public.due_nip05(p_limit int, p_after text)
RETURNS TABLE (author bytea, name text, domain text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    here    text := p_after;
    wrapped boolean := false;
    next    text;
    found_n int := 0;
BEGIN
    -- A cycle looks at so many domains at most, however few of them have something due.
    FOR i IN 1 .. p_limit * 20 LOOP
        EXIT WHEN found_n >= p_limit;
        SELECT n.domain INTO next FROM nip05_names n WHERE n.domain > here ORDER BY n.domain LIMIT 1;
        IF NOT FOUND THEN
            EXIT WHEN wrapped;
            wrapped := true;
            here := '';
            CONTINUE;
        END IF;
        here := next;
        EXIT WHEN wrapped AND here > p_after;
        RETURN QUERY SELECT n.author, n.name, n.domain FROM nip05_names n
            WHERE n.domain = here AND n.due_at <= now() ORDER BY n.due_at LIMIT 1;
        IF FOUND THEN
            found_n := found_n + 1;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION public.due_nip05(int, text) IS 'Names that are to be looked up, one a domain.';

-- settle_nip05: when a name is asked again, and what went wrong.
CREATE OR REPLACE FUNCTION public.settle_nip05(p_author bytea, p_due_in double precision, p_error text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE nip05_names SET due_at = now() + make_interval(secs => p_due_in), asked_at = now(), last_error = p_error
     WHERE author = p_author
$$;
COMMENT ON FUNCTION public.settle_nip05(bytea, double precision, text) IS 'Notes what became of a look-up.';

-- 06_views.sql ---------------------------------------------------------------------

-- Views. Counting views answer from the stat_* counters plus what the queue still holds, so they are exact at once and
-- never scan the archive. A view belongs to bigbrotr_owner; apply_rights at the end lets everybody read it.

-- sightings: events_relays spelt out.
CREATE OR REPLACE VIEW public.sightings AS
SELECT e.event_id, r.relay_url, s.seen_at::bigint AS seen_at, s.gone_at::bigint AS gone_at, s.created_at
  FROM public.events_relays s
  JOIN public.events e ON e.id = s.event
  JOIN public.relays r ON r.relay_id = s.relay_id;
COMMENT ON VIEW public.sightings IS 'Which relay served which event, since when (Unix seconds), and when it was found gone.';

-- relay_metadata_latest: the newest check of each relay with its documents, also when it failed. A light check does not ask
-- for the information document: then it is that of the newest one which did.
CREATE OR REPLACE VIEW public.relay_metadata_latest AS
SELECT r.relay_url, r.network, r.status, m.generated_at, d.nip11_id, m.nip66_id, d.nip11_error, m.nip66_error,
       n.name, n.description, n.pubkey, n.contact, n.software, n.version, n.supported_nips, n.limitation, n.defects,
       o.openable, o.readable, o.writable, o.rtt_open, o.rtt_read, o.rtt_write
  FROM public.relays r
 CROSS JOIN LATERAL (SELECT x.generated_at, x.nip11_id, x.nip66_id, x.nip11_error, x.nip66_error
                       FROM public.relay_metadata x WHERE x.relay_url = r.relay_url
                      ORDER BY x.generated_at DESC LIMIT 1) AS m
  LEFT JOIN LATERAL (SELECT x.nip11_id, x.nip11_error
                       FROM public.relay_metadata x
                      WHERE x.relay_url = r.relay_url AND x.nip11_error IS DISTINCT FROM 'not_asked'
                      ORDER BY x.generated_at DESC LIMIT 1) AS d ON true
  LEFT JOIN public.nip11 n ON n.id = d.nip11_id
  LEFT JOIN public.nip66 o ON o.id = m.nip66_id;
COMMENT ON VIEW public.relay_metadata_latest IS 'Newest check of each relay.';

-- relay_outages: from the first failed check to the first that was answered, or to when nobody looked any more. A relay that
-- never answered is in one from its first check on: was is unknown then. One that was dead before nobody looked, and is dead
-- behind that, was never offline between.
CREATE OR REPLACE VIEW public.relay_outages AS
SELECT r.relay_url, r.network, t.at AS started_at, e.at AS ended_at, e.status = 'online' AS has_recovered,
       coalesce(e.at, extract(epoch FROM now())::bigint) - t.at AS seconds, t.reason AS cause, t.was, t.relay_id
  FROM public.relay_transitions t
  JOIN public.relays r ON r.relay_id = t.relay_id
  LEFT JOIN LATERAL (SELECT x.at, x.status FROM public.relay_transitions x
                      WHERE x.relay_id = t.relay_id AND x.at > t.at AND x.status IN ('online', 'unknown')
                      ORDER BY x.at LIMIT 1) AS e ON true
 WHERE t.status IN ('offline', 'dead') AND t.was IN ('online', 'unknown');
COMMENT ON VIEW public.relay_outages IS 'When each relay was down: Unix seconds, the cause of the first failed check; ended_at is NULL while it lasts.';

-- relay_uptime: a relay and a window of 1, 7, 30 or 90 days that ends now. By checks: whole days are counted already, only
-- the day in which the window begins is counted here. By time: from one transition to the next, the last one up to when the
-- next check is due; time in which nobody looked belongs to neither side.
CREATE OR REPLACE VIEW public.relay_uptime AS
SELECT r.relay_url, r.network, r.status, w.days, n.checks, n.answered,
       round(n.answered::numeric / nullif(n.checks, 0), 6) AS by_checks, s.known_seconds, s.up_seconds,
       round(s.up_seconds / nullif(s.known_seconds, 0), 6) AS by_time, r.relay_id
  FROM public.relays r
  JOIN public.relay_checks c ON c.relay_id = r.relay_id
 CROSS JOIN (SELECT d.days, (extract(epoch FROM now())::bigint - d.days * 86400)::bigint AS start
               FROM (VALUES (1), (7), (30), (90)) AS d (days)) AS w
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(z.checks), 0)::bigint AS checks, coalesce(sum(z.answered), 0)::bigint AS answered
         FROM (SELECT d.checks, d.answered FROM public.relay_check_days d
                WHERE d.relay_id = r.relay_id AND d.day > w.start / 86400
                UNION ALL
               SELECT 1, (m.nip66_error IS NULL)::int FROM public.relay_metadata m
                WHERE m.relay_url = r.relay_url AND m.generated_at >= w.start
                  AND m.generated_at < (w.start / 86400 + 1) * 86400) AS z) AS n
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(z.seconds) FILTER (WHERE z.status <> 'unknown'), 0) AS known_seconds,
              coalesce(sum(z.seconds) FILTER (WHERE z.status = 'online'), 0) AS up_seconds
         FROM (SELECT t.status, greatest(lead(t.at, 1, greatest(c.checked_at, least(
                          extract(epoch FROM now())::bigint, c.planned_at)))
                          OVER (ORDER BY t.at) - greatest(t.at, w.start), 0)::numeric AS seconds
                 FROM public.relay_transitions t
                WHERE t.relay_id = r.relay_id AND t.at >= coalesce(
                      (SELECT max(b.at) FROM public.relay_transitions b WHERE b.relay_id = r.relay_id AND b.at <= w.start),
                      w.start)) AS z) AS s;
COMMENT ON VIEW public.relay_uptime IS 'How often and for how long each relay was up over 1, 7, 30 and 90 days; NULL where nothing is known.';

-- stat_pending: the queue, one row a sighting or deletion.
CREATE OR REPLACE VIEW public.stat_pending AS
SELECT q.relay_id, u.pubkey, u.kind, 1 AS events, 1 AS sightings
  FROM public.stat_queue q, unnest(q.new_pubkeys, q.new_kinds) AS u (pubkey, kind)
 UNION ALL
SELECT q.relay_id, u.pubkey, u.kind, 0, 1
  FROM public.stat_queue q, unnest(q.old_pubkeys, q.old_kinds) AS u (pubkey, kind)
 UNION ALL
SELECT q.relay_id, u.pubkey, u.kind, -(q.relay_id IS NULL)::int, -(q.relay_id IS NOT NULL)::int
  FROM public.stat_queue q, unnest(q.gone_pubkeys, q.gone_kinds) AS u (pubkey, kind);
COMMENT ON VIEW public.stat_pending IS 'Counting that is not folded yet.';

CREATE OR REPLACE VIEW public.kind_counts_total AS
SELECT z.kind, sum(z.n)::bigint AS total_events
  FROM (SELECT k.kind, k.n FROM public.stat_kinds k
         UNION ALL SELECT p.kind, p.events FROM public.stat_pending p) AS z
 GROUP BY z.kind HAVING sum(z.n) > 0;
COMMENT ON VIEW public.kind_counts_total IS 'Events by kind.';

CREATE OR REPLACE VIEW public.kind_counts_by_relay AS
SELECT r.relay_url, z.kind, sum(z.n)::bigint AS total_events
  FROM (SELECT k.relay_id, k.kind, k.n FROM public.stat_relay_kinds k
         UNION ALL SELECT p.relay_id, p.kind, p.sightings FROM public.stat_pending p) AS z
  JOIN public.relays r ON r.relay_id = z.relay_id
 GROUP BY r.relay_url, z.kind HAVING sum(z.n) > 0;
COMMENT ON VIEW public.kind_counts_by_relay IS 'Events by relay and kind.';

-- The two views by author join the queue to the counters instead of grouping both, so that neither direction has to
-- aggregate all authors.
CREATE OR REPLACE VIEW public.pubkey_counts_total AS
WITH pending AS MATERIALIZED (SELECT p.pubkey, sum(p.events) AS n FROM public.stat_pending p GROUP BY p.pubkey)
SELECT a.pubkey, (a.n + coalesce(p.n, 0))::bigint AS total_events
  FROM public.stat_authors a LEFT JOIN pending p ON p.pubkey = a.pubkey
 WHERE a.n + coalesce(p.n, 0) > 0
 UNION ALL
SELECT p.pubkey, p.n::bigint FROM pending p
 WHERE p.n > 0 AND (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey) IS NULL;
COMMENT ON VIEW public.pubkey_counts_total IS 'Events by author.';

CREATE OR REPLACE VIEW public.pubkey_counts_by_relay AS
WITH pending AS MATERIALIZED (
    SELECT p.relay_id, p.pubkey, sum(p.sightings) AS n FROM public.stat_pending p
     WHERE p.relay_id IS NOT NULL GROUP BY p.relay_id, p.pubkey HAVING sum(p.sightings) <> 0)
SELECT a.pubkey, r.relay_url, (c.n + coalesce(p.n, 0))::bigint AS total_events
  FROM public.stat_relay_authors c
  JOIN public.stat_authors a ON a.author_id = c.author_id
  JOIN public.relays r ON r.relay_id = c.relay_id
  LEFT JOIN pending p ON p.relay_id = c.relay_id AND p.pubkey = a.pubkey
 WHERE c.n + coalesce(p.n, 0) > 0
 UNION ALL
SELECT p.pubkey, r.relay_url, p.n::bigint
  FROM pending p JOIN public.relays r ON r.relay_id = p.relay_id
 WHERE p.n > 0 AND (SELECT c.n FROM public.stat_relay_authors c
         WHERE c.relay_id = p.relay_id
           AND c.author_id = (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey)) IS NULL;
COMMENT ON VIEW public.pubkey_counts_by_relay IS 'Events by author and relay.';

CREATE OR REPLACE VIEW public.events_statistics AS
WITH pending AS MATERIALIZED (
    SELECT p.pubkey, sum(p.events) AS events, sum(p.sightings) AS sightings FROM public.stat_pending p GROUP BY p.pubkey)
SELECT (t.events + coalesce((SELECT sum(p.events) FROM pending p), 0))::bigint AS total_events,
       ((SELECT coalesce(sum(r.n), 0) FROM public.stat_relays r)
           + coalesce((SELECT sum(p.sightings) FROM pending p), 0))::bigint AS total_sightings,
       (t.authors + coalesce((
           SELECT sum((z.had + z.events > 0)::int - (z.had > 0)::int)
             FROM (SELECT p.events, coalesce((SELECT a.n FROM public.stat_authors a WHERE a.pubkey = p.pubkey), 0) AS had
                     FROM pending p) AS z), 0))::bigint AS unique_pubkeys,
       k.unique_kinds, k.regular_events, k.replaceable_events, k.ephemeral_events, k.addressable_events,
       (SELECT min(e.created_at) FROM public.events e) AS earliest_event_timestamp,
       (SELECT max(e.created_at) FROM public.events e) AS latest_event_timestamp
  FROM public.stat_totals t,
       (SELECT count(*) AS unique_kinds,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'regular'), 0)::bigint AS regular_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'replaceable'), 0)::bigint AS replaceable_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'ephemeral'), 0)::bigint AS ephemeral_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'addressable'), 0)::bigint AS addressable_events
          FROM (SELECT n.total_events,
                       CASE WHEN n.kind IN (0, 3) OR n.kind BETWEEN 10000 AND 19999 THEN 'replaceable'
                            WHEN n.kind BETWEEN 20000 AND 29999 THEN 'ephemeral'
                            WHEN n.kind BETWEEN 30000 AND 39999 THEN 'addressable'
                            ELSE 'regular' END AS class
                  FROM public.kind_counts_total n) AS c) AS k;
COMMENT ON VIEW public.events_statistics IS 'The archive in one row; times in Unix seconds. Kinds without a class in NIP-01 count as regular.';

CREATE OR REPLACE VIEW public.relays_statistics AS
WITH pending AS MATERIALIZED (
    SELECT z.relay_id, sum(z.n) AS n, sum((z.had + z.n > 0)::int - (z.had > 0)::int) AS authors
      FROM (SELECT p.relay_id, p.pubkey, sum(p.sightings) AS n,
                   coalesce((SELECT c.n FROM public.stat_relay_authors c
                              WHERE c.relay_id = p.relay_id
                                AND c.author_id = (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey)),
                            0) AS had
              FROM public.stat_pending p WHERE p.relay_id IS NOT NULL GROUP BY p.relay_id, p.pubkey) AS z
     GROUP BY z.relay_id)
SELECT r.relay_url, r.network, r.status, r.first_seen, r.last_seen,
       (coalesce(c.n, 0) + coalesce(p.n, 0))::bigint AS total_events,
       (coalesce(c.authors, 0) + coalesce(p.authors, 0))::bigint AS unique_pubkeys,
       s.events_new AS events_first_seen_here,
       (SELECT min(e.created_at) FROM public.events_relays e WHERE e.relay_id = r.relay_id) AS first_event_timestamp,
       (SELECT max(e.created_at) FROM public.events_relays e WHERE e.relay_id = r.relay_id) AS last_event_timestamp,
       t.avg_rtt_open, t.avg_rtt_read, t.avg_rtt_write
  FROM public.relays r
  LEFT JOIN public.relay_sync s ON s.relay_id = r.relay_id
  LEFT JOIN public.stat_relays c ON c.relay_id = r.relay_id
  LEFT JOIN pending p ON p.relay_id = r.relay_id
  LEFT JOIN LATERAL (
       SELECT avg(o.rtt_open) AS avg_rtt_open, avg(o.rtt_read) AS avg_rtt_read, avg(o.rtt_write) AS avg_rtt_write
         FROM (SELECT m.nip66_id FROM public.relay_metadata m WHERE m.relay_url = r.relay_url
                ORDER BY m.generated_at DESC LIMIT 10) AS m
         JOIN public.nip66 o ON o.id = m.nip66_id) AS t ON true;
COMMENT ON VIEW public.relays_statistics IS 'Each relay in one row; times in Unix seconds, round trips in milliseconds over its newest ten checks.';

-- relay_coverage_summary: how much of a relay's time is proven. Seconds by state, open time before the first interval
-- not counted.
CREATE OR REPLACE VIEW public.relay_coverage_summary AS
SELECT r.relay_url, r.network, s.class, s.sealed_hi, s.frontier, s.tail_seen,
       c.intervals, c.covered_from, c.covered_to,
       c.open_seconds, c.provisional_seconds, c.sealed_seconds, c.settled_seconds, c.gap_seconds, c.gap_reasons,
       c.last_proved_at
  FROM public.relays r
  JOIN public.relay_sync s ON s.relay_id = r.relay_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS intervals, min(v.lo) AS covered_from, max(v.hi) AS covered_to,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state IN (0, 1)), 0) AS open_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
              coalesce(array_agg(DISTINCT v.reason ORDER BY v.reason) FILTER (WHERE v.state = 5), '{}') AS gap_reasons,
              max(v.proved_at) AS last_proved_at
         FROM public.relay_coverage v WHERE v.relay_id = r.relay_id) AS c;
COMMENT ON VIEW public.relay_coverage_summary IS 'Seconds of each relay by state of proof; reasons as in relay_coverage.reason.';

-- coverage_by_relay, coverage_total: how much time is in which state. Only what relay_coverage holds is counted: time
-- before a relay's first interval and after its last is in no state.
CREATE OR REPLACE VIEW public.coverage_by_relay AS
SELECT r.relay_url, r.network, c.intervals, c.gaps, c.covered_from, c.covered_to,
       c.open_seconds, c.walking_seconds, c.provisional_seconds, c.sealed_seconds, c.settled_seconds, c.gap_seconds,
       c.open_days, c.walking_days, c.provisional_days, c.sealed_days, c.settled_days, c.gap_days, c.gap_unanswered_seconds,
       c.gap_saturated_second_seconds, c.gap_until_ignored_seconds, c.gap_unordered_seconds, c.gap_auth_seconds,
       c.gap_payment_seconds, c.gap_restricted_seconds, c.gap_oversize_seconds, c.gap_poison_seconds
  FROM public.relays r
 CROSS JOIN LATERAL (
       SELECT count(*) AS intervals, count(*) FILTER (WHERE v.state = 5) AS gaps, min(v.lo) AS covered_from, max(v.hi) AS covered_to,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) AS open_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) AS walking_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) / 86400, 3) AS open_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) / 86400, 3) AS walking_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) / 86400, 3) AS provisional_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) / 86400, 3) AS sealed_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) / 86400, 3) AS settled_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) / 86400, 3) AS gap_days,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 1), 0) AS gap_unanswered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 2), 0) AS gap_saturated_second_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 3), 0) AS gap_until_ignored_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 4), 0) AS gap_unordered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 5), 0) AS gap_auth_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 6), 0) AS gap_payment_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 7), 0) AS gap_restricted_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 8), 0) AS gap_oversize_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 9), 0) AS gap_poison_seconds
         FROM (SELECT o.lo, o.hi, o.state, o.reason, o.hi::numeric - o.lo + 1 AS seconds
                 FROM public.relay_coverage o WHERE o.relay_id = r.relay_id) AS v) AS c;
COMMENT ON VIEW public.coverage_by_relay IS 'Seconds and days of each relay by state of proof, and its gaps by reason.';

CREATE OR REPLACE VIEW public.coverage_total AS
SELECT count(DISTINCT v.relay_id) AS relays, count(*) AS intervals, count(*) FILTER (WHERE v.state = 5) AS gaps,
       count(DISTINCT v.relay_id) FILTER (WHERE v.state = 5) AS relays_with_gaps,
       min(v.lo) AS covered_from, max(v.hi) AS covered_to,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) AS open_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) AS walking_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) / 86400, 3) AS open_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) / 86400, 3) AS walking_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) / 86400, 3) AS provisional_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) / 86400, 3) AS sealed_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) / 86400, 3) AS settled_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) / 86400, 3) AS gap_days,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 1), 0) AS gap_unanswered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 2), 0) AS gap_saturated_second_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 3), 0) AS gap_until_ignored_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 4), 0) AS gap_unordered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 5), 0) AS gap_auth_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 6), 0) AS gap_payment_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 7), 0) AS gap_restricted_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 8), 0) AS gap_oversize_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 9), 0) AS gap_poison_seconds
  FROM (SELECT o.relay_id, o.lo, o.hi, o.state, o.reason, o.hi::numeric - o.lo + 1 AS seconds FROM public.relay_coverage o) AS v;
COMMENT ON VIEW public.coverage_total IS 'The same over all relays in one row: the time of each relay counts for itself.';

SELECT public.apply_rights();
