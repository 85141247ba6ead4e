-- State of grains in the embedded runtime. One row per grain and state name.
CREATE TABLE grain_state (
    grain      text        NOT NULL,
    name       text        NOT NULL,
    state      json        NOT NULL,
    version    bigint      NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (grain, name)
) WITH (fillfactor = 50);
