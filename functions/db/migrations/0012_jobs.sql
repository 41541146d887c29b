-- When a pause ends by itself; the newest occurrence nothing came for; and which jobs only run by hand.

ALTER TABLE lamplighter.job
    -- From then on the pause is over: the next claim or sweep that sees it writes that down.
    ADD COLUMN resume_at       timestamptz,
    ADD COLUMN last_missed_at  timestamptz,
    -- Without a schedule, or with one no date matches: whose trigger is missing if it has none.
    ADD COLUMN is_by_hand      boolean NOT NULL DEFAULT false,
    ADD CHECK (resume_at IS NULL OR paused_at IS NOT NULL);

UPDATE lamplighter.job SET is_by_hand = true WHERE definition ->> 'schedule' IS NULL;

CREATE INDEX job_to_resume ON lamplighter.job (resume_at) WHERE resume_at IS NOT NULL;
