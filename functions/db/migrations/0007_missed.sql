-- What is expected of each trigger: up to when its occurrences have been looked at, and when the next one must be there.

ALTER TABLE lamplighter.trigger
    -- Every occurrence up to here has its row, or was not expected. NULL: nobody has looked yet.
    ADD COLUMN judged_until_at  timestamptz,
    -- Until then the sweep leaves the job alone; a deploy that changes the job or its trigger sets it back.
    ADD COLUMN judge_at         timestamptz NOT NULL DEFAULT '-infinity';

CREATE INDEX trigger_to_judge ON lamplighter.trigger (judge_at);

-- What was there before anybody looked is not judged: rows of it may be deleted by now.
UPDATE lamplighter.trigger SET judged_until_at = clock_timestamp();
