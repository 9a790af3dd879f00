-- One row for each role, application and address that is connected to this database; this run's own left out.
SELECT coalesce(a.usename::text, '') AS "user", a.application_name AS application,
       coalesce(host(a.client_addr), 'local') AS address, count(*) AS sessions,
       count(*) FILTER (WHERE a.state = 'active') AS active, min(a.pid) AS pid
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
  AND NOT (a.usename = session_user AND a.application_name LIKE 'shisa/%'
           AND split_part(a.application_name, '/', 2) = split_part(current_setting('application_name'), '/', 2))
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
