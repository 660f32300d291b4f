-- What survives a restart. Times are milliseconds of wall time since 1970 unless a comment says otherwise.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- A room of the configuration; native and thread are known after the first join and pinned from then on.
CREATE TABLE room (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    native TEXT,
    thread TEXT,
    held TEXT,              -- why nothing is sent now; NULL when open
    held_until INTEGER,     -- when it opens by itself; NULL: when somebody says so, or a join succeeds
    UNIQUE (account, name)
);

-- uptime: seconds the account has been up in all its life: lifetimes count in it.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    me TEXT,
    position TEXT,
    uptime INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE person (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    native TEXT NOT NULL,
    name TEXT NOT NULL,
    avatar TEXT,
    UNIQUE (account, native)
);

-- Events published before, by their own id. Purged in order of number.
CREATE TABLE seen (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    event TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (account, event)
);

-- A message and all its copies share one number.
CREATE TABLE message (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER,           -- where it was written; NULL: the bridge's own words
    person INTEGER,
    author TEXT NOT NULL,
    excerpt TEXT,           -- NULL after its time is over
    at INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0
);

-- Native ids, both ways. kind: 0 where it was written, 1 a copy, 2 a note about it (an edit shown as a new message).
CREATE TABLE twin (
    room INTEGER NOT NULL,
    native TEXT NOT NULL,
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (room, native, message)
) WITHOUT ROWID;
CREATE INDEX twin_of_message ON twin (message, room, part);

-- What people put on a message, and where they did.
CREATE TABLE reaction (
    message INTEGER NOT NULL,
    room INTEGER NOT NULL,
    person INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    native TEXT,
    PRIMARY KEY (message, person, emoji)
) WITHOUT ROWID;
CREATE INDEX reaction_native ON reaction (room, native) WHERE native IS NOT NULL;

-- What our own account put on the copy in one room.
CREATE TABLE reacted (
    message INTEGER NOT NULL,
    room INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    native TEXT,
    PRIMARY KEY (message, room, emoji)
) WITHOUT ROWID;

-- The body of what still waits; it leaves with its last delivery.
CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    room INTEGER,           -- where it happened
    message INTEGER,
    reply INTEGER,
    person INTEGER,
    waiting INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL
);

-- One row a delivery. state: 0 waiting, 1 parked. born: the target account's uptime when accepted.
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER NOT NULL,
    event INTEGER NOT NULL,
    link TEXT NOT NULL,
    born INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    marked INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0,   -- a try of it may have arrived
    next_at INTEGER,
    generation INTEGER NOT NULL DEFAULT 0,
    plan BLOB,
    sent BLOB,
    parked_at INTEGER,
    reason TEXT,
    error TEXT
);
CREATE INDEX outbox_lane ON outbox (room, state, number);

CREATE TABLE memory (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

-- How deliveries ended, by target room: with what waits and what is parked it adds up to what was accepted.
CREATE TABLE tally (
    room INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (room, outcome)
) WITHOUT ROWID;
