-- How many of the first rows of a room that no link named any more may have been under way when the bridge died: an
-- orderly end makes that no less true, and nobody has tried them since.
ALTER TABLE room ADD COLUMN suspects INTEGER NOT NULL DEFAULT 0;
