-- Whether anybody writes to these tables: the counters before and after a pause, and locks of writers.
-- In psql: \set relations '[16384]' and \set ms 5000

-- name: server
-- Counters are kept by the server that is written to, and only with track_counts on.
SELECT pg_is_in_recovery() AS standby, current_setting('track_counts')::bool AS counting;

-- name: counters
-- One row a table. The snapshot of statistics is thrown away first; TRUNCATE gives a table another file.
SELECT w.relation::int8 AS relation,
       pg_stat_get_tuples_inserted(w.relation::oid) + pg_stat_get_tuples_updated(w.relation::oid)
           + pg_stat_get_tuples_deleted(w.relation::oid) AS written,
       coalesce(pg_relation_filenode(w.relation::oid), 0)::int8 AS file,
       (SELECT count(DISTINCT l.virtualtransaction) FROM pg_locks l
        WHERE l.relation = w.relation::oid AND l.locktype = 'relation' AND l.granted
          AND l.mode IN ('RowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
          AND l.pid IS DISTINCT FROM pg_backend_pid()) AS writers
FROM (SELECT pg_stat_clear_snapshot()) AS fresh
CROSS JOIN LATERAL json_array_elements_text(:'relations'::json) AS w (relation);

-- name: pause
SELECT pg_sleep(:ms / 1000.0)::text AS slept;
