"""Makes a store look as earlier versions of the program left it."""

SCHEMA_2 = """
DROP TABLE subscription;
DROP TABLE command;
DROP TABLE announcement;
DROP TABLE course;
DROP TABLE recipient;
DROP TABLE spent;
DROP TABLE conversation;
DROP TABLE correspondent;
ALTER TABLE room DROP COLUMN private;
DROP TABLE joint;
DROP TABLE media;
DROP TABLE ghosted;
DROP TABLE forgotten;
DROP TABLE epoch;
INSERT INTO meta (name, value) VALUES ('epoch', 'ancient');
ALTER TABLE account DROP COLUMN mark;
ALTER TABLE account DROP COLUMN claims;
PRAGMA user_version = 2;
"""
"""From the newest schema back to the one before each life had an epoch of its own."""
