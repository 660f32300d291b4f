-- Rooms that moderators linked by a code. code and until: as long as another room may join by it.
CREATE TABLE bond (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT,
    until INTEGER NOT NULL
);
CREATE TABLE bonded (
    bond INTEGER NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (bond, account, name)
) WITHOUT ROWID;
