-- Writes log lines of one attempt; those that are there already came with an earlier try whose answer got lost.
CREATE OR REPLACE FUNCTION lamplighter.write_lines(
    of_execution uuid, at_instant timestamptz, of_attempt integer, lines jsonb
) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF jsonb_array_length(lines) > 0 THEN
        INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields)
        SELECT of_execution, at_instant, of_attempt, l.line, l.logged_at, l.level, l.message, l.fields
        FROM jsonb_to_recordset(lines) AS l(line integer, logged_at timestamptz, level text, message text, fields jsonb)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
