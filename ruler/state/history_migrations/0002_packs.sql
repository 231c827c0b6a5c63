-- Rows take SQLite thousands of instructions each, however small they are. Label sets and events that are written together stand
-- together (docs/format/history.md): what came before stays in its rows, and goes with the retention.
CREATE TABLE label_pack (
  id       INTEGER PRIMARY KEY,  -- label_set.id, as events have it, of its first; the others follow
  sets     INTEGER NOT NULL,     -- how many
  last_day INTEGER NOT NULL,     -- of the last use of any of them, in days since the Unix epoch
  labels   BLOB    NOT NULL      -- a checksum, then each set behind its length
) STRICT;

CREATE TABLE event_pack (
  id      INTEGER PRIMARY KEY,  -- event.id of its first
  last_id INTEGER NOT NULL,     -- and of its last
  events  INTEGER NOT NULL,     -- how many
  packed  BLOB    NOT NULL      -- a checksum, then the events in the order of their ids
) STRICT;
