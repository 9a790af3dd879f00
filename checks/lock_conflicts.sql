-- Locks of others on the tables of a step. In psql: \set relations '[16384, 16385]'

-- name: behind
-- The tables that are locked along with these. What is dropped takes an index's table, a partition's parent and both sides
-- of every foreign key; otherwise these are the keys that one of the names (of columns, constraints) belongs to.
-- In psql: \set dropped true and \set names '[]'
WITH asked AS (
    SELECT w.relation::oid AS relation FROM json_array_elements_text(:'relations'::json) AS w (relation)
), behind AS (
    SELECT x.indrelid AS relation, 'whose index %s is' AS why, a.relation AS because
    FROM asked a JOIN pg_index x ON x.indexrelid = a.relation
    WHERE :dropped
    UNION
    SELECT i.inhparent, 'whose partition %s is', c.oid
    FROM asked a JOIN pg_class c ON c.oid = a.relation AND c.relispartition JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE :dropped
    UNION
    SELECT o.relation, 'which a foreign key ties to %s', a.relation
    FROM asked a
    JOIN pg_constraint k ON k.contype = 'f' AND a.relation IN (k.conrelid, k.confrelid)
    CROSS JOIN LATERAL (VALUES (k.conrelid), (k.confrelid)) AS o (relation)
    WHERE :dropped OR EXISTS (
        SELECT FROM json_array_elements_text(:'names'::json) AS w (name)
        WHERE w.name IN (k.conname, (SELECT c.relname FROM pg_class c WHERE c.oid = k.conindid))
           OR w.name IN (SELECT t.attname FROM pg_attribute t
                         WHERE (t.attrelid = k.conrelid AND t.attnum = ANY (k.conkey) AND a.relation = k.conrelid)
                            OR (t.attrelid = k.confrelid AND t.attnum = ANY (k.confkey) AND a.relation = k.confrelid)))
)
SELECT b.relation::int8 AS relation, format('%I.%I', n.nspname, c.relname) AS object,
       min(format(b.why, format('%I.%I', bn.nspname, bc.relname))) AS why
FROM behind b
JOIN pg_class c ON c.oid = b.relation JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class bc ON bc.oid = b.because JOIN pg_namespace bn ON bn.oid = bc.relnamespace
WHERE b.relation NOT IN (SELECT relation FROM asked)
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
SELECT o.on_behalf::int8 AS relation, l.mode, l.granted, l.pid, a.usename::text AS "user",
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
