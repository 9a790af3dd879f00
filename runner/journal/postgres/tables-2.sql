-- Format 2. What is too large for a line: baselines, and the rest of an evidence that has more than a line holds.
CREATE TABLE shisa.attachment (
  sha256  text COLLATE "C" PRIMARY KEY,
  content bytea NOT NULL CHECK (sha256 = encode(sha256(content), 'hex')),
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  role    name NOT NULL DEFAULT session_user
);
