-- Locks of others on the tables of a step. In psql: \set relations '[16384, 16385]'

-- name: behind
-- The tables that are locked along with these, with the lock where it is another one. What is dropped takes an index's
-- table, a partition's parent and the default partition beside it, both sides of every foreign key, and what reads it;
-- TRUNCATE … CASCADE (empties) takes what refers to it; a partition that comes or goes (joins) what its keys refer to and
-- the default partition; REINDEX (rebuilds) an index's table. Otherwise it is the keys that one of the names (of columns,
-- constraints) belongs to.
-- In psql: \set drops true, \set empties false, \set joins false, \set rebuilds false and \set names '[]'
WITH RECURSIVE asked AS (
    SELECT w.relation::oid AS relation FROM json_array_elements_text(:'relations'::json) AS w (relation)
), referring AS (
    SELECT k.conrelid AS relation, k.confrelid AS because
    FROM asked a JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = a.relation WHERE :empties
    UNION
    SELECT next.relation, r.relation
    FROM referring r CROSS JOIN LATERAL (
        SELECT k.conrelid AS relation FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = r.relation
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.relation) AS next
), reading AS (
    SELECT a.relation, a.relation AS because FROM asked a WHERE :drops
    UNION
    SELECT w.ev_class, r.relation
    FROM reading r
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.relation
                        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> r.relation
), behind AS (
    SELECT x.indrelid AS relation, 'whose index %s is' AS why, a.relation AS because,
           CASE WHEN NOT :drops THEN 'ShareLock' END AS lock
    FROM asked a JOIN pg_index x ON x.indexrelid = a.relation
    WHERE :drops OR :rebuilds
    UNION
    SELECT i.inhparent, 'whose partition %s is', c.oid, NULL
    FROM asked a JOIN pg_class c ON c.oid = a.relation AND c.relispartition JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE :drops
    UNION
    SELECT p.partdefid, 'the default partition of %s', p.partrelid, 'AccessExclusiveLock'
    FROM asked a
    LEFT JOIN pg_inherits i ON i.inhrelid = a.relation
    JOIN pg_partitioned_table p ON p.partrelid IN (a.relation, i.inhparent) AND p.partdefid <> 0
    WHERE (:joins AND p.partrelid = a.relation) OR (:drops AND p.partrelid = i.inhparent)
    UNION
    SELECT r.relation, 'which is emptied with %s', r.because, NULL FROM referring r
    UNION
    SELECT r.relation, 'which reads %s', r.because, NULL FROM reading r
    UNION
    SELECT o.relation, 'which a foreign key ties to %s', a.relation,
           CASE WHEN NOT (:drops OR n.named) THEN 'ShareRowExclusiveLock' END
    FROM asked a
    JOIN pg_constraint k ON k.contype = 'f' AND a.relation IN (k.conrelid, k.confrelid)
                            AND (k.conparentid = 0 OR k.confrelid = a.relation)
    CROSS JOIN LATERAL (VALUES (k.conrelid), (k.confrelid)) AS o (relation)
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM json_array_elements_text(:'names'::json) AS w (name)
        WHERE w.name IN (k.conname, (SELECT c.relname FROM pg_class c WHERE c.oid = k.conindid))
           OR w.name IN (SELECT t.attname FROM pg_attribute t
                         WHERE (t.attrelid = k.conrelid AND t.attnum = ANY (k.conkey) AND a.relation = k.conrelid)
                            OR (t.attrelid = k.confrelid AND t.attnum = ANY (k.confkey) AND a.relation = k.confrelid)))
        AS named) AS n
    WHERE :drops OR :joins OR n.named
)
SELECT b.relation::int8 AS relation, format('%I.%I', n.nspname, c.relname) AS object,
       min(format(b.why, format('%I.%I', bn.nspname, bc.relname))) AS why,
       CASE WHEN count(*) = count(b.lock) THEN min(b.lock) END AS lock
FROM behind b
JOIN pg_class c ON c.oid = b.relation JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class bc ON bc.oid = b.because JOIN pg_namespace bn ON bn.oid = bc.relnamespace
WHERE b.relation NOT IN (SELECT relation FROM asked) OR b.lock = 'AccessExclusiveLock'
GROUP BY 1, 2;

-- name: locks
-- One row for each lock that others hold or wait for on these relations, their indexes included.
WITH looked_at AS (
    SELECT w.relation::oid AS relation, w.relation::oid AS on_behalf
    FROM json_array_elements_text(:'relations'::json) AS w (relation)
    UNION
    SELECT i.indexrelid, i.indrelid
    FROM json_array_elements_text(:'relations'::json) AS w (relation)
    JOIN pg_index i ON i.indrelid = w.relation::oid
)
SELECT o.on_behalf::int8 AS relation, EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = o.relation) AS index,
       l.mode, l.granted, l.pid, a.usename::text AS "user",
       coalesce(a.application_name, '') AS application, coalesce(a.state, a.backend_type, '') AS state,
       coalesce(a.backend_type = 'autovacuum worker', false) AS autovacuum,
       coalesce(a.query LIKE 'autovacuum:%to prevent wraparound)', false) AS wraparound, p.gid,
       greatest(0, extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)::int8 AS age_ms
FROM looked_at o
JOIN pg_locks l ON l.relation = o.relation AND l.locktype = 'relation'
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN (pg_locks own JOIN pg_prepared_xacts p ON own.locktype = 'transactionid' AND own.transactionid = p.transaction)
    ON l.pid IS NULL AND own.pid IS NULL AND own.virtualtransaction = l.virtualtransaction
WHERE l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND NOT coalesce(a.usename = session_user AND a.application_name LIKE 'shisa/%'
      AND split_part(a.application_name, '/', 2) = split_part(current_setting('application_name'), '/', 2), false);
