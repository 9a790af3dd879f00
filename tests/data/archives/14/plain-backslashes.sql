--
-- PostgreSQL database dump
--

\restrict p6EPzOkeYDpyBxxrIvwlFrntGe6el8JT4wa2cKOsc45YvqEo0P0ec20PuAyqg79

-- Dumped from database version 14.23
-- Dumped by pg_dump version 14.23

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = off;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET escape_string_warning = off;
SET row_security = off;

--
-- Name: We.ird; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA "We.ird";


ALTER SCHEMA "We.ird" OWNER TO owner;

--
-- Name: base; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA base;


ALTER SCHEMA base OWNER TO owner;

--
-- Name: env_a; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA env_a;


ALTER SCHEMA env_a OWNER TO owner;

--
-- Name: env_b; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA env_b;


ALTER SCHEMA env_b OWNER TO owner;

--
-- Name: body(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.body() RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
SELECT pg_catalog.setval('base.customer_id_seq', 5, true);
-- Name: ghost; Type: TABLE; Schema: public; Owner: nobody
COPY public.notes (id) FROM stdin;
END $$;


ALTER FUNCTION public.body() OWNER TO owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: customer; Type: TABLE; Schema: base; Owner: owner
--

CREATE TABLE base.customer (
    id integer NOT NULL,
    tenant text NOT NULL,
    setting text
);


ALTER TABLE base.customer OWNER TO owner;

--
-- Name: customer_id_seq; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.customer_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE base.customer_id_seq OWNER TO owner;

--
-- Name: customer_id_seq; Type: SEQUENCE OWNED BY; Schema: base; Owner: owner
--

ALTER SEQUENCE base.customer_id_seq OWNED BY base.customer.id;


--
-- Name: rewind(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.rewind() RETURNS bigint
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN true THEN 1
             ELSE 2
         END AS "case";
 SELECT setval('base.customer_id_seq'::regclass, (1)::bigint) AS setval;
END;


ALTER FUNCTION public.rewind() OWNER TO owner;

--
-- Name: Ta ble; x; Type: TABLE; Schema: We.ird; Owner: owner
--

CREATE TABLE "We.ird"."Ta ble; x" (
    "Co""l" text DEFAULT '
SELECT pg_catalog.setval(''base.customer_id_seq'', 3, true);
'::text,
    "select" integer
);


ALTER TABLE "We.ird"."Ta ble; x" OWNER TO owner;

--
-- Name: line break "quoted" back\slash; Type: SEQUENCE; Schema: We.ird; Owner: owner
--

CREATE SEQUENCE "We.ird"."line
break ""quoted"" back\slash"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE "We.ird"."line
break ""quoted"" back\slash" OWNER TO owner;

--
-- Name: semi; Type: TABLE; Schema: x; Owner: y; Type: SEQUENCE; Schema: We.ird; Owner: owner
--

CREATE SEQUENCE "We.ird"."semi; Type: TABLE; Schema: x; Owner: y"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE "We.ird"."semi; Type: TABLE; Schema: x; Owner: y" OWNER TO owner;

--
-- Name: 顧客_seq; Type: SEQUENCE; Schema: We.ird; Owner: owner
--

CREATE SEQUENCE "We.ird"."顧客_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE "We.ird"."顧客_seq" OWNER TO owner;

--
-- Name: countdown; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.countdown
    START WITH -1
    INCREMENT BY -1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE base.countdown OWNER TO owner;

--
-- Name: highest; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.highest
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE base.highest OWNER TO owner;

--
-- Name: never_called; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.never_called
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE base.never_called OWNER TO owner;

--
-- Name: set_but_not_called; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.set_but_not_called
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE base.set_but_not_called OWNER TO owner;

--
-- Name: customer; Type: TABLE; Schema: env_a; Owner: owner
--

CREATE TABLE env_a.customer (
)
INHERITS (base.customer);


ALTER TABLE env_a.customer OWNER TO owner;

--
-- Name: customer; Type: TABLE; Schema: env_b; Owner: owner
--

CREATE TABLE env_b.customer (
)
INHERITS (base.customer);


ALTER TABLE env_b.customer OWNER TO owner;

--
-- Name: Odd Name's; Type: SEQUENCE; Schema: public; Owner: owner
--

CREATE SEQUENCE public."Odd Name's"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public."Odd Name's" OWNER TO owner;

--
-- Name: measure; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.measure (
    at date NOT NULL,
    v integer
)
PARTITION BY RANGE (at);


ALTER TABLE public.measure OWNER TO owner;

--
-- Name: measure_2026; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.measure_2026 (
    at date NOT NULL,
    v integer
);


ALTER TABLE public.measure_2026 OWNER TO owner;

--
-- Name: named; Type: VIEW; Schema: public; Owner: owner
--

CREATE VIEW public.named AS
 SELECT
        CASE
            WHEN (customer.id > 5) THEN 'SELECT pg_catalog.setval(''x'', 1, true);'::text
            ELSE 'low'::text
        END AS "end"
   FROM base.customer;


ALTER TABLE public.named OWNER TO owner;

--
-- Name: notes; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.notes (
    id integer NOT NULL,
    body text,
    raw bytea
);


ALTER TABLE public.notes OWNER TO owner;

--
-- Name: TABLE notes; Type: COMMENT; Schema: public; Owner: owner
--

COMMENT ON TABLE public.notes IS '
SELECT pg_catalog.setval(''base.customer_id_seq'', 4, true);
-- Name: ghost; Type: TABLE; Schema: public; Owner: nobody
';


--
-- Name: nothing; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.nothing (
);


ALTER TABLE public.nothing OWNER TO owner;

--
-- Name: setval; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.setval (
    setval integer
);


ALTER TABLE public.setval OWNER TO owner;

--
-- Name: ticket; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.ticket (
    no bigint NOT NULL,
    what text
);


ALTER TABLE public.ticket OWNER TO owner;

--
-- Name: ticket_no_seq; Type: SEQUENCE; Schema: public; Owner: owner
--

ALTER TABLE public.ticket ALTER COLUMN no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ticket_no_seq
    START WITH 1000
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: totals; Type: MATERIALIZED VIEW; Schema: public; Owner: owner
--

CREATE MATERIALIZED VIEW public.totals AS
 SELECT customer.tenant,
    count(*) AS count
   FROM base.customer
  GROUP BY customer.tenant
  WITH NO DATA;


ALTER TABLE public.totals OWNER TO owner;

--
-- Name: measure_2026; Type: TABLE ATTACH; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.measure ATTACH PARTITION public.measure_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- Name: customer id; Type: DEFAULT; Schema: base; Owner: owner
--

ALTER TABLE ONLY base.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- Name: customer id; Type: DEFAULT; Schema: env_a; Owner: owner
--

ALTER TABLE ONLY env_a.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- Name: customer id; Type: DEFAULT; Schema: env_b; Owner: owner
--

ALTER TABLE ONLY env_b.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- Name: 4711; Type: BLOB; Schema: -; Owner: owner
--

SELECT pg_catalog.lo_create('4711');


ALTER LARGE OBJECT 4711 OWNER TO owner;

--
-- Data for Name: Ta ble; x; Type: TABLE DATA; Schema: We.ird; Owner: owner
--

INSERT INTO "We.ird"."Ta ble; x" VALUES ('
SELECT pg_catalog.setval(''base.customer_id_seq'', 3, true);
', 1);


--
-- Data for Name: customer; Type: TABLE DATA; Schema: base; Owner: owner
--



--
-- Data for Name: customer; Type: TABLE DATA; Schema: env_a; Owner: owner
--

INSERT INTO env_a.customer VALUES (1, 'a', 's1');
INSERT INTO env_a.customer VALUES (2, 'a', 's2');
INSERT INTO env_a.customer VALUES (3, 'a', 's3');
INSERT INTO env_a.customer VALUES (4, 'a', 's4');
INSERT INTO env_a.customer VALUES (5, 'a', 's5');
INSERT INTO env_a.customer VALUES (6, 'a', 's6');
INSERT INTO env_a.customer VALUES (7, 'a', 's7');
INSERT INTO env_a.customer VALUES (8, 'a', 's8');
INSERT INTO env_a.customer VALUES (9, 'a', 's9');
INSERT INTO env_a.customer VALUES (10, 'a', 's10');
INSERT INTO env_a.customer VALUES (11, 'a', 's11');
INSERT INTO env_a.customer VALUES (12, 'a', 's12');
INSERT INTO env_a.customer VALUES (13, 'a', 's13');
INSERT INTO env_a.customer VALUES (14, 'a', 's14');
INSERT INTO env_a.customer VALUES (15, 'a', 's15');
INSERT INTO env_a.customer VALUES (16, 'a', 's16');
INSERT INTO env_a.customer VALUES (17, 'a', 's17');
INSERT INTO env_a.customer VALUES (18, 'a', 's18');
INSERT INTO env_a.customer VALUES (19, 'a', 's19');
INSERT INTO env_a.customer VALUES (20, 'a', 's20');
INSERT INTO env_a.customer VALUES (21, 'a', 's21');
INSERT INTO env_a.customer VALUES (22, 'a', 's22');
INSERT INTO env_a.customer VALUES (23, 'a', 's23');
INSERT INTO env_a.customer VALUES (24, 'a', 's24');
INSERT INTO env_a.customer VALUES (25, 'a', 's25');
INSERT INTO env_a.customer VALUES (26, 'a', 's26');
INSERT INTO env_a.customer VALUES (27, 'a', 's27');
INSERT INTO env_a.customer VALUES (28, 'a', 's28');
INSERT INTO env_a.customer VALUES (29, 'a', 's29');
INSERT INTO env_a.customer VALUES (30, 'a', 's30');
INSERT INTO env_a.customer VALUES (31, 'a', 's31');
INSERT INTO env_a.customer VALUES (32, 'a', 's32');
INSERT INTO env_a.customer VALUES (33, 'a', 's33');
INSERT INTO env_a.customer VALUES (34, 'a', 's34');
INSERT INTO env_a.customer VALUES (35, 'a', 's35');
INSERT INTO env_a.customer VALUES (36, 'a', 's36');
INSERT INTO env_a.customer VALUES (37, 'a', 's37');
INSERT INTO env_a.customer VALUES (38, 'a', 's38');
INSERT INTO env_a.customer VALUES (39, 'a', 's39');
INSERT INTO env_a.customer VALUES (40, 'a', 's40');
INSERT INTO env_a.customer VALUES (41, 'a', 's41');
INSERT INTO env_a.customer VALUES (42, 'a', 's42');
INSERT INTO env_a.customer VALUES (43, 'a', 's43');
INSERT INTO env_a.customer VALUES (44, 'a', 's44');
INSERT INTO env_a.customer VALUES (45, 'a', 's45');
INSERT INTO env_a.customer VALUES (46, 'a', 's46');
INSERT INTO env_a.customer VALUES (47, 'a', 's47');
INSERT INTO env_a.customer VALUES (48, 'a', 's48');
INSERT INTO env_a.customer VALUES (49, 'a', 's49');
INSERT INTO env_a.customer VALUES (50, 'a', 's50');
INSERT INTO env_a.customer VALUES (51, 'a', 's51');
INSERT INTO env_a.customer VALUES (52, 'a', 's52');
INSERT INTO env_a.customer VALUES (53, 'a', 's53');
INSERT INTO env_a.customer VALUES (54, 'a', 's54');
INSERT INTO env_a.customer VALUES (55, 'a', 's55');
INSERT INTO env_a.customer VALUES (56, 'a', 's56');
INSERT INTO env_a.customer VALUES (57, 'a', 's57');
INSERT INTO env_a.customer VALUES (58, 'a', 's58');
INSERT INTO env_a.customer VALUES (59, 'a', 's59');
INSERT INTO env_a.customer VALUES (60, 'a', 's60');


--
-- Data for Name: customer; Type: TABLE DATA; Schema: env_b; Owner: owner
--

INSERT INTO env_b.customer VALUES (61, 'b', 's1');
INSERT INTO env_b.customer VALUES (62, 'b', 's2');
INSERT INTO env_b.customer VALUES (63, 'b', 's3');
INSERT INTO env_b.customer VALUES (64, 'b', 's4');
INSERT INTO env_b.customer VALUES (65, 'b', 's5');
INSERT INTO env_b.customer VALUES (66, 'b', 's6');
INSERT INTO env_b.customer VALUES (67, 'b', 's7');
INSERT INTO env_b.customer VALUES (68, 'b', 's8');
INSERT INTO env_b.customer VALUES (69, 'b', 's9');
INSERT INTO env_b.customer VALUES (70, 'b', 's10');
INSERT INTO env_b.customer VALUES (71, 'b', 's11');
INSERT INTO env_b.customer VALUES (72, 'b', 's12');
INSERT INTO env_b.customer VALUES (73, 'b', 's13');
INSERT INTO env_b.customer VALUES (74, 'b', 's14');
INSERT INTO env_b.customer VALUES (75, 'b', 's15');
INSERT INTO env_b.customer VALUES (76, 'b', 's16');
INSERT INTO env_b.customer VALUES (77, 'b', 's17');
INSERT INTO env_b.customer VALUES (78, 'b', 's18');
INSERT INTO env_b.customer VALUES (79, 'b', 's19');
INSERT INTO env_b.customer VALUES (80, 'b', 's20');
INSERT INTO env_b.customer VALUES (81, 'b', 's21');
INSERT INTO env_b.customer VALUES (82, 'b', 's22');
INSERT INTO env_b.customer VALUES (83, 'b', 's23');
INSERT INTO env_b.customer VALUES (84, 'b', 's24');
INSERT INTO env_b.customer VALUES (85, 'b', 's25');
INSERT INTO env_b.customer VALUES (86, 'b', 's26');
INSERT INTO env_b.customer VALUES (87, 'b', 's27');
INSERT INTO env_b.customer VALUES (88, 'b', 's28');
INSERT INTO env_b.customer VALUES (89, 'b', 's29');
INSERT INTO env_b.customer VALUES (90, 'b', 's30');
INSERT INTO env_b.customer VALUES (91, 'b', 's31');
INSERT INTO env_b.customer VALUES (92, 'b', 's32');
INSERT INTO env_b.customer VALUES (93, 'b', 's33');
INSERT INTO env_b.customer VALUES (94, 'b', 's34');
INSERT INTO env_b.customer VALUES (95, 'b', 's35');
INSERT INTO env_b.customer VALUES (96, 'b', 's36');
INSERT INTO env_b.customer VALUES (97, 'b', 's37');
INSERT INTO env_b.customer VALUES (98, 'b', 's38');
INSERT INTO env_b.customer VALUES (99, 'b', 's39');
INSERT INTO env_b.customer VALUES (100, 'b', 's40');


--
-- Data for Name: measure_2026; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.measure_2026 VALUES ('2026-03-04', 5);


--
-- Data for Name: notes; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.notes VALUES (1, 'plain', '\\x00ff5c2e0a');
INSERT INTO public.notes VALUES (2, 'tab	here
SELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);
\\.
end', NULL);
INSERT INTO public.notes VALUES (3, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);', '\\x');
INSERT INTO public.notes VALUES (4, '\\.', NULL);
INSERT INTO public.notes VALUES (5, NULL, NULL);
INSERT INTO public.notes VALUES (6, '', NULL);
INSERT INTO public.notes VALUES (7, 'it''s \\'' a trap\\\\''; -- not a comment /* nor this $$ COPY x FROM stdin;', NULL);
INSERT INTO public.notes VALUES (8, '--
-- PostgreSQL database dump complete
--

', NULL);
INSERT INTO public.notes VALUES (9, 'carriage
return v', NULL);
INSERT INTO public.notes VALUES (10, '日本語', NULL);
INSERT INTO public.notes VALUES (11, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (12, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (13, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (14, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (15, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (16, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (17, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (18, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (19, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (20, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (21, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (22, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (23, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (24, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (25, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (26, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (27, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (28, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (29, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes VALUES (30, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);


--
-- Data for Name: nothing; Type: TABLE DATA; Schema: public; Owner: owner
--



--
-- Data for Name: setval; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.setval VALUES (1);


--
-- Data for Name: ticket; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.ticket OVERRIDING SYSTEM VALUE VALUES (1000, 'one');
INSERT INTO public.ticket OVERRIDING SYSTEM VALUE VALUES (1001, 'two');


--
-- Name: line break "quoted" back\slash; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."line
break ""quoted"" back\\slash"', 8, true);


--
-- Name: semi; Type: TABLE; Schema: x; Owner: y; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."semi; Type: TABLE; Schema: x; Owner: y"', 7, true);


--
-- Name: 顧客_seq; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."顧客_seq"', 9, true);


--
-- Name: countdown; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.countdown', -7, true);


--
-- Name: customer_id_seq; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.customer_id_seq', 100, true);


--
-- Name: highest; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.highest', 9223372036854775807, true);


--
-- Name: never_called; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.never_called', 1, false);


--
-- Name: set_but_not_called; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.set_but_not_called', 500, false);


--
-- Name: Odd Name's; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public."Odd Name''s"', 42, true);


--
-- Name: ticket_no_seq; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public.ticket_no_seq', 1001, true);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\\x0a53454c4543542070675f636174616c6f672e73657476616c2827626173652e637573746f6d65725f69645f736571272c20362c2074727565293b0a');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: base; Owner: owner
--

ALTER TABLE ONLY base.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: env_a; Owner: owner
--

ALTER TABLE ONLY env_a.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: env_b; Owner: owner
--

ALTER TABLE ONLY env_b.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- Name: notes notes_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);


--
-- Name: ticket ticket_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.ticket
    ADD CONSTRAINT ticket_pkey PRIMARY KEY (no);


--
-- Name: named twice; Type: RULE; Schema: public; Owner: owner
--

CREATE RULE twice AS
    ON INSERT TO public.named DO INSTEAD ( INSERT INTO public.nothing DEFAULT VALUES;
 SELECT setval('base.highest'::regclass, (5)::bigint) AS setval;
);


--
-- Name: ticket noted; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER noted AFTER INSERT ON public.ticket FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger();

ALTER TABLE public.ticket DISABLE TRIGGER noted;


--
-- Name: totals; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: owner
--

REFRESH MATERIALIZED VIEW public.totals;


--
-- PostgreSQL database dump complete
--

\unrestrict p6EPzOkeYDpyBxxrIvwlFrntGe6el8JT4wa2cKOsc45YvqEo0P0ec20PuAyqg79

