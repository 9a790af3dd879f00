-- One row for each table, with the tables that it inherits from or is a partition of, in their order.
SELECT n.nspname::text AS schema, c.relname::text AS name,
       coalesce(array_agg(ARRAY[pn.nspname::text, p.relname::text] ORDER BY i.inhseqno)
                    FILTER (WHERE p.oid IS NOT NULL), '{}') AS parents
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class p ON p.oid = i.inhparent
LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
GROUP BY n.nspname, c.relname
