-- Lets the executions run that waited for this one to end like this; their ids, or NULL. Those that waited for another
-- end stay for the sweep (chains.py): it ends them under the locks of their own jobs, which a finish must not take.
CREATE OR REPLACE FUNCTION lamplighter.release(of_parent uuid, with_status text) RETURNS uuid[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    released uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM lamplighter.chain c WHERE c.parent_id = of_parent) THEN
        RETURN NULL;
    END IF;
    WITH ready AS (
        DELETE FROM lamplighter.chain c
        WHERE c.parent_id = of_parent AND lamplighter.runs_on(c.run_on, with_status)
        RETURNING c.child_id, c.child_scheduled_at
    ), queued AS (
        UPDATE lamplighter.execution e SET status = 'queued', due_at = clock_timestamp(), reason = NULL
        FROM ready r
        -- The ||: by their keys, not through all that is scheduled (finish.sql).
        WHERE e.id = r.child_id AND e.scheduled_at = r.child_scheduled_at AND e.status || '' = 'scheduled'
        RETURNING e.id
    )
    SELECT array_agg(id) INTO released FROM queued;
    RETURN released;
END
$$;

-- Whether what waits for this end runs after an execution that ended like that. Lost is a failure too, as for a Retry.
CREATE OR REPLACE FUNCTION lamplighter.runs_on(run_on text, status text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT run_on = 'finished' OR run_on = status OR run_on = 'failed' AND status = 'lost'
$$;
