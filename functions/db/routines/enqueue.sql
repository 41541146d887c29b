-- Writes down a one-time execution, in the caller's transaction if there is one: due now or up to a minute ahead it is
-- queued, later it is scheduled, and after another execution it waits for that one's end. Takes no lock of the job's
-- row: the caller's transaction may be long, and claims would wait for it.
--
-- answer: `written`; `known` (the key's execution is unfinished: that one); or why not: `no_job`, `no_parent`.
CREATE OR REPLACE FUNCTION lamplighter.enqueue(
    of_job text, new_id uuid, new_params jsonb, new_secret_params text[], to_start_at timestamptz, with_key text,
    after_id uuid, new_run_on text, by_actor text, by_request text,
    OUT answer text, OUT execution_id uuid, OUT scheduled_at timestamptz, OUT status text, OUT due_at timestamptz
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    parent_at     timestamptz;
    parent_status text;
    parent_ended  boolean;
    holder        record;
BEGIN
    PERFORM FROM lamplighter.job j WHERE j.id = of_job AND j.in_code AND j.removed_at IS NULL;
    IF NOT FOUND THEN
        answer := 'no_job';
        RETURN;
    END IF;
    IF after_id IS NOT NULL THEN
        SELECT e.scheduled_at, e.status, e.finished_at IS NOT NULL INTO parent_at, parent_status, parent_ended
        FROM lamplighter.execution e WHERE e.id = after_id;
        IF NOT FOUND THEN
            answer := 'no_parent';
            RETURN;
        END IF;
    END IF;
    scheduled_at := lamplighter.fresh_instant();

    -- Whoever writes the same key at once waits here for the other's commit, and then sees its execution.
    WHILE with_key IS NOT NULL LOOP
        INSERT INTO lamplighter.enqueue_key (job_id, key, execution_id, scheduled_at)
        VALUES (of_job, with_key, new_id, scheduled_at) ON CONFLICT (job_id, key) DO NOTHING;
        EXIT WHEN FOUND;
        SELECT k.execution_id, k.scheduled_at INTO holder
        FROM lamplighter.enqueue_key k WHERE k.job_id = of_job AND k.key = with_key FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        SELECT 'known', e.id, e.scheduled_at, e.status, e.due_at
        INTO answer, execution_id, enqueue.scheduled_at, enqueue.status, enqueue.due_at
        FROM lamplighter.execution e
        WHERE e.id = holder.execution_id AND e.scheduled_at = holder.scheduled_at AND e.finished_at IS NULL;
        IF FOUND THEN
            RETURN;
        END IF;
        scheduled_at := lamplighter.fresh_instant();
        UPDATE lamplighter.enqueue_key k SET execution_id = new_id, scheduled_at = enqueue.scheduled_at
        WHERE k.job_id = of_job AND k.key = with_key;
        EXIT;
    END LOOP;

    IF to_regclass('lamplighter.execution_' || to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL THEN
        -- Before it fails: that would end the caller's transaction. Hardly ever: months are made ahead.
        PERFORM lamplighter.ensure_month(scheduled_at);
    END IF;
    answer := 'written';
    execution_id := new_id;
    IF after_id IS NOT NULL AND NOT (parent_ended AND lamplighter.runs_on(new_run_on, parent_status)) THEN
        -- Also when the parent has ended otherwise: the sweep says so, as it does for all others.
        status := 'scheduled';
        INSERT INTO lamplighter.chain (parent_id, parent_scheduled_at, child_id, child_scheduled_at, run_on)
        VALUES (after_id, parent_at, new_id, scheduled_at, new_run_on);
    ELSE
        due_at := coalesce(to_start_at, clock_timestamp());
        status := CASE WHEN due_at > clock_timestamp() + interval '1 minute' THEN 'scheduled' ELSE 'queued' END;
    END IF;
    INSERT INTO lamplighter.execution
        (id, job_id, scheduled_at, cause, status, key, params, secret_params, due_at, actor, request_id)
    VALUES (new_id, of_job, scheduled_at, 'one_time', status, with_key, new_params, new_secret_params, due_at, by_actor,
            by_request);
END
$$;
