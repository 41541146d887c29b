-- How the executions of each job ended, counted by the hour, so that a list of jobs reads hours and not history.

CREATE TABLE lamplighter.job_stats_hourly (
    hour             timestamptz NOT NULL CHECK (date_trunc('hour', hour, 'UTC') = hour),
    job_id           text NOT NULL,
    succeeded        integer NOT NULL DEFAULT 0,
    failed           integer NOT NULL DEFAULT 0,
    skipped          integer NOT NULL DEFAULT 0,
    cancelled        integer NOT NULL DEFAULT 0,
    lost             integer NOT NULL DEFAULT 0,
    missed           integer NOT NULL DEFAULT 0,
    -- How many of them have a duration: what the sum is divided by.
    timed            integer NOT NULL DEFAULT 0,
    duration_sum_ms  bigint NOT NULL DEFAULT 0,
    duration_max_ms  bigint NOT NULL DEFAULT 0,
    -- The hour first: a list asks for all jobs of some hours, and 4 to 7 times faster than the other way round.
    PRIMARY KEY (hour, job_id)
) WITH (fillfactor = 50);

-- Counts one execution that has just become final; call it in the statement that makes it so, once its job's row is
-- locked or written (claims and finishes then take their locks in one order). Returns the hour counted in.
CREATE FUNCTION lamplighter.count_execution(
    of_job text, final_status text, ended_at timestamptz, took_ms bigint DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    in_hour timestamptz := date_trunc('hour', ended_at, 'UTC');
BEGIN
    INSERT INTO lamplighter.job_stats_hourly AS s
        (hour, job_id, succeeded, failed, skipped, cancelled, lost, missed, timed, duration_sum_ms, duration_max_ms)
    VALUES (in_hour, of_job, (final_status = 'succeeded')::integer, (final_status = 'failed')::integer,
            (final_status = 'skipped')::integer, (final_status = 'cancelled')::integer,
            (final_status = 'lost')::integer, (final_status = 'missed')::integer,
            (took_ms IS NOT NULL)::integer, coalesce(took_ms, 0), coalesce(took_ms, 0))
    ON CONFLICT (hour, job_id) DO UPDATE SET
        succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed,
        skipped = s.skipped + excluded.skipped, cancelled = s.cancelled + excluded.cancelled,
        lost = s.lost + excluded.lost, missed = s.missed + excluded.missed,
        timed = s.timed + excluded.timed, duration_sum_ms = s.duration_sum_ms + excluded.duration_sum_ms,
        duration_max_ms = greatest(s.duration_max_ms, excluded.duration_max_ms);
    RETURN in_hour;
END
$$;

-- What ended before there was this table.
INSERT INTO lamplighter.job_stats_hourly
    (hour, job_id, succeeded, failed, skipped, cancelled, lost, missed, timed, duration_sum_ms, duration_max_ms)
SELECT date_trunc('hour', finished_at, 'UTC'), job_id,
       count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'failed'),
       count(*) FILTER (WHERE status = 'skipped'), count(*) FILTER (WHERE status = 'cancelled'),
       count(*) FILTER (WHERE status = 'lost'), count(*) FILTER (WHERE status = 'missed'),
       count(duration_ms), coalesce(sum(duration_ms), 0), coalesce(max(duration_ms), 0)
FROM lamplighter.execution
WHERE finished_at IS NOT NULL
GROUP BY 1, 2;
