-- What a session of this role begins with in this database, in each setting's own unit.

-- name: named
-- Each of these settings as a session of this role begins with it, in its own unit; NULL where there is none or where
-- this role may not see it. In psql: \set names '["fsync"]'
SELECT w.name, s.name IS NOT NULL AS known, s.reset_val AS value, s.unit, s.vartype AS type,
       coalesce(s.pending_restart, false) AS pending_restart
FROM json_array_elements_text(:'names'::json) AS w (name)
LEFT JOIN pg_settings s ON lower(s.name) = lower(w.name);

-- name: all
-- Every setting that this role sees and that the connection does not bring itself, as its application_name.
SELECT s.name, true AS known, s.reset_val AS value, s.unit, s.vartype AS type, s.pending_restart
FROM pg_settings s
WHERE s.source <> 'client';
