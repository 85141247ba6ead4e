-- Rows of tabs that could not be written: every sync tries them again, though their time lies behind the watermark, and the tab is not in step until they are gone.

CREATE TABLE tab_failures (
    tab text NOT NULL REFERENCES tabs ON DELETE CASCADE,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (tab, key)
);
