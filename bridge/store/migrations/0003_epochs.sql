-- Which lives gave which rows their keys: `name` is the first piece of the keys of all rows from `first` on, until the next.
-- Each life of the daemon has its own, so that two copies of one store never use the same key for different words.
CREATE TABLE epoch (
    first INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
INSERT INTO epoch (first, name) SELECT 0, value FROM meta WHERE name = 'epoch';
DELETE FROM meta WHERE name = 'epoch';

-- mark: what this store last wrote about itself on the platform; claims: it writes anew, whatever stands there.
ALTER TABLE account ADD COLUMN mark TEXT;
ALTER TABLE account ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
