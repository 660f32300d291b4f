-- Attachments of accepted messages, and the files they became. state: 0 to be fetched, 1 here, 2 will not come.
-- A row goes when its event has left the store, but not before `until` if its message is still there; its file goes with it.
CREATE TABLE media (
    number INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    message INTEGER,
    part INTEGER NOT NULL,          -- which attachment of the event
    form TEXT NOT NULL DEFAULT '',  -- the type it was converted to; '' as it came
    account TEXT NOT NULL,          -- whose connector fetches it
    state INTEGER NOT NULL DEFAULT 0,
    name TEXT,                      -- of the file in the directory of files
    about BLOB,                     -- what the file is, or why there is none
    until INTEGER,                  -- until when it is served under a public address
    UNIQUE (event, part, form)
);
CREATE INDEX media_message ON media (message);
CREATE INDEX media_name ON media (name) WHERE name IS NOT NULL;
