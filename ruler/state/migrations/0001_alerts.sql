-- What a page depends on: alerts of rules with their exact state, alerts of the hub, the notification log, silences.
-- Times are milliseconds since the Unix epoch, 0 is "not set". Label sets are model::Labels' encoding: for each label its name,
-- then its value, each behind its length (one byte, or 0xFF and three bytes little-endian from 255 on), sorted by name.

CREATE TABLE rule_alert (
  rule_key          TEXT    NOT NULL,
  labels            BLOB    NOT NULL,
  annotations       BLOB    NOT NULL,
  state             INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),  -- pending, firing, inactive
  value_bits        INTEGER NOT NULL,  -- the IEEE 754 bits: a REAL cannot hold NaN
  active_at         INTEGER NOT NULL,
  fired_at          INTEGER NOT NULL,
  resolved_at       INTEGER NOT NULL,
  last_sent_at      INTEGER NOT NULL,
  valid_until       INTEGER NOT NULL,
  keep_firing_since INTEGER NOT NULL,
  PRIMARY KEY (rule_key, labels)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
  fingerprint   INTEGER PRIMARY KEY,  -- FNV-1a of the labels, as a signed number
  labels        BLOB    NOT NULL,
  annotations   BLOB    NOT NULL,
  starts_at     INTEGER NOT NULL,
  ends_at       INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  generator_url TEXT    NOT NULL,
  timed_out     INTEGER NOT NULL CHECK (timed_out IN (0, 1))  -- ends_at comes from resolve_timeout
) STRICT;

CREATE TABLE notification (
  id          INTEGER PRIMARY KEY,
  group_key   TEXT    NOT NULL,
  receiver    TEXT    NOT NULL,
  integration TEXT    NOT NULL,
  position    INTEGER NOT NULL,  -- which of that integration's configurations in the receiver
  sent_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  firing      BLOB    NOT NULL,  -- alert hashes, 8 bytes little-endian each, ascending
  resolved    BLOB    NOT NULL,
  UNIQUE (group_key, receiver, integration, position)
) STRICT;
CREATE INDEX notification_expiry ON notification (expires_at);

-- What an integration remembers between notifications, such as the ts of a Slack message.
CREATE TABLE notification_data (
  notification INTEGER NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
  name         TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  PRIMARY KEY (notification, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE silence (
  id      TEXT    PRIMARY KEY,
  json    TEXT    NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
