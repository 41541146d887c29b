-- What the last reconcile made in AWS for each job, so that the next one reads a listing instead of every trigger.

CREATE TABLE lamplighter.trigger (
    job_id      text PRIMARY KEY REFERENCES lamplighter.job (id) ON DELETE CASCADE,
    backend     text NOT NULL CHECK (backend IN ('rule', 'schedule')),
    reason      text NOT NULL,
    digest      text NOT NULL,
    -- One known fire time of a rate: its StartDate. NULL where AWS keeps the phase to itself, and for cron.
    anchor_at   timestamptz,
    -- When we last wrote to it: a rule's rate may have started over then, so fires seen before say nothing any more.
    applied_at  timestamptz NOT NULL
);
