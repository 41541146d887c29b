-- Makes the month that holds this instant ready for executions, their attempts and their log lines. Safe to call twice
-- and at once; for a role that owns nothing, too.
--
-- A table of its own first, then attached. A table made as a partition locks its parent against everybody: behind a
-- dump that reads it every claim and finish would wait, also when whoever made the month is long dead.
CREATE OR REPLACE FUNCTION lamplighter.ensure_month(instant timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day  timestamptz := date_trunc('month', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next_first timestamptz := (date_trunc('month', instant AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    suffix     text := to_char(instant AT TIME ZONE 'UTC', 'YYYY_MM');
    parent     text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lamplighter.ensure_month'));
    FOREACH parent IN ARRAY ARRAY['execution', 'attempt', 'job_log'] LOOP
        IF to_regclass(format('lamplighter.%I', parent || '_' || suffix)) IS NULL THEN
            EXECUTE format('CREATE TABLE lamplighter.%I (LIKE lamplighter.%I
                                INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
                           parent || '_' || suffix, parent);
            EXECUTE format('ALTER TABLE lamplighter.%I ATTACH PARTITION lamplighter.%I FOR VALUES FROM (%L) TO (%L)',
                           parent, parent || '_' || suffix, first_day, next_first);
        END IF;
    END LOOP;
END
$$;
