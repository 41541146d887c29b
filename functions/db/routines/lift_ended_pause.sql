-- Resumes a job whose pause was to end by now, as a person would have at that very instant: what was fired before it
-- is still held back, whoever notices the end first, and when. Locks the job's row. Whether there was such a pause.
CREATE OR REPLACE FUNCTION lamplighter.lift_ended_pause(of_job text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    job record;
BEGIN
    SELECT j.paused_at, j.paused_by, j.pause_reason, j.resume_at INTO job
    FROM lamplighter.job j WHERE j.id = of_job FOR NO KEY UPDATE;
    IF NOT FOUND OR NOT coalesce(job.resume_at <= clock_timestamp(), false) THEN
        RETURN false;
    END IF;
    UPDATE lamplighter.job SET
        held_from_at = CASE WHEN paused_at < held_until_at + interval '5 minutes' THEN held_from_at ELSE paused_at END,
        held_until_at = resume_at,
        paused_at = NULL, paused_by = NULL, pause_reason = NULL, resume_at = NULL, consecutive_failures = 0
    WHERE id = of_job;
    INSERT INTO lamplighter.audit (actor, action, job_id, before, after, reason)
    VALUES ('policy', 'jobs.resume', of_job,
            jsonb_build_object('paused', true, 'paused_by', job.paused_by, 'pause_reason', job.pause_reason,
                               'resume_at', job.resume_at, 'removed', false),
            jsonb_build_object('paused', false, 'paused_by', NULL, 'pause_reason', NULL, 'resume_at', NULL,
                               'removed', false),
            'the pause was to end then');
    RETURN true;
END
$$;
