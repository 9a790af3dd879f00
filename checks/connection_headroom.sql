-- Connections in use, and how many there may be: of the server, of this database and of this role.
SELECT 'server' AS scope, '' AS name,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
       current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
           - coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int8 AS most
UNION ALL
SELECT 'database', d.datname::text,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend'),
       d.datconnlimit::int8
FROM pg_database d WHERE d.datname = current_database() AND d.datconnlimit >= 0
UNION ALL
SELECT 'role', r.rolname::text,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid AND a.backend_type = 'client backend'),
       r.rolconnlimit::int8
FROM pg_roles r WHERE r.rolname = session_user AND r.rolconnlimit >= 0;
