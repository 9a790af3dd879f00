-- One row for each column that draws from a sequence by its default or identity. Partitions count as the partitioned
-- table they belong to; tables that inherit count for themselves, for each of them holds its own keys.
WITH drawn AS (
    SELECT d.refobjid AS sequence, a.adrelid AS relation, a.adnum AS attnum, 'default' AS via
    FROM pg_depend d
    JOIN pg_attrdef a ON a.oid = d.objid
    JOIN pg_sequence s ON s.seqrelid = d.refobjid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT d.objid, d.refobjid, d.refobjsubid, 'identity'
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype = 'i'
)
SELECT DISTINCT sn.nspname::text AS schema, format('%I.%I', sn.nspname, s.relname) AS object,
       tn.nspname::text AS table_schema, format('%I.%I', tn.nspname, t.relname) AS "table",
       quote_ident(a.attname) AS "column", d.via
FROM drawn d
JOIN pg_class s ON s.oid = d.sequence
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class r ON r.oid = d.relation
JOIN pg_attribute a ON a.attrelid = d.relation AND a.attnum = d.attnum
JOIN pg_class t ON t.oid = CASE WHEN r.relispartition THEN pg_partition_root(r.oid)::oid ELSE r.oid END
JOIN pg_namespace tn ON tn.oid = t.relnamespace
ORDER BY object, "table", "column"
