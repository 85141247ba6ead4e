-- What pages say of tabs: how many rows they have, what went wrong last, and their syncs in order.

ALTER TABLE tabs
    ADD row_count integer NOT NULL DEFAULT 0,          -- rows that stand in the destination; kept by the triggers below, since counting them would take longer than drawing a page
    ADD error     text,                                -- what failed first in the last sync that had failures; null since one ended without
    ADD error_at  timestamptz,
    ADD error_job uuid;

ALTER TABLE tab_syncs
    ADD failed integer NOT NULL DEFAULT 0;             -- rows that could not be written, and whatever else failed

CREATE INDEX tab_syncs_newest ON tab_syncs (tab, started_at DESC);

CREATE FUNCTION count_tab_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE tabs t SET row_count = t.row_count + c.more FROM (SELECT tab, count(*) AS more FROM new_rows WHERE cells IS NOT NULL GROUP BY tab) c WHERE t.name = c.tab;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE tabs t SET row_count = t.row_count - c.less FROM (SELECT tab, count(*) AS less FROM old_rows WHERE cells IS NOT NULL GROUP BY tab) c WHERE t.name = c.tab;
    ELSE
        UPDATE tabs t SET row_count = t.row_count + c.more
        FROM (
            SELECT tab, sum(one) AS more
            FROM (SELECT tab, 1 AS one FROM new_rows WHERE cells IS NOT NULL UNION ALL SELECT tab, -1 FROM old_rows WHERE cells IS NOT NULL) both_sides
            GROUP BY tab HAVING sum(one) <> 0
        ) c WHERE t.name = c.tab;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER tab_rows_added AFTER INSERT ON tab_rows REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tab_rows();
CREATE TRIGGER tab_rows_written AFTER UPDATE ON tab_rows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tab_rows();
CREATE TRIGGER tab_rows_removed AFTER DELETE ON tab_rows REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tab_rows();

UPDATE tabs t SET row_count = (SELECT count(*) FROM tab_rows r WHERE r.tab = t.name AND r.cells IS NOT NULL);
