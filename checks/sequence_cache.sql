-- One row a sequence: how many numbers a session takes at once.
SELECT n.nspname::text AS schema, format('%I.%I', n.nspname, c.relname) AS object, s.seqcache AS cache
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't'
ORDER BY object
