-- Triggers, foreign keys, rules and event triggers that do not fire in ordinary sessions.

-- name: switched
-- One row for each trigger and rule that is off; the inner triggers of a constraint count as the constraint.
SELECT n.nspname::text AS schema,
       CASE k.contype WHEN 'f' THEN 'foreign key' ELSE CASE WHEN k.oid IS NULL THEN 'trigger' ELSE 'constraint' END END
           AS kind,
       format('%I.%I.%I', n.nspname, c.relname, coalesce(k.conname, t.tgname)) AS object,
       format('%I.%I', n.nspname, c.relname) AS "table", min(t.tgenabled)::text AS state
FROM pg_trigger t
LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint AND t.tgisinternal
JOIN pg_class c ON c.oid = coalesce(nullif(k.conrelid, 0), t.tgrelid)
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgenabled NOT IN ('O', 'A')
GROUP BY 1, 2, 3, 4
UNION ALL
SELECT n.nspname, 'rule', format('%I.%I.%I', n.nspname, c.relname, r.rulename), format('%I.%I', n.nspname, c.relname),
       r.ev_enabled::text
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.ev_enabled NOT IN ('O', 'A')
ORDER BY object;

-- name: events
-- One row for each event trigger that is off; it belongs to no schema.
SELECT '' AS schema, 'event trigger' AS kind, quote_ident(evtname) AS object, '' AS "table", evtenabled::text AS state
FROM pg_event_trigger
WHERE evtenabled NOT IN ('O', 'A')
ORDER BY object;
