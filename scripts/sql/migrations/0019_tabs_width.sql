-- Tabs: how many columns of a sheet are a tab's. Those it has no more are cleared by the next full sync, which other columns bring about by themselves.
ALTER TABLE tabs ADD COLUMN width integer NOT NULL DEFAULT 0;
