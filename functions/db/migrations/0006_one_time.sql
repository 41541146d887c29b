-- One-time executions: what each is given and when it is due, the key that is its own while it is unfinished, and the
-- execution it waits for; and how a count is taken back when what was final goes on after all.

ALTER TABLE lamplighter.execution
    ADD COLUMN params          jsonb,
    -- Those of them nobody may see: top-level fields, by name.
    ADD COLUMN secret_params   text[],
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

-- Who has a key. Not a column of the execution: a unique index on a table by months has to hold the month as well.
CREATE TABLE lamplighter.enqueue_key (
    job_id        text NOT NULL,
    key           text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    execution_id  uuid NOT NULL,
    scheduled_at  timestamptz NOT NULL,
    PRIMARY KEY (job_id, key)
);

-- Which execution waits for the end of which. A row goes when the parent has ended; an execution has one parent at most,
-- named when it is written down, so there can be no circle.
CREATE TABLE lamplighter.chain (
    parent_id            uuid NOT NULL,
    parent_scheduled_at  timestamptz NOT NULL,
    child_id             uuid NOT NULL UNIQUE,
    child_scheduled_at   timestamptz NOT NULL,
    run_on               text NOT NULL CHECK (run_on IN ('succeeded', 'failed', 'finished')),
    PRIMARY KEY (parent_id, child_id)
);

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
