-- Messages of announcements of which their platform says later what became of them; of a change, its own messages.
-- state: 0 it said nothing yet, 1 it arrived, 2 it did not after all.
CREATE TABLE awaited (
    number INTEGER PRIMARY KEY,
    announcement INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    account TEXT NOT NULL,
    subscription INTEGER,           -- whose it is; NULL: a room of the configuration
    room INTEGER,
    native TEXT NOT NULL,
    at INTEGER NOT NULL,            -- when it went
    due INTEGER NOT NULL,           -- by when the platform says so
    state INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX awaited_by ON awaited (account, subscription, native);
CREATE INDEX awaited_of ON awaited (announcement, state);

-- What a platform said of messages before the call that sent them was answered: kept while an announcement goes there.
CREATE TABLE early (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    subscription INTEGER,
    room INTEGER,
    native TEXT NOT NULL,           -- '': everything that went by `until`
    until INTEGER NOT NULL DEFAULT 0,
    reach INTEGER NOT NULL,         -- as recipient.state
    why BLOB
);
CREATE INDEX early_by ON early (account, subscription, native);

-- Until when platforms may say what became of an announcement that is through; NULL: all that they said was told.
ALTER TABLE announcement ADD COLUMN settles_at INTEGER;

-- 1: the platform said after it took our words that it takes approved ones only; those go now.
ALTER TABLE recipient ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
-- How often it went anew, after the platform had taken it and not delivered it.
ALTER TABLE recipient ADD COLUMN anew INTEGER NOT NULL DEFAULT 0;
