-- One row for each session that has a transaction open and does nothing in it; this run's own left out.
SELECT a.pid, a.usename::text AS "user", a.application_name AS application,
       coalesce(a.datname = current_database(), true) AS here, a.state,
       greatest(0, extract(epoch FROM clock_timestamp() - a.state_change))::int8 AS age_s,
       coalesce(l.locks, 0) AS locks
FROM pg_stat_activity a
LEFT JOIN (SELECT pid, count(*) AS locks FROM pg_locks WHERE locktype = 'relation' AND granted GROUP BY pid) AS l
    ON l.pid = a.pid
WHERE a.state LIKE 'idle in transaction%' AND a.pid <> pg_backend_pid()
  AND NOT (a.usename = session_user AND a.application_name LIKE 'shisa/%'
           AND split_part(a.application_name, '/', 2) = split_part(current_setting('application_name'), '/', 2));
