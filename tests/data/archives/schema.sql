-- Incident 1 in small (environments by inheritance, one shared sequence) and every oddity a reader of dumps must survive.
CREATE SCHEMA base;
CREATE SCHEMA env_a;
CREATE SCHEMA env_b;
CREATE SCHEMA "We.ird";
CREATE TABLE base.customer (id serial PRIMARY KEY, tenant text NOT NULL, setting text);
CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
CREATE TABLE env_b.customer (PRIMARY KEY (id)) INHERITS (base.customer);
INSERT INTO env_a.customer (tenant, setting) SELECT 'a', 's' || g FROM generate_series(1, 60) g;
INSERT INTO env_b.customer (tenant, setting) SELECT 'b', 's' || g FROM generate_series(1, 40) g;

CREATE TABLE public.ticket (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000) PRIMARY KEY, what text);
INSERT INTO public.ticket (what) VALUES ('one'), ('two');
CREATE SEQUENCE base.countdown INCREMENT BY -1;
SELECT nextval('base.countdown') FROM generate_series(1, 7);
CREATE SEQUENCE base.never_called;
CREATE SEQUENCE base.set_but_not_called;
SELECT setval('base.set_but_not_called', 500, false);
CREATE SEQUENCE base.highest;
SELECT setval('base.highest', 9223372036854775807);
CREATE SEQUENCE public."Odd Name's";
SELECT setval('public."Odd Name''s"', 42);
CREATE SEQUENCE "We.ird"."semi; Type: TABLE; Schema: x; Owner: y";
SELECT setval('"We.ird"."semi; Type: TABLE; Schema: x; Owner: y"', 7);
CREATE SEQUENCE "We.ird"."line
break ""quoted"" back\slash";
SELECT setval(c.oid, 8) FROM pg_class c WHERE relname LIKE 'line%';
CREATE SEQUENCE "We.ird"."顧客_seq";
SELECT setval('"We.ird"."顧客_seq"', 9);

-- Data that looks like a dump's own lines.
CREATE TABLE public.notes (id int PRIMARY KEY, body text, raw bytea);
INSERT INTO public.notes VALUES
  (1, 'plain', '\x00ff5c2e0a'),
  (2, E'tab\there\nSELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);\n\\.\nend', NULL),
  (3, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);', ''),
  (4, E'\\.', NULL), (5, NULL, NULL), (6, '', NULL),
  (7, E'it''s \\'' a trap\\\\''; -- not a comment /* nor this $$ COPY x FROM stdin;', NULL),
  (8, E'--\n-- PostgreSQL database dump complete\n--\n\n', NULL), (9, E'carriage\r\nreturn \b\f\v', NULL),
  (10, '日本語', NULL);
INSERT INTO public.notes SELECT g, E'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);\n', NULL FROM generate_series(11, 30) g;
CREATE TABLE "We.ird"."Ta ble; x" ("Co""l" text DEFAULT E'\nSELECT pg_catalog.setval(''base.customer_id_seq'', 3, true);\n', "select" int);
INSERT INTO "We.ird"."Ta ble; x" VALUES (DEFAULT, 1);
CREATE TABLE public.setval (setval int);
INSERT INTO public.setval VALUES (1);
CREATE TABLE public.nothing ();
COMMENT ON TABLE public.notes IS E'\nSELECT pg_catalog.setval(''base.customer_id_seq'', 4, true);\n-- Name: ghost; Type: TABLE; Schema: public; Owner: nobody\n';

CREATE TABLE public.measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE public.measure_2026 PARTITION OF public.measure FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO public.measure VALUES ('2026-03-04', 5);
CREATE MATERIALIZED VIEW public.totals AS SELECT tenant, count(*) FROM base.customer GROUP BY tenant;
CREATE VIEW public.named AS SELECT CASE WHEN id > 5 THEN 'SELECT pg_catalog.setval(''x'', 1, true);' ELSE 'low' END AS "end" FROM base.customer;
CREATE RULE twice AS ON INSERT TO public.named DO INSTEAD (INSERT INTO public.nothing DEFAULT VALUES; SELECT setval('base.highest', 5));
CREATE FUNCTION public.rewind() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 ELSE 2 END;
  SELECT setval('base.customer_id_seq', 1);
END;
CREATE FUNCTION public.body() RETURNS void LANGUAGE plpgsql AS $_$
BEGIN
SELECT pg_catalog.setval('base.customer_id_seq', 5, true);
-- Name: ghost; Type: TABLE; Schema: public; Owner: nobody
COPY public.notes (id) FROM stdin;
END $_$;
CREATE TRIGGER noted AFTER INSERT ON public.ticket FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger();
ALTER TABLE public.ticket DISABLE TRIGGER noted;
SELECT lo_from_bytea(4711, E'\nSELECT pg_catalog.setval(''base.customer_id_seq'', 6, true);\n');
ANALYZE;
