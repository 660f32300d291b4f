-- Where a held room says it went, until the operator says yes; and whether he did: then its place, not its name, is entered.
ALTER TABLE room ADD COLUMN moved_to TEXT;
ALTER TABLE room ADD COLUMN moved_thread TEXT;
ALTER TABLE room ADD COLUMN followed INTEGER NOT NULL DEFAULT 0;
