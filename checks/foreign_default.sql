-- One row for each column whose default draws from a sequence: whose sequence that is, and which one the column owns.
-- "related": the owner is a column of the same name in a table that this one inherits from.
WITH RECURSIVE owned AS MATERIALIZED (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
), above AS (
    SELECT inhrelid AS relation, inhparent AS ancestor FROM pg_inherits
    UNION
    SELECT a.relation, i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.ancestor
)
SELECT tn.nspname::text AS schema, format('%I.%I.%I', tn.nspname, t.relname, c.attname) AS object,
       format('%I.%I', sn.nspname, s.relname) AS draws_from,
       CASE WHEN o.sequence IS NOT NULL THEN format('%I.%I.%I', own.nspname, ot.relname, oc.attname) END AS owned_by,
       o.relation = t.oid AND o.attnum = c.attnum IS TRUE AS own,
       oc.attname = c.attname AND u.relation IS NOT NULL IS TRUE AS related,
       CASE WHEN x.oid IS NOT NULL THEN format('%I.%I', xn.nspname, x.relname) END AS idle
FROM pg_depend d
JOIN pg_attrdef a ON a.oid = d.objid
JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class t ON t.oid = a.adrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = a.adnum
LEFT JOIN owned o ON o.sequence = s.oid
LEFT JOIN pg_class ot ON ot.oid = o.relation
LEFT JOIN pg_namespace own ON own.oid = ot.relnamespace
LEFT JOIN pg_attribute oc ON oc.attrelid = o.relation AND oc.attnum = o.attnum
LEFT JOIN above u ON u.relation = t.oid AND u.ancestor = o.relation
LEFT JOIN owned mine ON mine.relation = t.oid AND mine.attnum = c.attnum AND mine.sequence <> s.oid
LEFT JOIN pg_class x ON x.oid = mine.sequence
LEFT JOIN pg_namespace xn ON xn.oid = x.relnamespace
WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
ORDER BY object
