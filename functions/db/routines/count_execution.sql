-- Counts one execution that has just become final; call it in the statement that makes it so, once its job's row is
-- locked or written (claims and finishes then take their locks in one order). Returns the hour counted in.
CREATE OR REPLACE FUNCTION lamplighter.count_execution(
    of_job text, final_status text, ended_at timestamptz, took_ms bigint DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    in_hour timestamptz := date_trunc('hour', ended_at, 'UTC');
    n       integer := lamplighter.duration_step(took_ms);
BEGIN
    INSERT INTO lamplighter.job_stats_hourly AS s
        (hour, job_id, succeeded, failed, skipped, cancelled, lost, missed, timed, duration_sum_ms, duration_max_ms,
         durations)
    VALUES (in_hour, of_job, (final_status = 'succeeded')::integer, (final_status = 'failed')::integer,
            (final_status = 'skipped')::integer, (final_status = 'cancelled')::integer,
            (final_status = 'lost')::integer, (final_status = 'missed')::integer,
            (took_ms IS NOT NULL)::integer, coalesce(took_ms, 0), coalesce(took_ms, 0),
            array_fill((took_ms IS NOT NULL)::integer, ARRAY[1], ARRAY[n]))
    ON CONFLICT (hour, job_id) DO UPDATE SET
        succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed,
        skipped = s.skipped + excluded.skipped, cancelled = s.cancelled + excluded.cancelled,
        lost = s.lost + excluded.lost, missed = s.missed + excluded.missed,
        timed = s.timed + excluded.timed, duration_sum_ms = s.duration_sum_ms + excluded.duration_sum_ms,
        duration_max_ms = greatest(s.duration_max_ms, excluded.duration_max_ms),
        -- Between two steps that were taken an array holds NULLs, which take no room.
        durations[n] = coalesce(s.durations[n], 0) + excluded.timed;
    RETURN in_hour;
END
$$;

-- Takes back what count_execution counted, for an execution that is not final any more; before its row is changed,
-- and in the same place in the order of locks. Returns the hour counted in.
CREATE OR REPLACE FUNCTION lamplighter.uncount_execution(
    of_job text, final_status text, ended_at timestamptz, took_ms bigint DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    in_hour timestamptz := date_trunc('hour', ended_at, 'UTC');
    n       integer := lamplighter.duration_step(took_ms);
BEGIN
    UPDATE lamplighter.job_stats_hourly SET
        succeeded = succeeded - (final_status = 'succeeded')::integer,
        failed = failed - (final_status = 'failed')::integer,
        skipped = skipped - (final_status = 'skipped')::integer,
        cancelled = cancelled - (final_status = 'cancelled')::integer,
        lost = lost - (final_status = 'lost')::integer, missed = missed - (final_status = 'missed')::integer,
        timed = timed - (took_ms IS NOT NULL)::integer, duration_sum_ms = duration_sum_ms - coalesce(took_ms, 0),
        durations[n] = greatest(coalesce(durations[n], 0) - (took_ms IS NOT NULL)::integer, 0)
    WHERE hour = in_hour AND job_id = of_job;
    -- Also where it has gone into all jobs' hour: a resume may run what was skipped days ago.
    UPDATE lamplighter.stats_hourly SET
        succeeded = succeeded - (final_status = 'succeeded')::integer,
        failed = failed - (final_status = 'failed')::integer,
        skipped = skipped - (final_status = 'skipped')::integer,
        cancelled = cancelled - (final_status = 'cancelled')::integer,
        lost = lost - (final_status = 'lost')::integer, missed = missed - (final_status = 'missed')::integer,
        timed = timed - (took_ms IS NOT NULL)::integer, duration_sum_ms = duration_sum_ms - coalesce(took_ms, 0),
        durations[n] = greatest(durations[n] - (took_ms IS NOT NULL)::integer, 0)
    WHERE hour = in_hour;
    RETURN in_hour;
END
$$;

-- Which element of job_stats_hourly.durations counts this duration: the n-th those from 1.2^n up to 1.2^(n+1) ms, 0 also
-- what took no time at all, 75 everything above. What stands for all of a step is within 10 % of each (ADR 27).
CREATE OR REPLACE FUNCTION lamplighter.duration_step(took_ms bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(least(ln(greatest(took_ms, 1)::double precision) / ln(1.2::double precision), 75))::integer
$$;
