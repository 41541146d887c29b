-- Retries: every attempt of an execution by itself, when the next one is due, and how often a job failed in a row;
-- and what was held, so that resume replays nothing.

ALTER TABLE lamplighter.job
    ADD COLUMN consecutive_failures  integer NOT NULL DEFAULT 0,
    -- The last pause or removal that has ended: an event of that time which is still under way must not run after all.
    ADD COLUMN held_from_at          timestamptz,
    ADD COLUMN held_until_at         timestamptz;

ALTER TABLE lamplighter.execution
    -- Attempts that count against the job's Retry; a RetryLater is an attempt too, but no failure.
    ADD COLUMN failed_attempts  integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_at         timestamptz,
    -- When the sweep last sent an event for it, so that several sweeps do not.
    ADD COLUMN dispatched_at    timestamptz,
    ADD CHECK (status <> 'retrying' OR retry_at IS NOT NULL);

CREATE INDEX execution_retrying ON lamplighter.execution (retry_at) WHERE status = 'retrying';
CREATE INDEX execution_queued ON lamplighter.execution (created_at) WHERE status = 'queued';

CREATE TABLE lamplighter.attempt (
    execution_id   uuid NOT NULL,
    scheduled_at   timestamptz NOT NULL,
    attempt        integer NOT NULL CHECK (attempt > 0),
    -- How this attempt ended, whatever became of the execution; `retrying`: it asked to be run again.
    status         text NOT NULL CHECK (status IN ('succeeded', 'failed', 'retrying', 'skipped', 'cancelled', 'lost')),
    reason         text,
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz NOT NULL,
    duration_ms    bigint,
    error_type     text,
    error_message  text,
    error_stack    text,
    PRIMARY KEY (execution_id, scheduled_at, attempt)
) PARTITION BY RANGE (scheduled_at);

-- Makes the month that holds this instant ready for executions, their attempts and their log lines. Safe to call
-- twice and at once.
CREATE OR REPLACE FUNCTION lamplighter.ensure_month(instant timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day  timestamptz := date_trunc('month', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next_first timestamptz := (date_trunc('month', instant AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    suffix     text := to_char(instant AT TIME ZONE 'UTC', 'YYYY_MM');
    parent     text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lamplighter.ensure_month'));
    FOREACH parent IN ARRAY ARRAY['execution', 'attempt', 'job_log'] LOOP
        IF to_regclass(format('lamplighter.%I', parent || '_' || suffix)) IS NULL THEN
            EXECUTE format('CREATE TABLE lamplighter.%I PARTITION OF lamplighter.%I FOR VALUES FROM (%L) TO (%L)',
                           parent || '_' || suffix, parent, first_day, next_first);
        END IF;
    END LOOP;
END
$$;

-- The months that are there already; the middle of each, so that no session's time zone leads to another.
DO $$
BEGIN
    PERFORM lamplighter.ensure_month(to_date(substr(c.relname, length('execution_') + 1), 'YYYY_MM') + interval '15 days')
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'lamplighter.execution'::regclass;
END
$$;
