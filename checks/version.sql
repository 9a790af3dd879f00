-- The server's version, as a number (160004) and as it writes it.
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text;
