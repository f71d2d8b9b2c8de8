-- Verifies that everything of this release is there, and names what is not; then records the migrations that these files are
-- the sum of, in a database that has none recorded. Elsewhere the recorded ones must be these.
DO $$
DECLARE
    missing text[];
    is_new  boolean;
    applied bytea;
    item    record;
BEGIN
    SELECT array_agg(m) INTO missing FROM public.schema_missing() AS m;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the schema lacks % objects: %', cardinality(missing), array_to_string(missing[1:20], '; ')
            USING ERRCODE = '42704', HINT = 'Let the Initializer apply postgres/migrations, or run postgres/init again.';
    END IF;
    IF to_regprocedure('public.pgbouncer_get_auth(name)') IS NULL THEN
        RAISE NOTICE 'pgbouncer_get_auth is not there: PgBouncer needs an auth_file';
    END IF;

    is_new := NOT EXISTS (SELECT FROM public.schema_migrations);
    FOR item IN
        SELECT v.version, v.name, v.checksum::bytea AS checksum FROM (VALUES
            (1, '0001_first_release', '\x7b765a17c7d1e0890b91158faed8cbbdbde4668683dae9cc8b929a9ab6b64078')
            ) AS v (version, name, checksum)
         ORDER BY v.version
    LOOP
        IF is_new THEN
            INSERT INTO public.schema_migrations (version, name, checksum) VALUES (item.version, item.name, item.checksum);
        END IF;
        SELECT m.checksum INTO applied FROM public.schema_migrations m WHERE m.version = item.version;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'migration % was not applied', item.name USING ERRCODE = '55000';
        ELSIF applied <> item.checksum THEN
            RAISE EXCEPTION 'migration % was applied with another checksum', item.name USING ERRCODE = '55000';
        END IF;
    END LOOP;
END $$;
