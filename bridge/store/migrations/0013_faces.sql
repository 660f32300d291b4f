-- The pictures of people, as the bridge has them: `source` tells which one it is, without its address.
CREATE TABLE face (
    number INTEGER PRIMARY KEY,
    person INTEGER NOT NULL UNIQUE,
    source TEXT NOT NULL,
    name TEXT,                      -- of the file in the directory of files; NULL where it could not be had
    about BLOB,                     -- what the file is
    at INTEGER NOT NULL             -- when it was last looked for
);
