-- What a one-time execution is given and when it is due, what it waits for, and the key that is its own while it is
-- unfinished; and how a count is taken back when what was final goes on after all.

ALTER TABLE lamplighter.execution
    ADD COLUMN params          jsonb,
    -- When a one-time execution is to start. Not its scheduled_at: that names its row for good, rescheduled or not.
    ADD COLUMN due_at          timestamptz,
    -- How often an event was sent for it, and why the last one could not be.
    ADD COLUMN dispatches      integer NOT NULL DEFAULT 0,
    ADD COLUMN dispatch_error  text;

CREATE INDEX execution_due ON lamplighter.execution (due_at) WHERE status = 'scheduled';

-- Instants for executions nobody scheduled: never a whole minute, and never twice, without a lock. The second is the
-- clock's, what follows it a counter's: two are the same only after a million within one second.
CREATE SEQUENCE lamplighter.instant;

CREATE FUNCTION lamplighter.fresh_instant() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT date_trunc('second', clock_timestamp())
           + (1 + nextval('lamplighter.instant') % 999999) * interval '1 microsecond'
$$;

-- Takes back what count_execution counted, for an execution that is not final any more; before its row is changed,
-- and in the same place in the order of locks. Returns the hour counted in.
CREATE FUNCTION lamplighter.uncount_execution(
    of_job text, final_status text, ended_at timestamptz, took_ms bigint DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    in_hour timestamptz := date_trunc('hour', ended_at, 'UTC');
BEGIN
    UPDATE lamplighter.job_stats_hourly SET
        succeeded = succeeded - (final_status = 'succeeded')::integer, failed = failed - (final_status = 'failed')::integer,
        skipped = skipped - (final_status = 'skipped')::integer,
        cancelled = cancelled - (final_status = 'cancelled')::integer,
        lost = lost - (final_status = 'lost')::integer, missed = missed - (final_status = 'missed')::integer,
        timed = timed - (took_ms IS NOT NULL)::integer, duration_sum_ms = duration_sum_ms - coalesce(took_ms, 0)
    WHERE hour = in_hour AND job_id = of_job;
    RETURN in_hour;
END
$$;
