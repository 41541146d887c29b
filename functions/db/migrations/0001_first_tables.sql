-- Jobs with their intent and summary, executions and log lines by month, audit, refresh tokens, mutation counts.

CREATE TABLE lamplighter.job (
    id                        text PRIMARY KEY CHECK (id ~ '^[a-z0-9._-]{1,100}$'),
    definition                jsonb NOT NULL,
    definition_hash           text NOT NULL,
    in_code                   boolean NOT NULL DEFAULT true,
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now(),
    -- Intent. Columns of this row, not rows elsewhere: a claim that waited for this row's lock
    -- reads its newest version, while other tables are read as they were before the wait.
    paused_at                 timestamptz,
    paused_by                 text,
    pause_reason              text,
    removed_at                timestamptz,
    removed_by                text,
    -- Summary of the newest execution that ran, and the one that runs now.
    next_execution_at         timestamptz,
    last_fired_at             timestamptz,
    last_execution_id         uuid,
    last_started_at           timestamptz,
    last_status               text,
    last_duration_ms          bigint,
    running_execution_id      uuid,
    running_lease_expires_at  timestamptz,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
    CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    CHECK (removed_at IS NULL OR paused_at IS NULL)
) WITH (fillfactor = 50);

CREATE TABLE lamplighter.execution (
    id                uuid NOT NULL,
    job_id            text NOT NULL,
    scheduled_at      timestamptz NOT NULL,
    cause             text NOT NULL CHECK (cause IN ('schedule', 'manual', 'retry', 'backfill', 'catch_up', 'one_time')),
    status            text NOT NULL CHECK (status IN ('queued', 'scheduled', 'running', 'succeeded', 'failed', 'retrying',
                                                      'skipped', 'cancelled', 'lost', 'missed')),
    reason            text,
    attempt           integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    claim_token       uuid,
    lease_expires_at  timestamptz,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at        timestamptz,
    finished_at       timestamptz,
    duration_ms       bigint,
    error_type        text,
    error_message     text,
    error_stack       text,
    result            jsonb,
    actor             text,
    request_id        text,
    PRIMARY KEY (id, scheduled_at),
    CHECK ((status IN ('succeeded', 'failed', 'skipped', 'cancelled', 'lost', 'missed')) = (finished_at IS NOT NULL)),
    CHECK (status <> 'running' OR (claim_token IS NOT NULL AND lease_expires_at IS NOT NULL AND started_at IS NOT NULL)),
    -- Scheduled instants are whole minutes and all others never are, so the two cannot collide.
    CHECK ((cause IN ('manual', 'one_time')) <> (extract(microseconds FROM scheduled_at) = 0)
           OR cause = 'retry')
) PARTITION BY RANGE (scheduled_at);

CREATE UNIQUE INDEX execution_occurrence ON lamplighter.execution (job_id, scheduled_at DESC);
CREATE INDEX execution_running ON lamplighter.execution (lease_expires_at) WHERE status = 'running';

CREATE TABLE lamplighter.job_log (
    execution_id  uuid NOT NULL,
    scheduled_at  timestamptz NOT NULL,
    attempt       integer NOT NULL,
    line          integer NOT NULL,
    logged_at     timestamptz NOT NULL,
    level         text NOT NULL,
    message       text NOT NULL,
    fields        jsonb,
    PRIMARY KEY (execution_id, scheduled_at, attempt, line)
) PARTITION BY RANGE (scheduled_at);

-- Makes the month that holds this instant ready for executions and their log lines. Safe to call twice and at once.
CREATE FUNCTION lamplighter.ensure_month(instant timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day  timestamptz := date_trunc('month', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next_first timestamptz := (date_trunc('month', instant AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    suffix     text := to_char(instant AT TIME ZONE 'UTC', 'YYYY_MM');
    parent     text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lamplighter.ensure_month'));
    FOREACH parent IN ARRAY ARRAY['execution', 'job_log'] LOOP
        IF to_regclass(format('lamplighter.%I', parent || '_' || suffix)) IS NULL THEN
            EXECUTE format('CREATE TABLE lamplighter.%I PARTITION OF lamplighter.%I FOR VALUES FROM (%L) TO (%L)',
                           parent || '_' || suffix, parent, first_day, next_first);
        END IF;
    END LOOP;
END
$$;

CREATE TABLE lamplighter.audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    action      text NOT NULL,
    job_id      text,
    before      jsonb,
    after       jsonb,
    reason      text,
    request_id  text
);
CREATE INDEX audit_by_job ON lamplighter.audit (job_id, id DESC);

CREATE TABLE lamplighter.refresh_token (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id       uuid NOT NULL,
    subject         text NOT NULL,
    token_hash      bytea NOT NULL UNIQUE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    invalidated_at  timestamptz
);
CREATE INDEX refresh_token_expiry ON lamplighter.refresh_token (expires_at);
CREATE INDEX refresh_token_spent ON lamplighter.refresh_token (id)
    WHERE used_at IS NOT NULL OR invalidated_at IS NOT NULL;

CREATE TABLE lamplighter.mutation_count (
    actor              text PRIMARY KEY,
    window_started_at  timestamptz NOT NULL,
    mutations          integer NOT NULL
) WITH (fillfactor = 50);
