-- Messages of people who asked to be forgotten, whose copies are being taken back: then what relates to them goes too.
CREATE TABLE forgotten (
    message INTEGER PRIMARY KEY
);
