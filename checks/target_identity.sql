-- What the server and the database say of themselves. The marker is read from the catalogue, where
-- ALTER DATABASE … SET shisa.environment = 'production' leaves it: a session cannot pretend it.
SELECT s.system_identifier::text AS system_identifier, current_database()::text AS database,
       (SELECT substr(c.setting, length('shisa.environment=') + 1)
        FROM pg_db_role_setting r CROSS JOIN LATERAL unnest(r.setconfig) AS c (setting)
        WHERE r.setrole = 0 AND r.setdatabase = d.oid AND c.setting LIKE 'shisa.environment=%') AS environment,
       CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END AS role,
       CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
       host(inet_server_addr()) || ':' || inet_server_port() AS address
FROM pg_control_system() AS s, pg_database AS d
WHERE d.datname = current_database();
