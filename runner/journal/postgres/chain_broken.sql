SELECT min(seq) FROM (
  SELECT seq, hash, prev, row_number() OVER by_number AS due, lag(hash, 1, repeat('0', 64)) OVER by_number AS before,
         at < lag(at, 1, '') OVER by_number AS earlier,
         shisa.line_hash(seq, at, person, event, run, step, body, prev) AS own
  FROM shisa.journal WINDOW by_number AS (ORDER BY seq)
) line WHERE seq <> due OR prev <> before OR hash <> own OR earlier
