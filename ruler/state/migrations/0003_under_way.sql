-- Notifications whose attempts have begun and of which the log cannot say yet whether they were delivered. After a crash
-- their firing alerts are owed a resolve.
CREATE TABLE under_way (
  batch       INTEGER NOT NULL,  -- written together, removed together
  number      INTEGER NOT NULL,  -- within the batch
  group_key   TEXT    NOT NULL,
  receiver    TEXT    NOT NULL,
  integration TEXT    NOT NULL,
  position    INTEGER NOT NULL,
  noted_at    INTEGER NOT NULL,
  firing      BLOB    NOT NULL,  -- alert hashes as in `notification`
  PRIMARY KEY (batch, number)
) STRICT, WITHOUT ROWID;
