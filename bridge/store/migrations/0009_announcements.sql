-- Who may be announced to in private. state: 0 wrote to us, 1 wants to hear from us, 2 does not any more.
-- native is the room, sealed where there is a key; alias is what it is looked up by.
CREATE TABLE subscription (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    alias TEXT NOT NULL,
    native BLOB NOT NULL,
    state INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- when they said so, by their platform's time
    heard_at INTEGER NOT NULL,      -- and when we heard it, by ours
    UNIQUE (account, alias)
);
CREATE INDEX subscription_of ON subscription (account, state);

-- What was written in a room for drafts and is not decided yet; its words stand in event.
CREATE TABLE command (
    event INTEGER PRIMARY KEY
);

-- An announcement; or a correction or recall of one, which `about` names. Its words stand in event until it is through.
CREATE TABLE announcement (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,             -- in the configuration
    room INTEGER NOT NULL,          -- where it was drafted
    what INTEGER NOT NULL,          -- 0 announce, 1 correct, 2 recall
    about INTEGER,
    person INTEGER,
    author BLOB,
    message INTEGER,
    event INTEGER NOT NULL,
    urgent INTEGER NOT NULL,
    stage INTEGER NOT NULL,         -- 0 draft, 1 approved, 2 going, 3 done, 4 dropped, 5 stopped
    due INTEGER,                    -- when what is approved begins to go
    token TEXT NOT NULL,            -- the beginning of its keys
    at INTEGER NOT NULL
);
CREATE INDEX announcement_stage ON announcement (stage);
CREATE INDEX announcement_message ON announcement (message);

-- One account's share of an announcement: how far the list of its people was read, and up to whom it goes.
CREATE TABLE course (
    announcement INTEGER NOT NULL,
    account TEXT NOT NULL,
    after INTEGER NOT NULL DEFAULT 0,
    last INTEGER NOT NULL DEFAULT 0,
    begun INTEGER NOT NULL,
    writers INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL DEFAULT 0,   -- 0 going, 1 through, 2 stopped
    why TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (announcement, account)
) WITHOUT ROWID;

-- One room of one announcement. state: 0 waits, 1 under way, 2 delivered, 3 refused, 4 closed to us, 5 left before,
-- 6 nobody knows, 7 stopped before, 8 not possible there.
-- change is the correction or recall that reached it last, changed how that went, as state.
CREATE TABLE recipient (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    announcement INTEGER NOT NULL,
    account TEXT NOT NULL,
    room INTEGER,                   -- a room of the configuration; NULL: a private one
    subscription INTEGER,
    state INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    first TEXT,                     -- native id of its first message there
    natives BLOB,                   -- of all of them, part by part
    why BLOB,
    change INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX recipient_of ON recipient (announcement, account, state, number);
CREATE INDEX recipient_first ON recipient (account, first) WHERE first IS NOT NULL;

-- What announcements cost an account in a calendar month (UTC), in millionths.
CREATE TABLE spent (
    account TEXT NOT NULL,
    month TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (account, month)
) WITHOUT ROWID;
