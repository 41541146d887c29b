-- The finish: outcome, attempt, log lines and the job's summary, if the claim is still ours. An object with the status the
-- execution has now (cancelled, where it was asked to stop and could be tried again) and the ids of those that waited
-- for this end and may now run; NULL when the claim is not ours any more.
--
-- `scheduled_at` is carried along because it names the partition. The job's row is locked before its execution, as a
-- claim does: two that took them in different orders would deadlock. What ended before, by ctx.transaction() or by
-- this very call when its answer got lost, is given the rest of what there is to say.
CREATE OR REPLACE FUNCTION lamplighter.finish_execution(
    of_execution uuid, at_instant timestamptz, with_token uuid, new_status text, of_attempt text, new_reason text,
    again_at timestamptz, new_error_type text, new_error_message text, new_error_stack text, new_result jsonb,
    new_progress jsonb, lines jsonb
) RETURNS jsonb
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    of_job    text;
    job       record;
    finished  record;
    at        timestamptz;
    is_failed boolean := new_status IN ('failed', 'lost');
    failures  integer;
    pauses    boolean;
    released  uuid[];
BEGIN
    SELECT e.job_id INTO of_job FROM lamplighter.execution e
    WHERE e.id = of_execution AND e.scheduled_at = at_instant AND e.claim_token = with_token;
    IF of_job IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT j.paused_at, j.resume_at, j.removed_at, j.consecutive_failures,
           (j.definition ->> 'pause_after_failures')::integer AS pause_after_failures
    INTO job
    FROM lamplighter.job j WHERE j.id = of_job FOR NO KEY UPDATE;
    at := clock_timestamp();
    IF job.resume_at <= at THEN
        PERFORM lamplighter.lift_ended_pause(of_job);
        job.paused_at := NULL;
        job.consecutive_failures := 0;
    END IF;

    -- Somebody asked it to stop: then it is not tried again either. Lost, it is nobody's any more: should the process
    -- wake up after all, its own finish finds no claim. (The || keeps the index of what runs out of the plan: with few
    -- running when it was made, it would look through them all ever after, however many they are at a full minute.)
    UPDATE lamplighter.execution e SET
        status = CASE WHEN new_status = 'retrying' AND e.cancel_requested_at IS NOT NULL THEN 'cancelled'
                      ELSE new_status END,
        finished_at = CASE WHEN new_status <> 'retrying' OR e.cancel_requested_at IS NOT NULL THEN at END,
        retry_at = CASE WHEN e.cancel_requested_at IS NULL THEN again_at END, reason = new_reason,
        claim_token = CASE WHEN of_attempt <> 'lost' THEN e.claim_token END, lease_expires_at = NULL,
        dispatched_at = NULL, dispatches = 0,
        failed_attempts = e.failed_attempts + (of_attempt IN ('failed', 'lost'))::integer,
        duration_ms = CASE WHEN of_attempt <> 'lost' THEN round(extract(epoch FROM at - e.started_at) * 1000) END,
        error_type = new_error_type, error_message = new_error_message, error_stack = new_error_stack,
        result = new_result, progress = coalesce(new_progress, e.progress)
    WHERE e.id = of_execution AND e.scheduled_at = at_instant AND e.status || '' = 'running'
      AND e.claim_token = with_token
    RETURNING e.attempt, e.started_at, e.duration_ms, e.status, e.finished_at INTO finished;

    IF NOT FOUND THEN
        UPDATE lamplighter.execution e SET
            result = coalesce(e.result, new_result), progress = coalesce(new_progress, e.progress)
        WHERE e.id = of_execution AND e.scheduled_at = at_instant AND e.claim_token = with_token
          AND e.status <> 'running'
        RETURNING e.attempt, e.status INTO finished;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        PERFORM lamplighter.write_lines(of_execution, at_instant, finished.attempt, lines);
        RETURN jsonb_build_object('status', finished.status);
    END IF;

    INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, reason, started_at, finished_at,
                                     duration_ms, error_type, error_message, error_stack)
    VALUES (of_execution, at_instant, finished.attempt, of_attempt, new_reason, finished.started_at, at,
            finished.duration_ms, new_error_type, new_error_message, new_error_stack);
    PERFORM lamplighter.write_lines(of_execution, at_instant, finished.attempt, lines);

    failures := CASE WHEN is_failed THEN job.consecutive_failures + 1 WHEN new_status = 'succeeded' THEN 0
                     ELSE job.consecutive_failures END;
    pauses := is_failed AND job.paused_at IS NULL AND job.removed_at IS NULL
              AND coalesce(failures >= job.pause_after_failures, false);
    UPDATE lamplighter.job j SET
        last_status = CASE WHEN j.last_execution_id = of_execution THEN finished.status ELSE j.last_status END,
        last_duration_ms = CASE WHEN j.last_execution_id = of_execution THEN finished.duration_ms
                                ELSE j.last_duration_ms END,
        running_execution_id = nullif(j.running_execution_id, of_execution),
        running_lease_expires_at = CASE WHEN j.running_execution_id = of_execution THEN NULL
                                        ELSE j.running_lease_expires_at END,
        consecutive_failures = failures,
        paused_at = CASE WHEN pauses THEN at ELSE j.paused_at END,
        paused_by = CASE WHEN pauses THEN 'policy' ELSE j.paused_by END,
        pause_reason = CASE WHEN pauses THEN failures || ' failures in a row' ELSE j.pause_reason END
    WHERE j.id = of_job;
    IF finished.finished_at IS NOT NULL THEN
        released := lamplighter.release(of_execution, finished.status);
        PERFORM lamplighter.count_execution(of_job, finished.status, at, finished.duration_ms);
    END IF;
    IF pauses THEN
        INSERT INTO lamplighter.audit (actor, action, job_id, before, after, reason)
        VALUES ('policy', 'jobs.pause', of_job, jsonb_build_object('paused', false),
                jsonb_build_object('paused', true, 'paused_by', 'policy', 'execution_id', of_execution),
                failures || ' failures in a row');
    END IF;
    RETURN jsonb_build_object('status', finished.status, 'released', to_jsonb(released));
END
$$;
