-- One row for each child's column whose direct parent's column is an identity.
SELECT cn.nspname::text AS schema, format('%I.%I.%I', cn.nspname, c.relname, ca.attname) AS object,
       format('%I.%I.%I', pn.nspname, p.relname, pa.attname) AS parent, c.relispartition AS partition,
       ca.attidentity <> '' AS identity, ca.atthasdef AS has_default, ca.attnotnull AS required,
       (SELECT format('%I.%I', sn.nspname, s.relname)
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_namespace sn ON sn.oid = s.relnamespace
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
          AND d.refobjid = c.oid AND d.refobjsubid = ca.attnum LIMIT 1) AS sequence
FROM pg_attribute pa
JOIN pg_class p ON p.oid = pa.attrelid
JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_inherits i ON i.inhparent = p.oid
JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_attribute ca ON ca.attrelid = c.oid AND ca.attname = pa.attname AND NOT ca.attisdropped
WHERE pa.attidentity <> '' AND NOT pa.attisdropped
ORDER BY object
