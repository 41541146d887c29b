-- Who is logged in, and how often logging in has failed. A session's refresh tokens are one family.

CREATE TABLE lamplighter.session (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES lamplighter.user (id) ON DELETE CASCADE,
    -- A random id that stands in refresh tokens and nowhere else: who names it has seen one of them. NULL: a browser's.
    family_id     uuid UNIQUE,
    -- SHA-256 of a browser's cookie. NULL: it is renewed with refresh tokens.
    cookie_hash   bytea UNIQUE,
    address       text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_for   text,
    CHECK ((family_id IS NULL) <> (cookie_hash IS NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_for IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX session_by_user ON lamplighter.session (user_id);
CREATE INDEX session_end ON lamplighter.session (coalesce(revoked_at, expires_at));

CREATE INDEX refresh_token_family ON lamplighter.refresh_token (family_id);

CREATE TABLE lamplighter.login_attempt (
    -- SHA-256 of an account's name or an address: what people type as a name is their password now and then.
    key        bytea PRIMARY KEY,
    -- Failures beyond the free ones; below zero while some of those are left.
    over       integer NOT NULL,
    failed_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Sessions that have not ended, with their users as they are now.
CREATE VIEW lamplighter.live_session AS
SELECT s.id, s.user_id, u.name AS user_name, s.expires_at, s.last_used_at, s.family_id, s.cookie_hash,
       ARRAY (SELECT held.role FROM lamplighter.user_role AS held WHERE held.user_id = s.user_id ORDER BY held.role)
           AS roles,
       ARRAY (SELECT DISTINCT granted.permission
              FROM lamplighter.user_role AS held JOIN lamplighter.role_permission AS granted USING (role)
              WHERE held.user_id = s.user_id) AS permissions
FROM lamplighter.session AS s JOIN lamplighter.user AS u ON u.id = s.user_id
WHERE s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND NOT u.is_disabled;
