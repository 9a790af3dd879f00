-- One row for each installed extension, with the version that the server's files would install now; "there": whether
-- the server has its files at all.
SELECT quote_ident(e.extname) AS object, e.extversion::text AS installed, a.name IS NOT NULL AS there,
       a.default_version::text AS available
FROM pg_extension e
LEFT JOIN pg_available_extensions a ON a.name = e.extname
ORDER BY object
