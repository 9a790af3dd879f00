-- Whether the server takes writes, and whether sessions begin read-only.
SELECT current_database()::text AS database, pg_is_in_recovery() AS standby,
       (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only') AS read_only,
       (SELECT count(*) FROM pg_stat_wal_receiver) > 0 AS receiving,
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS paused;
