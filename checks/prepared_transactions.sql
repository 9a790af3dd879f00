-- One row for each prepared transaction of this database.
SELECT p.gid::text AS gid, p.owner::text AS owner,
       greatest(0, extract(epoch FROM clock_timestamp() - p.prepared))::int8 AS age_s,
       age(p.transaction)::int8 AS xids
FROM pg_prepared_xacts p
WHERE p.database = current_database();
