-- Alerts that were told as firing and not told as resolved since: a resolve is owed to that integration, whatever mutes
-- the alert meanwhile. Entries of before begin with what they said last.
ALTER TABLE notification ADD COLUMN owed BLOB NOT NULL DEFAULT x'';  -- alert hashes as in `firing`
UPDATE notification SET owed = firing;
