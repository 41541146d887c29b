-- What people look through: ended executions by how they ended, repeats, keys, how long things take, and who did what.

ALTER TABLE lamplighter.execution
    -- The key it was enqueued with. Who has a key now, enqueue_key says: a key goes on to the next, and this stays.
    ADD COLUMN key          text,
    -- Which execution this one runs again, and which one ran this one again: set once, so that two people do not.
    ADD COLUMN repeats      uuid,
    ADD COLUMN repeated_by  uuid;

UPDATE lamplighter.execution e SET key = k.key
FROM lamplighter.enqueue_key k
WHERE e.id = k.execution_id AND e.scheduled_at = k.scheduled_at;

-- Everything that waits or has ended, of all jobs, for lists by status, cause and time. A scheduled instant is that of
-- many jobs, and what is equal a B-tree stores once: about 15 bytes a row, a third of the primary key. What starts does
-- not write to it, what ends does. Without the id, which would make every entry another one: those of one instant are
-- sorted as they are read.
CREATE INDEX execution_listed ON lamplighter.execution (status, cause, scheduled_at DESC) WHERE status <> 'running';
DROP INDEX lamplighter.execution_waiting;

-- Of one job, what did not just run and succeed; the rest is nearly all there is in its history, which execution_occurrence
-- walks. The success of an ordinary execution costs this index nothing.
CREATE INDEX execution_of_note ON lamplighter.execution (job_id, status, cause, scheduled_at DESC)
    WHERE status <> 'running' AND (status <> 'succeeded' OR cause NOT IN ('schedule', 'one_time'));

-- How many took how long, by duration on a scale of ratio 1.2: durations[n] (count_execution.sql). Between its least and
-- its greatest n an array holds NULLs for those nobody took; NULL itself in the hours before there was this column.
ALTER TABLE lamplighter.job_stats_hourly ADD COLUMN durations integer[];

-- All jobs together, for hours that have been over for more than a day: 24 rows a day where the above has one for each
-- job and hour. Rolled up once a day, so that no execution writes to a row that all others write to.
CREATE TABLE lamplighter.stats_hourly (
    hour             timestamptz PRIMARY KEY,
    succeeded        bigint NOT NULL,
    failed           bigint NOT NULL,
    skipped          bigint NOT NULL,
    cancelled        bigint NOT NULL,
    lost             bigint NOT NULL,
    missed           bigint NOT NULL,
    timed            bigint NOT NULL,
    duration_sum_ms  bigint NOT NULL,
    duration_max_ms  bigint NOT NULL,
    durations        integer[] NOT NULL
);

-- The trail, newest first: all of it, or by one of what it is asked for.
CREATE INDEX audit_by_time ON lamplighter.audit (at DESC, id DESC);
CREATE INDEX audit_by_actor ON lamplighter.audit (actor, at DESC, id DESC);
CREATE INDEX audit_by_action ON lamplighter.audit (action, at DESC, id DESC);
DROP INDEX lamplighter.audit_by_job;
CREATE INDEX audit_by_job ON lamplighter.audit (job_id, at DESC, id DESC);
