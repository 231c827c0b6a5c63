-- Rows take SQLite thousands of instructions each, however small they are. Alerts, entries of the notification log and notes of
-- what is under way stand together in rows about as large as a page, each behind its size and a checksum
-- (docs/format/state.md). The tables of before are read once more by the program, which writes their rows here and drops them
-- (state/salvage.cpp).
CREATE TABLE alert_pack (
  id      INTEGER PRIMARY KEY,  -- in the order in which they came
  records BLOB    NOT NULL
) STRICT;

CREATE TABLE notification_pack (
  id      INTEGER PRIMARY KEY,
  records BLOB    NOT NULL
) STRICT;

CREATE TABLE under_way_pack (
  id      INTEGER PRIMARY KEY,  -- the batch: written together, removed together
  records BLOB    NOT NULL
) STRICT;
