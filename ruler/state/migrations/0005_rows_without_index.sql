-- The rows of alerts and of the notification log are found by their ids, which the program keeps in memory. An index over
-- fingerprints or group keys, which are in no order, had all of its pages written again by each transaction of a burst.
CREATE TABLE alert_by_id (
  id            INTEGER PRIMARY KEY,  -- in the order in which they came
  fingerprint   INTEGER NOT NULL,     -- FNV-1a of the labels, as a signed number; of one row
  labels        BLOB    NOT NULL,
  annotations   BLOB    NOT NULL,
  starts_at     INTEGER NOT NULL,
  ends_at       INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  generator_url TEXT    NOT NULL,
  timed_out     INTEGER NOT NULL CHECK (timed_out IN (0, 1))  -- ends_at comes from resolve_timeout
) STRICT;
INSERT INTO alert_by_id SELECT * FROM alert;
DROP TABLE alert;
ALTER TABLE alert_by_id RENAME TO alert;

CREATE TABLE notification_by_id (
  id          INTEGER PRIMARY KEY,
  group_key   TEXT    NOT NULL,  -- with receiver, integration and position: of one row
  receiver    TEXT    NOT NULL,
  integration TEXT    NOT NULL,
  position    INTEGER NOT NULL,  -- which of that integration's configurations in the receiver
  sent_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  firing      BLOB    NOT NULL,  -- alert hashes, 8 bytes little-endian each, ascending
  resolved    BLOB    NOT NULL,
  owed        BLOB    NOT NULL
) STRICT;
INSERT INTO notification_by_id
  SELECT id, group_key, receiver, integration, position, sent_at, expires_at, firing, resolved, owed FROM notification;
CREATE TABLE notification_data_by_id (
  notification INTEGER NOT NULL REFERENCES notification_by_id (id) ON DELETE CASCADE,
  name         TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  PRIMARY KEY (notification, name)
) STRICT, WITHOUT ROWID;
INSERT INTO notification_data_by_id SELECT * FROM notification_data;
-- The data first: with the rows that it belongs to, it would go.
DROP TABLE notification_data;
DROP TABLE notification;
ALTER TABLE notification_by_id RENAME TO notification;
ALTER TABLE notification_data_by_id RENAME TO notification_data;
