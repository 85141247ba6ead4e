-- People and programs that may come in.

CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    name          text        NOT NULL,
    name_key      text        NOT NULL UNIQUE,         -- the name in lower case
    password_hash text        NOT NULL,
    role          text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    security_stamp uuid       NOT NULL,                -- changes with the password: sessions made before it end
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

CREATE TABLE api_keys (
    id           uuid        PRIMARY KEY,
    name         text        NOT NULL,
    prefix       text        NOT NULL,                 -- the first characters, to tell keys apart in a list
    hash         bytea       NOT NULL UNIQUE,          -- SHA-256 of the key: 256 random bits need no slow hash
    scope        text        NOT NULL CHECK (scope IN ('viewer', 'operator', 'admin')),
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

-- The keys that protect cookies, so that sessions outlive a restart.
CREATE TABLE data_protection_keys (
    id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xml text NOT NULL
);
