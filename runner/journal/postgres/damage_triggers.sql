-- What a trigger does is told by its function, by when it fires, and by the condition and columns that it has not.
SELECT tgname::text, tgenabled = 'A',
       CASE WHEN pronamespace = 'shisa'::regnamespace AND tgqual IS NULL AND tgattr = '' THEN proname::text END,
       tgtype::int
FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
WHERE NOT tgisinternal AND tgrelid IN (to_regclass('shisa.journal'), to_regclass('shisa.attachment'))
