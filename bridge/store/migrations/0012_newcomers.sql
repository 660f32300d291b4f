-- When somebody was heard of first; 0: before this was kept.
ALTER TABLE person ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
