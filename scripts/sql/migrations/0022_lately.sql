-- What went wrong lately, by when it happened and not by when its job was started.

CREATE INDEX jobs_failed_at ON jobs (finished_at) WHERE status = 'failed';

-- When a cause was met last, to the minute: moved once a minute and not with each commit, so that most updates of a row stay on its page (HOT).
ALTER TABLE failure_causes ADD COLUMN latest_at timestamptz NOT NULL DEFAULT now();
UPDATE failure_causes c SET latest_at = least(now(), coalesce(j.finished_at, j.heartbeat, j.created_at)) FROM jobs j WHERE j.id = c.job_id;
CREATE INDEX failure_causes_latest ON failure_causes (latest_at);
