-- The audit is read from its newest entry on, by who and by what.
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
