-- What happened to alerts, notifications and silences. Times are milliseconds since the Unix epoch. Fields that a kind of
-- event does not have are NULL.

-- Label sets are stored once. Encoding as in state.db.
CREATE TABLE label_set (
  id       INTEGER PRIMARY KEY,  -- in the order in which they came: those of a burst are on a few pages
  labels   BLOB    NOT NULL,
  last_day INTEGER NOT NULL      -- of its last use, in days since the Unix epoch
) STRICT;

CREATE TABLE event (
  id          INTEGER PRIMARY KEY,  -- its time × 2^20 + a number, so that its order is that of time
  kind        INTEGER NOT NULL,     -- state/history.hpp, HistoryKind
  labels      INTEGER,              -- label_set.id: the alert's; a silence's equality matchers
  annotations BLOB,                 -- encoded as label sets are
  starts_at   INTEGER,
  ends_at     INTEGER,
  group_key   TEXT,
  receiver    TEXT,
  integration TEXT,
  position    INTEGER,  -- which of that integration's configurations in the receiver
  reason      TEXT,
  text        TEXT,
  subject     TEXT,     -- id of a silence
  author      TEXT,
  comment     TEXT,
  attempts    INTEGER,
  duration    INTEGER,  -- milliseconds
  alerts      BLOB,     -- of a notification, at most 500: label_set.id (8 bytes little-endian), 1 if resolved else 0
  firing      INTEGER,  -- how many alerts of the notification fire
  resolved    INTEGER   -- and how many are resolved
) STRICT;
