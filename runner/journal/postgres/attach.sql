-- What is named by its digest is the same whoever brings it, so it may be brought twice, and is there once.
CREATE OR REPLACE FUNCTION shisa.attach(_content bytea) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _digest text := encode(sha256(_content), 'hex');
BEGIN
  PERFORM shisa.me();
  IF octet_length(_content) > 67108864 THEN
    RAISE EXCEPTION 'an attachment may have 64 MB, and this one has % bytes', octet_length(_content)
      USING ERRCODE = 'SHJ00';
  END IF;
  INSERT INTO shisa.attachment (sha256, content) VALUES (_digest, _content) ON CONFLICT DO NOTHING;
  RETURN _digest;
END
$$;

CREATE OR REPLACE TRIGGER attachment_append_only BEFORE UPDATE OR DELETE ON shisa.attachment
  FOR EACH ROW EXECUTE FUNCTION shisa.append_only();
CREATE OR REPLACE TRIGGER attachment_no_truncate BEFORE TRUNCATE ON shisa.attachment
  FOR EACH STATEMENT EXECUTE FUNCTION shisa.append_only();
DROP TRIGGER IF EXISTS attachment_durable ON shisa.attachment;
CREATE CONSTRAINT TRIGGER attachment_durable AFTER INSERT ON shisa.attachment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shisa.durable();
