-- Who holds back VACUUM and every CREATE INDEX CONCURRENTLY, and for how long.

-- name: sessions
-- One row for each open transaction of another session, autovacuum's and this run's own left out.
SELECT a.pid, a.usename::text AS "user", a.application_name AS application, a.datname::text AS database,
       coalesce(a.datname = current_database(), true) AS here, coalesce(a.state, a.backend_type) AS state,
       greatest(0, extract(epoch FROM clock_timestamp() - a.xact_start))::int8 AS age_s,
       age(a.backend_xmin)::int8 AS xids
FROM pg_stat_activity a
WHERE a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
  AND NOT (a.usename = session_user AND a.application_name LIKE 'shisa/%'
           AND split_part(a.application_name, '/', 2) = split_part(current_setting('application_name'), '/', 2));

-- name: horizons
-- One row for each slot, standby and prepared transaction that keeps old row versions alive, and how many transactions it
-- is behind.
SELECT 'replication slot' AS kind, s.slot_name::text AS name,
       greatest(age(s.xmin), age(s.catalog_xmin))::int8 AS xids
FROM pg_replication_slots s
WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
UNION ALL
SELECT 'standby', r.application_name, age(r.backend_xmin)::int8
FROM pg_stat_replication r
WHERE r.backend_xmin IS NOT NULL
UNION ALL
SELECT 'prepared transaction', p.gid, age(p.transaction)::int8
FROM pg_prepared_xacts p
WHERE p.database = current_database();
