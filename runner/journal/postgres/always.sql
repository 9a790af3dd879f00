ALTER TABLE shisa.journal
  ENABLE ALWAYS TRIGGER append_only,
  ENABLE ALWAYS TRIGGER no_truncate,
  ENABLE ALWAYS TRIGGER chain,
  ENABLE ALWAYS TRIGGER durable;
ALTER TABLE shisa.attachment
  ENABLE ALWAYS TRIGGER attachment_append_only,
  ENABLE ALWAYS TRIGGER attachment_no_truncate,
  ENABLE ALWAYS TRIGGER attachment_durable;
