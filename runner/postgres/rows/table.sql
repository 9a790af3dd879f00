-- What else a live table is: the identity columns that take no value of their own, rules that rewrite a statement,
-- user triggers that fire (of each partition for itself), the sequences that its columns draw from by default, and
-- the tables that inherit from it (its partitions where it is partitioned).
SELECT c.oid::int8 AS oid,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attidentity = 'a' AND NOT a.attisdropped ORDER BY a.attnum) AS always,
       ARRAY(SELECT r.rulename::text FROM pg_rewrite r
              WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '3', '4') AND r.ev_enabled <> 'D'
              ORDER BY r.rulename) AS rules,
       COALESCE((SELECT json_agg(json_build_array(format('%I.%I', tn.nspname, tc.relname), t.tgname, t.tgenabled)
                                 ORDER BY t.tgrelid, t.tgname)
                   FROM pg_trigger t JOIN pg_class tc ON tc.oid = t.tgrelid
                   JOIN pg_namespace tn ON tn.oid = tc.relnamespace
                  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
                    AND (t.tgrelid = c.oid OR c.relkind = 'p' AND t.tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid)))
                ), '[]') AS triggers,
       COALESCE((SELECT json_agg(DISTINCT jsonb_build_array(sn.nspname, s.relname))
                   FROM pg_depend d JOIN pg_class s ON s.relkind = 'S'
                   JOIN pg_namespace sn ON sn.oid = s.relnamespace
                  WHERE (d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
                         AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = c.oid))
                     OR (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.objid = s.oid
                         AND d.deptype = 'i' AND d.refobjid = c.oid)), '[]') AS sequences,
       ARRAY(SELECT format('%I.%I', hn.nspname, hc.relname) FROM pg_inherits i JOIN pg_class hc ON hc.oid = i.inhrelid
               JOIN pg_namespace hn ON hn.oid = hc.relnamespace WHERE i.inhparent = c.oid ORDER BY 1) AS children
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :'schema' AND c.relname = :'name'
