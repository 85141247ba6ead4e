-- The schema of a learning application: a source for tabs to try them with. Whoever has an application of their own names its database in ConnectionStrings:TabSource.

CREATE SCHEMA learning;

CREATE TABLE learning.users (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    email      text        NOT NULL,
    country    text,
    joined_on  date        NOT NULL,
    is_active  boolean     NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learning.courses (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title      text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learning.quiz_responses (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint      NOT NULL REFERENCES learning.users ON DELETE CASCADE,
    question    text        NOT NULL,
    answer      text        NOT NULL,
    is_correct  boolean     NOT NULL,
    answered_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learning.engagement_logs (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint      NOT NULL REFERENCES learning.users ON DELETE CASCADE,
    event      text        NOT NULL,
    seconds    integer     NOT NULL,
    at         timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learning.chat_logs (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint      NOT NULL REFERENCES learning.users ON DELETE CASCADE,
    message    text        NOT NULL,
    reply      text,
    at         timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learning.course_progress (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint      NOT NULL REFERENCES learning.users ON DELETE CASCADE,
    course_id  bigint      NOT NULL REFERENCES learning.courses ON DELETE CASCADE,
    percent    numeric(5, 2) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- What an incremental sync reads by.
CREATE INDEX users_updated ON learning.users (updated_at, id);
CREATE INDEX quiz_responses_updated ON learning.quiz_responses (updated_at, id);
CREATE INDEX engagement_logs_updated ON learning.engagement_logs (updated_at, id);
CREATE INDEX chat_logs_updated ON learning.chat_logs (updated_at, id);
CREATE INDEX course_progress_updated ON learning.course_progress (updated_at, id);

-- Fills the schema with generated people: SELECT learning.make_demo(1000). Each call adds as many more; what they are follows from their numbers.
CREATE FUNCTION learning.make_demo(people integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO learning.courses (title)
    SELECT title FROM unnest(ARRAY['Reading with care', 'Numbers that matter', 'Writing plainly', 'How rivers work', 'A first program']) AS title
    WHERE NOT EXISTS (SELECT FROM learning.courses);

    WITH made AS (
        INSERT INTO learning.users (name, email, country, joined_on, is_active, updated_at)
        SELECT 'Learner ' || n, 'learner' || n || '@example.org', (ARRAY['DE', 'IN', 'BR', 'US', 'KE'])[1 + n % 5], date '2025-01-01' + (n % 500)::integer, n % 7 <> 0, now() - n * interval '1 second'
        FROM generate_series((SELECT coalesce(max(id), 0) + 1 FROM learning.users), (SELECT coalesce(max(id), 0) FROM learning.users) + people) AS n
        RETURNING id
    ), quizzes AS (
        INSERT INTO learning.quiz_responses (user_id, question, answer, is_correct, answered_at, updated_at)
        SELECT id, 'Question ' || q, CASE WHEN (id + q) % 9 = 0 THEN '=1+1' ELSE 'Answer ' || (id * q) % 97 END, (id + q) % 3 = 0, now() - (id + q) * interval '1 minute', now() - (id + q) * interval '1 minute'
        FROM made, generate_series(1, 4) AS q
    ), engagement AS (
        INSERT INTO learning.engagement_logs (user_id, event, seconds, at, updated_at)
        SELECT id, (ARRAY['opened', 'read', 'finished'])[1 + (id + e) % 3], (10 + (id * e) % 600)::integer, now() - (id + e) * interval '1 minute', now() - (id + e) * interval '1 minute'
        FROM made, generate_series(1, 3) AS e
    ), chats AS (
        INSERT INTO learning.chat_logs (user_id, message, reply, at, updated_at)
        SELECT id, 'How does lesson ' || id % 40 || E' work?\nI have read it.', CASE WHEN id % 6 <> 0 THEN 'See page ' || id % 200 END, now() - id * interval '1 minute', now() - id * interval '1 minute'
        FROM made
    )
    INSERT INTO learning.course_progress (user_id, course_id, percent, updated_at)
    SELECT id, 1 + (id + c) % 5, (id * c) % 10001 / 100.0, now() - (id + c) * interval '1 minute'
    FROM made, generate_series(0, 1) AS c;
$$;
