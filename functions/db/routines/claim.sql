-- The claim: decides whether one delivery of an occurrence runs, and records why not.
--
-- What somebody else has is told from its row alone, without a lock or a write. All else happens under the lock of the
-- job's row: there claims of one job meet each other, its pause and its finish, and every statement after it sees what
-- they committed. The unique (job_id, scheduled_at) does the rest.
--
-- One value comes back: NULL for a duplicate, else an object with what functions/db/claims.py names, of the decision
-- `no_job` when there is no such job. A row with its columns would cost a duplicate a fifth more.
--
-- Generic plans: PostgreSQL would plan anew each time to prune partitions, which costs more than all of the work.
CREATE OR REPLACE FUNCTION lamplighter.claim_occurrence(
    of_job text, at_instant timestamptz, with_cause text, on_overlap text, new_id uuid, with_token uuid,
    for_long interval, is_enabled boolean, by_request text
) RETURNS jsonb
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    job            record;
    at             timestamptz;
    reason         text;
    others_may_run boolean;
    claim          jsonb;
BEGIN
    -- The common duplicate, as cheap as can be: it has ended or is running, and not by this very claim.
    PERFORM FROM lamplighter.execution e
    WHERE e.job_id = of_job AND e.scheduled_at = at_instant AND e.claim_token <> with_token
      AND (e.status = 'running' AND e.lease_expires_at > clock_timestamp() OR e.finished_at IS NOT NULL);
    IF FOUND THEN
        RETURN NULL;
    END IF;

    SELECT j.paused_at, j.removed_at, j.held_from_at, j.held_until_at, j.running_execution_id,
           j.running_lease_expires_at, j.resume_at
    INTO job
    FROM lamplighter.job j WHERE j.id = of_job FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '{"decision": "no_job"}';
    END IF;

    at := clock_timestamp();
    IF job.resume_at <= at THEN
        -- The pause is over, and the sweep has not come by yet.
        PERFORM lamplighter.lift_ended_pause(of_job);
        SELECT j.paused_at, j.removed_at, j.held_from_at, j.held_until_at, j.running_execution_id,
               j.running_lease_expires_at, j.resume_at
        INTO job
        FROM lamplighter.job j WHERE j.id = of_job;
    END IF;
    -- The job's row knows of one that runs; of several only (by a NULL id) that there may be some until then.
    others_may_run := coalesce(job.running_lease_expires_at > at, false)
                      AND job.running_execution_id IS DISTINCT FROM new_id;
    reason := CASE
        WHEN job.removed_at IS NOT NULL THEN 'removed'
        WHEN NOT is_enabled THEN 'disabled'
        WHEN with_cause <> 'manual' AND job.paused_at IS NOT NULL THEN 'paused'
        -- Fired while the job was held, delivered after: resume and restore replay nothing.
        WHEN with_cause = 'schedule' AND at_instant >= job.held_from_at AND at_instant < job.held_until_at THEN 'paused'
        -- What somebody enqueued runs beside all others, however many there are.
        WHEN on_overlap = 'skip' AND with_cause <> 'one_time' AND others_may_run
             AND (job.running_execution_id IS NOT NULL OR EXISTS (
                 SELECT FROM lamplighter.execution e
                 WHERE e.status = 'running' AND e.lease_expires_at > at AND e.job_id = of_job AND e.id <> new_id))
             THEN 'overlap'
        END;

    -- What was written down before it was invoked has its row: an event without one asks for nothing there is.
    IF with_cause NOT IN ('retry', 'one_time') THEN
        INSERT INTO lamplighter.execution
            (id, job_id, scheduled_at, cause, status, reason, attempt, claim_token, lease_expires_at, started_at,
             finished_at, request_id)
        VALUES (new_id, of_job, at_instant, with_cause, CASE WHEN reason IS NULL THEN 'running' ELSE 'skipped' END,
                reason, (reason IS NULL)::integer, with_token, CASE WHEN reason IS NULL THEN at + for_long END,
                at, CASE WHEN reason IS NOT NULL THEN at END, by_request)
        ON CONFLICT (job_id, scheduled_at) DO NOTHING;
        IF FOUND THEN
            IF reason IS NULL THEN
                PERFORM lamplighter.note_start(of_job, new_id, with_cause, at_instant, at, for_long, others_may_run);
            ELSE
                PERFORM lamplighter.count_execution(of_job, 'skipped', at);
            END IF;
            RETURN jsonb_build_object(
                'decision', CASE WHEN reason IS NULL THEN 'run' ELSE 'skip' END, 'reason', reason,
                'execution_id', new_id, 'attempt', (reason IS NULL)::integer, 'failed_attempts', 0, 'started_at', at);
        END IF;
    END IF;
    SELECT to_jsonb(r) INTO claim
    FROM lamplighter.reclaim(of_job, at_instant, with_cause, new_id, with_token, for_long, by_request, reason,
                             others_may_run) r
    WHERE r.decision <> 'duplicate';
    RETURN claim;
END
$$;

-- Notes on the job's row, which the caller has locked, what has started; and with others beside it, only until when
-- something runs.
CREATE OR REPLACE FUNCTION lamplighter.note_start(
    of_job text, of_execution uuid, with_cause text, at_instant timestamptz, at timestamptz, for_long interval,
    others_may_run boolean
) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    UPDATE lamplighter.job j SET
        running_execution_id = CASE WHEN NOT others_may_run THEN of_execution END,
        running_lease_expires_at = CASE WHEN others_may_run THEN greatest(j.running_lease_expires_at, at + for_long)
                                        ELSE at + for_long END,
        last_execution_id = of_execution, last_started_at = at, last_status = 'running', last_duration_ms = NULL,
        last_fired_at = CASE WHEN with_cause = 'schedule' THEN at_instant ELSE j.last_fired_at END
    WHERE j.id = of_job;
END
$$;
