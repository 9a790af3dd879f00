-- One row for each session that has a transaction open and does nothing in it; this run's own left out.
SELECT a.pid, a.usename::text AS "user", a.application_name AS application,
       coalesce(a.datname = current_database(), true) AS here, a.state,
       greatest(0, extract(epoch FROM clock_timestamp() - a.state_change))::int8 AS age_s,
       (SELECT count(*) FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted) AS locks
FROM pg_stat_activity a
WHERE a.state LIKE 'idle in transaction%' AND a.pid <> pg_backend_pid()
  AND NOT (a.usename = session_user AND a.application_name LIKE 'shisa/%'
           AND split_part(a.application_name, '/', 2) = split_part(current_setting('application_name'), '/', 2));
