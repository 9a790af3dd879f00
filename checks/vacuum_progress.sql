-- One row for each VACUUM that is at work in this database.
SELECT p.relid::int8 AS relation, coalesce(t.oid, p.relid)::int8 AS on_behalf,
       coalesce(format('%I.%I', n.nspname, c.relname), p.relid::text) AS object, p.pid, p.phase,
       CASE WHEN p.heap_blks_total > 0 THEN p.heap_blks_scanned * 100 / p.heap_blks_total ELSE 0 END::int8 AS percent,
       a.backend_type = 'autovacuum worker' AS automatic,
       coalesce(a.query LIKE 'autovacuum:%to prevent wraparound)', false) AS wraparound,
       greatest(0, extract(epoch FROM clock_timestamp() - a.xact_start))::int8 AS age_s
FROM pg_stat_progress_vacuum p
JOIN pg_stat_activity a ON a.pid = p.pid
LEFT JOIN pg_class t ON t.reltoastrelid = p.relid
LEFT JOIN pg_class c ON c.oid = coalesce(t.oid, p.relid)
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.datname = current_database();
