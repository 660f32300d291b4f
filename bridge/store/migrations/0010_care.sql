-- What moderators, and people for themselves, decided: in force until taken back. native is as in person.
CREATE TABLE ruling (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,       -- mute, optout, pause, lock, hold
    link TEXT NOT NULL,       -- '' every link
    room INTEGER,             -- it concerns what goes into this room or comes from it; NULL: the whole link
    account TEXT,             -- of the person it is about, NULL where it is about everybody
    native TEXT,
    name TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL
);
-- Who did what. person: the number of whom it was done to.
CREATE TABLE deed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    link TEXT NOT NULL,
    room INTEGER,
    actor TEXT NOT NULL,
    did TEXT NOT NULL,
    about TEXT NOT NULL DEFAULT '',
    person INTEGER
);
-- Copies that a moderator wanted back and a room would not give; purge is the number of the deed.
CREATE TABLE unremoved (
    purge INTEGER NOT NULL,
    message INTEGER NOT NULL,
    room INTEGER NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX unremoved_purge ON unremoved (purge);
