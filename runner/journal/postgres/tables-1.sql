-- Format 1. Runs as shisa_owner. What people may read is granted in grants.sql; nobody but the owner may write.
CREATE TABLE shisa.version (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  format  integer NOT NULL
);
INSERT INTO shisa.version (format) VALUES (1);

-- The journal's last line. Whoever appends locks it first, so appends and what they judge come one after another.
CREATE TABLE shisa.head (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq  bigint NOT NULL,
  hash text NOT NULL,
  at   text COLLATE "C" NOT NULL
);
INSERT INTO shisa.head (seq, hash, at) VALUES (0, repeat('0', 64), '');

-- Text and not jsonb: the bytes that were hashed must come out again.
CREATE TABLE shisa.journal (
  seq    bigint PRIMARY KEY CHECK (seq > 0),
  at     text COLLATE "C" NOT NULL CHECK (at ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$'),
  person text COLLATE "C" NOT NULL,
  event  text COLLATE "C" NOT NULL,
  run    text COLLATE "C" NOT NULL,
  step   text COLLATE "C",
  body   text COLLATE "C" NOT NULL,
  prev   text COLLATE "C" NOT NULL CHECK (length(prev) = 64),
  hash   text COLLATE "C" NOT NULL CHECK (length(hash) = 64),
  token  uuid UNIQUE,                           -- lets a client whose connection broke ask again: one line, not two
  role   name NOT NULL DEFAULT session_user,    -- beside the hash: who wrote, as PostgreSQL knows it
  client inet DEFAULT inet_client_addr()
);
CREATE INDEX journal_run ON shisa.journal (run, seq);

CREATE TABLE shisa.person (
  name  text COLLATE "C" PRIMARY KEY,
  role  name NOT NULL UNIQUE,
  teams text[] NOT NULL
);

CREATE TABLE shisa.policy (
  name         text COLLATE "C" PRIMARY KEY,
  need         jsonb NOT NULL CHECK (jsonb_typeof(need) = 'object' AND need <> '{}' AND NOT need @? '$.* ? (@ < 1)'),
  waive        jsonb NOT NULL CHECK (jsonb_typeof(waive) = 'object' AND NOT waive @? '$.* ? (@ < 1)'),
  break_glass  text[] NOT NULL,
  request_ttl  interval NOT NULL CHECK (request_ttl > '0'),
  approval_ttl interval NOT NULL CHECK (approval_ttl > '0'),
  window_max   interval CHECK (window_max > '0'),
  retries      integer NOT NULL CHECK (retries >= 0)
);

CREATE TABLE shisa.target (
  fingerprint text COLLATE "C" PRIMARY KEY,
  names       text[] NOT NULL,
  environment text,
  policy      text COLLATE "C" REFERENCES shisa.policy
);

-- What `shisa journal sync` loaded last.
CREATE TABLE shisa.rules (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  digest  text NOT NULL,
  content text NOT NULL,
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  role    name NOT NULL DEFAULT session_user
);

-- Which of the two roles may write an event.
CREATE TABLE shisa.writer (
  event text COLLATE "C",
  role  name CHECK (role IN ('shisa_operator', 'shisa_reviewer')),
  PRIMARY KEY (event, role)
);
