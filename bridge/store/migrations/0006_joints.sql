-- What stands in one message that shows several, for as long as it may be given other words. message 0: how late it was.
CREATE TABLE joint (
    number INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    native TEXT NOT NULL,
    message INTEGER NOT NULL,
    words BLOB NOT NULL,
    until INTEGER NOT NULL
);
CREATE INDEX joint_native ON joint (room, native);
CREATE INDEX joint_message ON joint (message);
CREATE INDEX joint_until ON joint (until);
