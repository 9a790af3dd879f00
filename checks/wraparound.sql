-- How many transactions and multixacts ago each database, and each of the oldest tables of this one, was frozen as a whole;
-- when autovacuum should have done so.
SELECT 'database' AS kind, d.datname::text AS object, age(d.datfrozenxid)::int8 AS xids,
       mxid_age(d.datminmxid)::int8 AS multixacts,
       current_setting('autovacuum_freeze_max_age')::int8 AS due_xids,
       current_setting('autovacuum_multixact_freeze_max_age')::int8 AS due_multixacts
FROM pg_database d
UNION ALL
(SELECT 'table', format('%I.%I', n.nspname, c.relname),
        greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0))::int8,
        greatest(mxid_age(c.relminmxid), coalesce(mxid_age(t.relminmxid), 0))::int8,
        current_setting('autovacuum_freeze_max_age')::int8, current_setting('autovacuum_multixact_freeze_max_age')::int8
 FROM pg_class c
 JOIN pg_namespace n ON n.oid = c.relnamespace
 LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
 ORDER BY greatest(age(c.relfrozenxid), age(t.relfrozenxid), mxid_age(c.relminmxid), mxid_age(t.relminmxid)) DESC, 2
 LIMIT 20);
