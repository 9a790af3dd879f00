-- Whether anybody writes to these tables: the counters before and after a pause, and locks of writers.
-- In psql: \set relations '[16384]' and \set ms 5000

-- name: server
-- Counters are kept by the server that is written to, and only with track_counts on.
SELECT pg_is_in_recovery() AS standby, current_setting('track_counts')::bool AS counting;

-- name: counters
-- One row a table. The snapshot of statistics is thrown away first; TRUNCATE gives a table another file.
WITH writing AS MATERIALIZED (
    SELECT l.relation, count(DISTINCT l.virtualtransaction) AS writers
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.mode IN ('RowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    GROUP BY l.relation
)
SELECT w.relation::int8 AS relation,
       pg_stat_get_tuples_inserted(w.relation::oid) + pg_stat_get_tuples_updated(w.relation::oid)
           + pg_stat_get_tuples_deleted(w.relation::oid) AS written,
       coalesce(pg_relation_filenode(w.relation::oid), 0)::int8 AS file, coalesce(l.writers, 0) AS writers
FROM (SELECT pg_stat_clear_snapshot()) AS fresh
CROSS JOIN LATERAL json_array_elements_text(:'relations'::json) AS w (relation)
LEFT JOIN writing l ON l.relation = w.relation::oid;

-- name: pause
SELECT pg_sleep(:ms / 1000.0)::text AS slept;
