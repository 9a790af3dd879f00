-- Each of these settings as a session of this role begins with it, in its own unit; NULL where there is none or where
-- this role may not see it. In psql: \set names '["fsync"]'
SELECT w.name, s.name IS NOT NULL AS known, s.reset_val AS value, s.unit, s.vartype AS type,
       coalesce(s.pending_restart, false) AS pending_restart
FROM json_array_elements_text(:'names'::json) AS w (name)
LEFT JOIN pg_settings s ON lower(s.name) = lower(w.name);
