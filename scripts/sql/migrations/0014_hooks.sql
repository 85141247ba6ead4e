-- Hooks: what models wrote, what judges said of it, and what it cost. One job is one run; its spec says what was asked for.

CREATE TABLE hook_runs (
    job_id        uuid    PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    budget_tokens bigint,                              -- null: no limit
    budget_money  numeric,
    held_tokens   bigint  NOT NULL DEFAULT 0,          -- what calls under way can cost at most; what a dead process held is moved to spent
    held_money    numeric NOT NULL DEFAULT 0,
    spent_tokens  bigint  NOT NULL DEFAULT 0,          -- counted where there is a budget
    spent_money   numeric NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- One model's part of a run.
CREATE TABLE hook_generations (
    job_id        uuid    NOT NULL REFERENCES jobs ON DELETE CASCADE,
    model         text    NOT NULL,
    state         text    NOT NULL CHECK (state IN ('writing', 'finished', 'failed')),
    prompt        text    NOT NULL,                    -- version of the prompt file
    cached        boolean NOT NULL DEFAULT false,      -- answered from what was kept, or by a call of somebody else
    asks          integer NOT NULL DEFAULT 0,          -- calls that were made for it
    tokens_in     bigint  NOT NULL DEFAULT 0,
    tokens_out    bigint  NOT NULL DEFAULT 0,
    cost          numeric NOT NULL DEFAULT 0,
    first_hook_ms integer,                             -- from the first ask to the first whole hook
    took_ms       integer,
    error         text,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    PRIMARY KEY (job_id, model)
) WITH (fillfactor = 70);

-- A hook is written here as soon as its text is whole: from then on nobody asks for it again.
CREATE TABLE hooks (
    job_id     uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    model      text        NOT NULL,
    no         integer     NOT NULL,                   -- from 1, in the order in which the model wrote them
    text       text        NOT NULL,
    prompt     text        NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, model, no)
);

-- What one judge said of one hook; without a score when the evaluation failed.
CREATE TABLE hook_evaluations (
    job_id       uuid    NOT NULL,
    model        text    NOT NULL,
    no           integer NOT NULL,
    judge        text    NOT NULL,
    score        integer CHECK (score BETWEEN 0 AND 100),
    attention    integer,
    clarity      integer,
    relevance    integer,
    originality  integer,
    audience_fit integer,
    reason       text,
    error        text,
    prompt       text    NOT NULL,
    repaired     boolean NOT NULL DEFAULT false,       -- the first answer did not fit the schema
    cached       boolean NOT NULL DEFAULT false,
    asks         integer NOT NULL DEFAULT 0,
    tokens_in    bigint  NOT NULL DEFAULT 0,
    tokens_out   bigint  NOT NULL DEFAULT 0,
    cost         numeric NOT NULL DEFAULT 0,
    took_ms      integer,
    judged_at    timestamptz NOT NULL,
    PRIMARY KEY (job_id, model, no, judge),
    FOREIGN KEY (job_id, model, no) REFERENCES hooks ON DELETE CASCADE,
    CHECK ((score IS NULL) = (error IS NOT NULL))
);

-- Answers that are given again to the same request within a chosen time.
CREATE TABLE chat_answers (
    fingerprint bytea       PRIMARY KEY,               -- of the model, the prompt and the parameters
    answer      text        NOT NULL,
    tokens_in   integer     NOT NULL,
    tokens_out  integer     NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chat_answers_age ON chat_answers (kept_at);
