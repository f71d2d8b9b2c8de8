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
