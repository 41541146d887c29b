-- The claim of an execution that has its row: what waits for this event, or what nobody holds any more. Called by
-- claim(), which has the job's row locked; skip_reason is why it may not run, if so, others_may_run as there.
--
-- A retry that may not run ends as failed, with the error it had. A one-time execution of a job that is held waits:
-- nothing that was accepted is lost.
CREATE OR REPLACE FUNCTION lamplighter.reclaim(
    of_job text, at_instant timestamptz, with_cause text, with_id uuid, with_token uuid, for_long interval,
    by_request text, skip_reason text, others_may_run boolean
) RETURNS TABLE (
    decision text, reason text, execution_id uuid, attempt integer, failed_attempts integer, started_at timestamptz,
    params jsonb, due_at timestamptz
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    e  lamplighter.execution;
    at timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO e FROM lamplighter.execution x
    WHERE x.job_id = of_job AND x.scheduled_at = at_instant FOR NO KEY UPDATE;
    IF skip_reason = 'overlap' AND e.cause = 'one_time' THEN
        skip_reason := NULL;  -- its retries run beside others too
    END IF;

    IF e.claim_token = with_token AND e.status IN ('running', 'skipped', 'failed') THEN
        -- Our own: the answer got lost, and this is it again.
        decision := CASE e.status WHEN 'running' THEN 'run' WHEN 'skipped' THEN 'skip' ELSE 'fail' END;
    ELSIF NOT coalesce(lamplighter.is_claimable(e, with_cause, with_id), false)
          OR skip_reason IS NOT NULL AND e.status IN ('running', 'missed')
          OR e.status = 'running' AND e.cancel_requested_at IS NOT NULL THEN
        -- Also what is lost or missed while the job is held, and what was lost while asked to stop: the sweep and the
        -- history say so.
        decision := 'duplicate';
    ELSIF skip_reason IN ('paused', 'disabled') AND e.cause = 'one_time' THEN
        decision := 'wait';
        e.reason := skip_reason;
        -- So that the first sweep after the hold sends it.
        UPDATE lamplighter.execution x SET dispatched_at = NULL, dispatches = 0
        WHERE x.id = e.id AND x.scheduled_at = at_instant;
    ELSIF skip_reason IS NULL THEN
        decision := 'run';
        IF e.status = 'running' THEN
            INSERT INTO lamplighter.attempt
                (execution_id, scheduled_at, attempt, status, reason, started_at, finished_at)
            VALUES (e.id, e.scheduled_at, e.attempt, 'lost', 'taken over', e.started_at, at)
            ON CONFLICT DO NOTHING;
        END IF;
        PERFORM lamplighter.note_start(of_job, e.id, with_cause, at_instant, at, for_long, others_may_run);
        IF e.status = 'missed' THEN
            PERFORM lamplighter.uncount_execution(of_job, 'missed', e.finished_at);
        END IF;
        UPDATE lamplighter.execution x SET
            status = 'running', reason = NULL, attempt = x.attempt + 1,
            failed_attempts = x.failed_attempts + (x.status = 'running')::integer,
            claim_token = with_token, lease_expires_at = at + for_long, started_at = at, finished_at = NULL,
            request_id = by_request, retry_at = NULL, progress = NULL, dispatch_error = NULL,
            duration_ms = NULL, error_type = NULL, error_message = NULL, error_stack = NULL
        WHERE x.id = e.id AND x.scheduled_at = at_instant
        RETURNING * INTO e;
    ELSE
        decision := CASE WHEN with_cause = 'retry' THEN 'fail' ELSE 'skip' END;
        UPDATE lamplighter.execution x SET
            status = CASE WHEN with_cause = 'retry' THEN 'failed' ELSE 'skipped' END, reason = skip_reason,
            claim_token = with_token, started_at = CASE WHEN with_cause = 'retry' THEN x.started_at ELSE at END,
            finished_at = at, request_id = by_request, retry_at = NULL, progress = NULL, dispatch_error = NULL
        WHERE x.id = e.id AND x.scheduled_at = at_instant
        RETURNING * INTO e;
        IF e.status = 'failed' THEN
            -- Another final failure; it is the next one that runs that may pause the job for it.
            UPDATE lamplighter.job j SET consecutive_failures = j.consecutive_failures + 1,
                last_status = CASE WHEN j.last_execution_id = e.id THEN 'failed' ELSE j.last_status END
            WHERE j.id = of_job;
        END IF;
        PERFORM lamplighter.count_execution(of_job, e.status, at);
    END IF;

    IF decision <> 'duplicate' THEN
        RETURN QUERY SELECT decision, e.reason, e.id, e.attempt, e.failed_attempts, e.started_at, e.params, e.due_at;
    ELSE
        RETURN NEXT;
    END IF;
END
$$;

-- Whether an event with this cause and execution id may run an execution as it stands; NULL where there is none.
CREATE OR REPLACE FUNCTION lamplighter.is_claimable(e lamplighter.execution, with_cause text, with_id uuid)
RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT CASE e.status
        WHEN 'queued' THEN e.id = with_id AND with_cause <> 'retry'
        -- Clocks differ a little.
        WHEN 'scheduled' THEN e.id = with_id AND with_cause = 'one_time'
                              AND e.due_at <= clock_timestamp() + interval '1 second'
        WHEN 'retrying' THEN e.id = with_id AND with_cause = 'retry'
                             AND e.retry_at <= clock_timestamp() + interval '1 second'
        WHEN 'running' THEN e.lease_expires_at <= clock_timestamp()
        WHEN 'missed' THEN with_cause = 'schedule'  -- it has come after all
    END
$$;
