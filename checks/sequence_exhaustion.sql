-- How far each sequence may count, and every column that its numbers must fit into.

-- name: sequences
-- One row a sequence. Its number is read from the sequence itself, for pg_sequence_last_value is NULL for three reasons.
SELECT s.seqrelid::int8 AS sequence, n.nspname::text AS schema, format('%I.%I', n.nspname, c.relname) AS object,
       s.seqincrement AS increment, s.seqmin AS minimum, s.seqmax AS maximum, s.seqcycle AS cycles,
       has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(s.seqrelid, 'SELECT')
           AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) AS readable
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't'
ORDER BY object;

-- name: columns
-- One row for each integer column that draws from a sequence (default, identity), owns it, inherits such a column by its
-- NAME, or refers to one by a foreign key ("refers"). A domain has the output function of its base type, however deep.
WITH RECURSIVE named AS MATERIALIZED (
    SELECT d.refobjid AS sequence, a.adrelid AS relation, a.adnum AS attnum
    FROM pg_depend d
    JOIN pg_attrdef a ON a.oid = d.objid
    JOIN pg_sequence s ON s.seqrelid = d.refobjid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
    UNION
    SELECT d.objid, d.refobjid, d.refobjsubid
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
), hand_on AS MATERIALIZED (
    SELECT inhparent AS above, NULL::name AS key, inhrelid AS relation, NULL::name AS attname FROM pg_inherits
    UNION ALL
    SELECT k.confrelid, ka.attname, k.conrelid, fa.attname
    FROM pg_constraint k
    CROSS JOIN LATERAL unnest(k.confkey, k.conkey) AS u (key, refers)
    JOIN pg_attribute ka ON ka.attrelid = k.confrelid AND ka.attnum = u.key
    JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = u.refers
    WHERE k.contype = 'f'
), tree AS (
    SELECT n.sequence, n.relation, a.attname, false AS refers
    FROM named n JOIN pg_attribute a ON a.attrelid = n.relation AND a.attnum = n.attnum
    UNION
    SELECT t.sequence, h.relation, coalesce(h.attname, t.attname), t.refers OR h.key IS NOT NULL
    FROM tree t JOIN hand_on h ON h.above = t.relation AND coalesce(h.key, t.attname) = t.attname
)
SELECT t.sequence::int8 AS sequence, format('%I.%I.%I', n.nspname, c.relname, a.attname) AS "column",
       format_type(a.atttypid, a.atttypmod) AS type, t.refers,
       CASE y.typoutput WHEN 'int2out'::regproc THEN 2 WHEN 'int4out'::regproc THEN 4 ELSE 8 END AS bytes
FROM tree t
JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = t.attname AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
JOIN pg_class c ON c.oid = t.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE y.typoutput IN ('int2out'::regproc, 'int4out'::regproc, 'int8out'::regproc)
ORDER BY bytes, t.refers, "column";
