"""Tokens and logins of one OIDC issuer. Imported late: cryptography and TLS are not for requests without it."""
