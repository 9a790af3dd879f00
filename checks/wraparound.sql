-- How many transactions and multixacts ago each database, and each table of this one, was frozen as a whole.
SELECT 'database' AS kind, d.datname::text AS object, age(d.datfrozenxid)::int8 AS xids,
       mxid_age(d.datminmxid)::int8 AS multixacts
FROM pg_database d
UNION ALL
(SELECT 'table', format('%I.%I', n.nspname, c.relname),
        greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0))::int8,
        greatest(mxid_age(c.relminmxid), coalesce(mxid_age(t.relminmxid), 0))::int8
 FROM pg_class c
 JOIN pg_namespace n ON n.oid = c.relnamespace
 LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
 ORDER BY 3 DESC, 2
 LIMIT 20);
