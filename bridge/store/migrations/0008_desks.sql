-- private: a conversation with one person, which no configuration names: its place is in `correspondent`.
ALTER TABLE room ADD COLUMN private INTEGER NOT NULL DEFAULT 0;

-- One person's conversation with a desk. state: 0 open, 1 closed, 2 blocked. root: the message that stands for its thread.
-- claimed_by: the alias of the agent who answers; waits_since: since when the person waits for an answer.
CREATE TABLE conversation (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    desk TEXT NOT NULL,
    agents INTEGER NOT NULL,        -- the room of its thread
    root INTEGER,
    title TEXT NOT NULL,            -- the chosen name of the person
    state INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimant TEXT,                  -- their name
    claimed_at INTEGER,
    waits_since INTEGER,
    alarmed INTEGER NOT NULL DEFAULT 0,
    greeted_at INTEGER,
    away_at INTEGER
);
CREATE INDEX conversation_waits ON conversation (waits_since) WHERE waits_since IS NOT NULL;
CREATE INDEX conversation_root ON conversation (root) WHERE root IS NOT NULL;

-- Where a person is written to, on one platform. alias: what their native id is looked up by.
-- window_until: until when the platform lets us write; warned: the agents know that it ends.
CREATE TABLE correspondent (
    number INTEGER PRIMARY KEY,     -- of the room
    account TEXT NOT NULL,
    alias TEXT NOT NULL,
    native TEXT NOT NULL,
    conversation INTEGER,
    heard_at INTEGER,
    window_until INTEGER,
    warned INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, alias)
);
CREATE INDEX correspondent_of ON correspondent (conversation);
CREATE INDEX correspondent_window ON correspondent (window_until) WHERE window_until IS NOT NULL AND warned = 0;
