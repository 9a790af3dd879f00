-- How far the standbys are behind, or on a standby: how far it is behind itself.

-- name: server
-- How many standbys each commit waits for (synchronous_standby_names), and how many of these are there.
SELECT pg_is_in_recovery() AS standby,
       CASE WHEN current_setting('synchronous_standby_names') = ''
                 OR (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') IN ('off', 'local') THEN 0
            ELSE coalesce(substring(current_setting('synchronous_standby_names')
                                    FROM '^\s*(?:(?:[Ff][Ii][Rr][Ss][Tt]|[Aa][Nn][Yy])\s+)?(\d+)\s*\(')::int, 1)
            END AS waits_for,
       (SELECT count(*) FROM pg_stat_replication r
        WHERE r.sync_state IN ('sync', 'quorum') AND r.state = 'streaming')::int AS synchronous;

-- name: standbys
-- One row for each receiver of physical replication that is connected; its delay is NULL while nothing happens.
SELECT r.application_name AS name, host(r.client_addr) AS address, r.state, r.sync_state AS sync,
       pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::int8 AS behind_bytes,
       (extract(epoch FROM r.replay_lag) * 1000)::int8 AS delay_ms
FROM pg_stat_replication r
WHERE NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
  AND r.state <> 'backup';

-- name: own
-- The standby itself: what it received and has not replayed, and how old what it shows is.
SELECT current_database()::text AS name, NULL::text AS address,
       coalesce((SELECT w.status FROM pg_stat_wal_receiver w), 'not receiving') AS state,
       CASE WHEN pg_is_wal_replay_paused() THEN 'paused' ELSE 'replaying' END AS sync,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::int8 AS behind_bytes,
       CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int8 END AS delay_ms;
