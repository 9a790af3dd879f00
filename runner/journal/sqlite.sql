-- The journal on one machine: append-only by triggers, typed by CHECKs (STRICT needs SQLite 3.37), chained by hash.
CREATE TABLE journal (
  seq    INTEGER PRIMARY KEY CHECK (seq > 0),
  at     TEXT NOT NULL CHECK (typeof(at) = 'text' AND length(at) = 27),
  person TEXT NOT NULL CHECK (typeof(person) = 'text'),
  event  TEXT NOT NULL CHECK (typeof(event) = 'text'),
  run    TEXT NOT NULL CHECK (typeof(run) = 'text'),
  step   TEXT          CHECK (typeof(step) IN ('text', 'null')),
  body   TEXT NOT NULL CHECK (typeof(body) = 'text'),
  prev   TEXT NOT NULL CHECK (typeof(prev) = 'text' AND length(prev) = 64),
  hash   TEXT NOT NULL CHECK (typeof(hash) = 'text' AND length(hash) = 64)
);
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_chain BEFORE INSERT ON journal
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
  OR NEW.prev <> coalesce((SELECT hash FROM journal ORDER BY seq DESC LIMIT 1),
                          '0000000000000000000000000000000000000000000000000000000000000000')
BEGIN SELECT RAISE(ABORT, 'journal chain broken'); END;
PRAGMA application_id = 1936225121; -- 'shsa'
PRAGMA user_version = 1;
