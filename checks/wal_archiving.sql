-- How archiving of WAL goes; how many segments wait for it, and for how long.
SELECT current_setting('archive_mode') AS mode,
       coalesce(nullif(current_setting('archive_library', true), ''),
                nullif(nullif(current_setting('archive_command'), ''), '(disabled)')) IS NOT NULL AS configured,
       pg_is_in_recovery() AS standby, s.archived_count AS archived, s.failed_count AS failed,
       coalesce(s.last_failed_time > coalesce(s.last_archived_time, '-infinity'), false) AS failing,
       s.last_archived_wal::text AS last_archived, s.last_failed_wal::text AS last_failed,
       extract(epoch FROM clock_timestamp() - s.last_archived_time)::int8 AS archived_age_s,
       extract(epoch FROM clock_timestamp() - s.last_failed_time)::int8 AS failed_age_s,
       w.waiting, w.oldest_s
FROM pg_stat_archiver s
CROSS JOIN (SELECT count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(modification))::int8 AS oldest_s
            FROM pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}\.ready$') AS w;
