-- The foreign keys that point at these tables: who points, with which columns, what a change there would do.
SELECT format('%I.%I', n.nspname, c.relname) AS table,
       k.conrelid::int8 AS from_oid,
       k.confrelid::int8 AS to_oid,
       k.confdeltype::text AS on_delete,
       k.confupdtype::text AS on_update,
       c.relkind = 'p' AS partitioned,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (num, at)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.at) AS columns,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (num, at)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.at) AS referenced,
       ARRAY(SELECT format('OPERATOR(%I.%s)', o.nspname, p.oprname) FROM unnest(k.conpfeqop) WITH ORDINALITY AS u (op, at)
               JOIN pg_operator p ON p.oid = u.op JOIN pg_namespace o ON o.oid = p.oprnamespace ORDER BY u.at) AS operators
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND k.confrelid IN (SELECT value::text::oid FROM json_array_elements(:'oids'::json))
 ORDER BY 1, k.oid
