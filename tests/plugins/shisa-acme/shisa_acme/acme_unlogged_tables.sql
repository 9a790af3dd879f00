-- Unlogged tables, with what they hold: gone after a crash of the server, and never on a standby.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
       greatest(c.reltuples, 0)::int8 AS estimated_rows
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'u'
 ORDER BY 1
