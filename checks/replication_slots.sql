-- One row for each replication slot. Columns that came later (15 to 17) are read by name from the row. "copied": a standby
-- keeps it in step with its primary's. "left_bytes": WAL that may still be written before it is lost, where that is bounded.
SELECT s.slot_name::text AS name, s.slot_type AS type, s.active, s.temporary, s.wal_status AS status,
       coalesce(to_jsonb(s) ->> 'invalidation_reason',
                CASE WHEN (to_jsonb(s) ->> 'conflicting')::bool THEN 'conflicting' END) AS invalidated,
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                       s.restart_lsn)::int8 AS kept_bytes,
       s.safe_wal_size AS left_bytes, pg_is_in_recovery() AND coalesce((to_jsonb(s) ->> 'synced')::bool, false) AS copied,
       extract(epoch FROM clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz)::int8 AS inactive_s
FROM pg_replication_slots s;
