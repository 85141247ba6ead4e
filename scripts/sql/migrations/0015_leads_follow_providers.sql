-- What leads are filtered by, as their providers' rows say it: a filter over a join would look up every lead where few or none match.

ALTER TABLE leads ADD COLUMN name text, ADD COLUMN state text, ADD COLUMN city text, ADD COLUMN taxonomy text;

UPDATE leads l SET name = p.name, state = p.state, city = p.city, taxonomy = p.taxonomy FROM providers p WHERE p.npi = l.npi;

CREATE FUNCTION leads_follow_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leads SET name = NEW.name, state = NEW.state, city = NEW.city, taxonomy = NEW.taxonomy WHERE npi = NEW.npi;
    RETURN NULL;
END $$;

CREATE TRIGGER leads_follow_provider AFTER UPDATE OF name, state, city, taxonomy ON providers FOR EACH ROW
    WHEN ((OLD.name, OLD.state, OLD.city, OLD.taxonomy) IS DISTINCT FROM (NEW.name, NEW.state, NEW.city, NEW.taxonomy))
    EXECUTE FUNCTION leads_follow_provider();
