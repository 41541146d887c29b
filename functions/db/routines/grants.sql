-- What is in the audit stays; and what the application's own role may do, where jobs and the admin API do not connect as
-- the owner.

-- For whoever connects, so that a deployment with one login has this too; its owner can take the trigger away, a role that
-- was given what is below cannot.
CREATE OR REPLACE FUNCTION lamplighter.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'lamplighter.% is only added to: % is refused', tg_table_name, tg_op
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Who owns the table can disable its trigger append_only, and enable it again.';
END
$$;
DO $$
BEGIN
    -- Not replaced each time: that would wait for everybody who writes to the audit, and they behind it.
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'lamplighter.audit'::regclass AND tgname = 'append_only') THEN
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lamplighter.audit
        FOR EACH STATEMENT EXECUTE FUNCTION lamplighter.refuse_change();
    END IF;
END
$$;

-- Lets a role do all that jobs and the admin API do, and nothing else: rows of every table, also of those that later
-- migrations add, but of the audit only to read and to add. The owner calls it, once; again does no harm.
CREATE OR REPLACE FUNCTION lamplighter.grant_application(to_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA lamplighter TO %I', to_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA lamplighter TO %I', to_role);
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA lamplighter TO %I', to_role);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON lamplighter.audit FROM %I', to_role);
    -- What migrations did is not the application's to change either; yoyo makes these tables.
    EXECUTE (SELECT format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %I', string_agg(oid::regclass::text, ', '), to_role)
             FROM pg_class WHERE relnamespace = 'lamplighter'::regnamespace AND relkind = 'r'
               AND (relname LIKE '\_yoyo\_%' OR relname = 'yoyo_lock'));
    EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA lamplighter TO %I', to_role);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION lamplighter.grant_application(name) FROM %I', to_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA lamplighter GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
                   to_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA lamplighter GRANT USAGE, SELECT ON SEQUENCES TO %I', to_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA lamplighter GRANT EXECUTE ON ROUTINES TO %I', to_role);
END
$$;
REVOKE ALL ON FUNCTION lamplighter.grant_application(name) FROM PUBLIC;

-- Drops the tables of one month, for the retention job of a role that owns nothing. False, and nothing is dropped, when
-- an execution in it is not final or became final since the instant. Of the month's tables only, whatever is asked.
-- The caller sets the lock_timeout: writers of this month, and of no other, wait while it is looked through.
CREATE OR REPLACE FUNCTION lamplighter.drop_month(suffix text, finished_before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    execution  text := format('lamplighter.%I', 'execution_' || suffix);
    is_kept    boolean;
    tables     text;
BEGIN
    IF suffix !~ '^\d{4}_\d{2}$' THEN
        RAISE EXCEPTION 'month % is invalid: use YYYY_MM', suffix;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', execution);
    -- Final is finished_at IS NOT NULL (a CHECK).
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE finished_at IS NULL OR finished_at >= $1)', execution)
    INTO is_kept USING finished_before;
    IF is_kept THEN
        RETURN false;
    END IF;
    -- Only what ensure_month names is ours to drop; which parents there are, the catalogue knows.
    SELECT string_agg(format('lamplighter.%I', part.relname), ', ') INTO tables
    FROM pg_inherits
    JOIN pg_class part ON part.oid = inhrelid
    JOIN pg_class parent ON parent.oid = inhparent AND parent.relkind = 'p'
    WHERE parent.relnamespace = 'lamplighter'::regnamespace AND part.relnamespace = parent.relnamespace
      AND part.relname = parent.relname || '_' || suffix;
    EXECUTE 'DROP TABLE ' || tables;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION lamplighter.drop_month(text, timestamptz) FROM PUBLIC;
