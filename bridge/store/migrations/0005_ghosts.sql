-- What the ghosts of people put on the copy in one room: there each person's reactions are their own.
CREATE TABLE ghosted (
    message INTEGER NOT NULL,
    room INTEGER NOT NULL,
    person INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    native TEXT,
    PRIMARY KEY (message, room, person, emoji)
) WITHOUT ROWID;
