-- Local users with their roles, and what each role permits. The names of permissions are the admin API's.

CREATE TABLE lamplighter.user (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- In lower case and one Unicode form, as functions/db/users.py writes it: two spellings of one name are one user.
    name             text COLLATE "C" NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100 AND name = btrim(name)),
    -- NULL: nobody can log in with it. The text argon2 makes holds its parameters and its salt.
    password_hash    text CHECK (password_hash <> ''),
    password_set_at  timestamptz,
    is_disabled      boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by       text NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((password_hash IS NULL) = (password_set_at IS NULL))
);

CREATE TABLE lamplighter.role (
    name         text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z0-9._-]{1,50}$'),
    description  text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
    is_builtin   boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by   text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE lamplighter.role_permission (
    role        text COLLATE "C" NOT NULL REFERENCES lamplighter.role (name) ON DELETE CASCADE,
    permission  text NOT NULL CHECK (permission <> ''),
    PRIMARY KEY (role, permission)
);

CREATE TABLE lamplighter.user_role (
    user_id  uuid NOT NULL REFERENCES lamplighter.user (id) ON DELETE CASCADE,
    role     text COLLATE "C" NOT NULL REFERENCES lamplighter.role (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_role_by_role ON lamplighter.user_role (role);

INSERT INTO lamplighter.role (name, description, is_builtin, created_by) VALUES
    ('admin', 'everything, users and roles too', true, 'migration'),
    ('operator', 'see, run, pause and remove jobs, and see who did what', true, 'migration'),
    ('viewer', 'see jobs and their executions', true, 'migration');
INSERT INTO lamplighter.role_permission (role, permission) VALUES
    ('admin', '*'),
    ('operator', 'jobs.view'), ('operator', 'jobs.manage'), ('operator', 'audit.view'),
    ('viewer', 'jobs.view');

-- Months are made by whoever finds one missing, also by an application's role that owns nothing (docs/users.md).
ALTER FUNCTION lamplighter.ensure_month(timestamptz) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
