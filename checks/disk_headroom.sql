-- The size of each of these tables with its indexes and TOAST. In psql: \set relations '[16384]'
SELECT w.relation::int8 AS relation, coalesce(pg_total_relation_size(w.relation::oid), 0) AS bytes
FROM json_array_elements_text(:'relations'::json) AS w (relation);
