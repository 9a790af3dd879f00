-- One row for each place that calls nextval or setval, or restarts a sequence, and leaves no trace of it in pg_depend:
-- functions, rules, views and defaults that name it as text. "triggers": the tables whose triggers call the function.
WITH mine AS MATERIALIZED (
    SELECT p.oid, p.pronamespace, p.proname, p.prolang, p.prosqlbody, p.prosrc
    FROM pg_proc p
    WHERE p.oid >= 16384 AND (p.prosrc ~* 'nextval|setval|restart' OR p.prosqlbody::text ~ ':funcid (1574|1576|1765) ')
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
      AND NOT (p.prosqlbody IS NOT NULL AND EXISTS (
                   SELECT FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.refobjid
                   WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass))
)
SELECT n.nspname::text AS schema, 'function' AS kind,
       format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object,
       l.lanname::text AS language, CASE WHEN p.prosqlbody IS NULL THEN p.prosrc END AS body,
       (SELECT coalesce(array_agg(DISTINCT t.tgrelid::regclass::text), '{}') FROM pg_trigger t
        WHERE t.tgfoid = p.oid AND NOT t.tgisinternal) AS triggers
FROM mine p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
UNION ALL
SELECT n.nspname, 'default', format('%I.%I.%I', n.nspname, c.relname, a.attname), 'sql',
       pg_get_expr(d.adbin, d.adrelid), '{}'
FROM pg_attrdef d
JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adbin::text ~ ':funcid (1574|1576|1765) '
  AND NOT EXISTS (SELECT FROM pg_depend p JOIN pg_sequence s ON s.seqrelid = p.refobjid
                  WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT n.nspname, CASE WHEN c.relkind IN ('v', 'm') AND r.rulename = '_RETURN' THEN 'view' ELSE 'rule' END,
       concat_ws('.', format('%I.%I', n.nspname, c.relname), nullif(quote_ident(r.rulename), '"_RETURN"')),
       'sql', NULL, '{}'
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.oid >= 16384 AND r.ev_action::text ~ ':funcid (1574|1576|1765) '
  AND NOT EXISTS (SELECT FROM pg_depend p JOIN pg_sequence s ON s.seqrelid = p.refobjid
                  WHERE p.classid = 'pg_rewrite'::regclass AND p.objid = r.oid AND p.refclassid = 'pg_class'::regclass)
ORDER BY object
