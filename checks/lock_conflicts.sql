-- One row for each lock that others hold or wait for on these relations, their indexes included.
-- In psql: \set relations '[16384, 16385]'
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
