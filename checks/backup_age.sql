-- How old a backup is by the server's clock: by the file's date, and by the dumper's own local time in a zone, or where
-- no zone is known in the first and the last time zone of the world (UTC+14 and UTC-12).
-- In psql: \set modified 1790000000, \set created '2026-09-21 03:00:00', \set zone '' (unknown) or Asia/Tokyo
SELECT current_database()::text AS database,
       extract(epoch FROM now() - to_timestamp(:modified))::int8 AS file_age_s,
       extract(epoch FROM now() - CASE :'zone' WHEN '' THEN :'created'::timestamp AT TIME ZONE interval '14:00'
                                  ELSE :'created'::timestamp AT TIME ZONE coalesce(nullif(:'zone', ''), 'UTC') END)::int8
           AS at_most_s,
       extract(epoch FROM now() - CASE :'zone' WHEN '' THEN :'created'::timestamp AT TIME ZONE interval '-12:00'
                                  ELSE :'created'::timestamp AT TIME ZONE coalesce(nullif(:'zone', ''), 'UTC') END)::int8
           AS at_least_s;
