-- What a live table is: its name as PostgreSQL prints it, its columns, and the columns and operators of its key.
-- The key is the primary key, else a unique index without NULLs, condition or expression that is checked at once.
SELECT format('%I.%I', n.nspname, c.relname) AS table,
       c.relkind::text AS kind,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              ORDER BY a.attnum) AS columns,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''
              ORDER BY a.attnum) AS generated,
       COALESCE((
           SELECT json_agg(k.one ORDER BY k.at)
           FROM (SELECT i.* FROM pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL
                    AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) AS at (n)
                                      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[at.n]
                                     WHERE NOT a.attnotnull)
                  ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1) AS i
           CROSS JOIN LATERAL (
               SELECT at.n AS at, json_build_array(a.attname, s.nspname, o.oprname) AS one
               FROM generate_series(0, i.indnkeyatts - 1) AS at (n)
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[at.n]
               JOIN pg_opclass p ON p.oid = i.indclass[at.n]
               LEFT JOIN pg_amop m ON m.amopfamily = p.opcfamily AND m.amopstrategy = 3
                    AND m.amoplefttype = p.opcintype AND m.amoprighttype = p.opcintype
                    AND m.amopmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
               LEFT JOIN pg_operator o ON o.oid = m.amopopr
               LEFT JOIN pg_namespace s ON s.oid = o.oprnamespace
           ) AS k), '[]') AS key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :'schema' AND c.relname = :'name'
