-- People who log in at an OIDC issuer: users without a password, whose sessions keep what the issuer's claims granted.

ALTER TABLE lamplighter.user
    ADD COLUMN oidc_issuer text,
    ADD COLUMN oidc_subject text,
    ADD CONSTRAINT user_of_issuer UNIQUE (oidc_issuer, oidc_subject),
    ADD CONSTRAINT user_has_both_of_oidc CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL)),
    -- Nobody local is called so: in the audit a name says where its person comes from.
    ADD CONSTRAINT user_name_of_oidc CHECK (starts_with(name, 'oidc:') = (oidc_subject IS NOT NULL)),
    -- The issuer alone says who they are.
    ADD CONSTRAINT user_of_oidc_has_no_password CHECK (oidc_subject IS NULL OR password_hash IS NULL);

ALTER TABLE lamplighter.session
    -- What the claims granted at the login, beside what the user's own roles permit.
    ADD COLUMN claimed_roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN claimed_permissions text[] NOT NULL DEFAULT '{}',
    -- SHA-256 of the login at the issuer that opened it: each opens one session.
    ADD COLUMN oidc_login_hash bytea UNIQUE;

CREATE OR REPLACE VIEW lamplighter.live_session AS
SELECT s.id, s.user_id, u.name AS user_name, s.expires_at, s.last_used_at, s.family_id, s.cookie_hash,
       ARRAY (SELECT held.role FROM lamplighter.user_role AS held WHERE held.user_id = s.user_id
              UNION SELECT role.name FROM lamplighter.role WHERE role.name = ANY (s.claimed_roles)
              ORDER BY 1) AS roles,
       ARRAY (SELECT granted.permission
              FROM lamplighter.user_role AS held JOIN lamplighter.role_permission AS granted USING (role)
              WHERE held.user_id = s.user_id
              UNION SELECT granted.permission FROM lamplighter.role_permission AS granted
              WHERE granted.role = ANY (s.claimed_roles)
              UNION SELECT unnest(s.claimed_permissions)) AS permissions
FROM lamplighter.session AS s JOIN lamplighter.user AS u ON u.id = s.user_id
WHERE s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND NOT u.is_disabled;
