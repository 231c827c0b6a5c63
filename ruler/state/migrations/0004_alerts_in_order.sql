-- Alerts in the order in which they came. A sender repeats its alerts in the same order, a hundred at a time: what is
-- written together is then on the same pages. By fingerprint each of them was on a page of its own.
CREATE TABLE alert_in_order (
  id            INTEGER PRIMARY KEY,
  fingerprint   INTEGER NOT NULL UNIQUE,  -- FNV-1a of the labels, as a signed number
  labels        BLOB    NOT NULL,
  annotations   BLOB    NOT NULL,
  starts_at     INTEGER NOT NULL,
  ends_at       INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  generator_url TEXT    NOT NULL,
  timed_out     INTEGER NOT NULL CHECK (timed_out IN (0, 1))  -- ends_at comes from resolve_timeout
) STRICT;
INSERT INTO alert_in_order (fingerprint, labels, annotations, starts_at, ends_at, updated_at, generator_url, timed_out)
  SELECT fingerprint, labels, annotations, starts_at, ends_at, updated_at, generator_url, timed_out FROM alert;
DROP TABLE alert;
ALTER TABLE alert_in_order RENAME TO alert;
