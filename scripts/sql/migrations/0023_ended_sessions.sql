-- Sessions that somebody ended by signing out: whoever has a copy of the cookie is out as well. A row is needed only as long as the session could have lasted.

CREATE TABLE ended_sessions (
    id    uuid        PRIMARY KEY,
    until timestamptz NOT NULL
);
