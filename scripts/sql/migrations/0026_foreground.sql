-- Where people are at work, so that silos that answer nobody let them go first too. Unlogged: after a crash nobody misses it.
CREATE UNLOGGED TABLE foreground (
    instance text             PRIMARY KEY,
    seen_at  timestamptz      NOT NULL,  -- people were there
    share    double precision NOT NULL   -- how much background work may use beside them, 0.125 to 1
);
