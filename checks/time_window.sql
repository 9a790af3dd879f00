-- The server's clock in a time zone. In psql: \set zone Asia/Tokyo
SELECT to_char(now() AT TIME ZONE :'zone', 'YYYY-MM-DD') AS day,
       (extract(hour FROM now() AT TIME ZONE :'zone') * 60 + extract(minute FROM now() AT TIME ZONE :'zone'))::int AS minute,
       (SELECT count(*) FROM pg_timezone_names z WHERE z.name = :'zone') > 0 AS known;
