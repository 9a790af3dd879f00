--
-- PostgreSQL database dump
--

\restrict wzEartP34EiR0L14MBk1I4sx0N04H5oNUyfNfdeDUtIKaNhoEdd8kAcZewO4Vut

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

DROP DATABASE shop;
--
-- Name: shop; Type: DATABASE; Schema: -; Owner: owner
--

CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE shop OWNER TO owner;

\unrestrict wzEartP34EiR0L14MBk1I4sx0N04H5oNUyfNfdeDUtIKaNhoEdd8kAcZewO4Vut
\connect shop
\restrict wzEartP34EiR0L14MBk1I4sx0N04H5oNUyfNfdeDUtIKaNhoEdd8kAcZewO4Vut

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
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


ALTER SEQUENCE base.customer_id_seq OWNER TO owner;

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


ALTER SEQUENCE "We.ird"."line
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


ALTER SEQUENCE "We.ird"."semi; Type: TABLE; Schema: x; Owner: y" OWNER TO owner;

--
-- Name: 顧客_seq; Type: SEQUENCE; Schema: We.ird; Owner: owner
--

CREATE SEQUENCE "We.ird"."顧客_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE "We.ird"."顧客_seq" OWNER TO owner;

--
-- Name: countdown; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.countdown
    START WITH -1
    INCREMENT BY -1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE base.countdown OWNER TO owner;

--
-- Name: highest; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.highest
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE base.highest OWNER TO owner;

--
-- Name: never_called; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.never_called
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE base.never_called OWNER TO owner;

--
-- Name: set_but_not_called; Type: SEQUENCE; Schema: base; Owner: owner
--

CREATE SEQUENCE base.set_but_not_called
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE base.set_but_not_called OWNER TO owner;

--
-- Name: customer; Type: TABLE; Schema: env_a; Owner: owner
--

CREATE TABLE env_a.customer (
    NOT NULL id
)
INHERITS (base.customer);


ALTER TABLE env_a.customer OWNER TO owner;

--
-- Name: customer; Type: TABLE; Schema: env_b; Owner: owner
--

CREATE TABLE env_b.customer (
    NOT NULL id
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


ALTER SEQUENCE public."Odd Name's" OWNER TO owner;

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
    at date CONSTRAINT measure_at_not_null NOT NULL,
    v integer
);


ALTER TABLE public.measure_2026 OWNER TO owner;

--
-- Name: named; Type: VIEW; Schema: public; Owner: owner
--

CREATE VIEW public.named AS
 SELECT
        CASE
            WHEN (id > 5) THEN 'SELECT pg_catalog.setval(''x'', 1, true);'::text
            ELSE 'low'::text
        END AS "end"
   FROM base.customer;


ALTER VIEW public.named OWNER TO owner;

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
 SELECT tenant,
    count(*) AS count
   FROM base.customer
  GROUP BY tenant
  WITH NO DATA;


ALTER MATERIALIZED VIEW public.totals OWNER TO owner;

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
-- Data for Name: Ta ble; x; Type: TABLE DATA; Schema: We.ird; Owner: owner
--

COPY "We.ird"."Ta ble; x" ("Co""l", "select") FROM stdin;
\nSELECT pg_catalog.setval('base.customer_id_seq', 3, true);\n	1
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: base; Owner: owner
--

COPY base.customer (id, tenant, setting) FROM stdin;
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: env_a; Owner: owner
--

COPY env_a.customer (id, tenant, setting) FROM stdin;
1	a	s1
2	a	s2
3	a	s3
4	a	s4
5	a	s5
6	a	s6
7	a	s7
8	a	s8
9	a	s9
10	a	s10
11	a	s11
12	a	s12
13	a	s13
14	a	s14
15	a	s15
16	a	s16
17	a	s17
18	a	s18
19	a	s19
20	a	s20
21	a	s21
22	a	s22
23	a	s23
24	a	s24
25	a	s25
26	a	s26
27	a	s27
28	a	s28
29	a	s29
30	a	s30
31	a	s31
32	a	s32
33	a	s33
34	a	s34
35	a	s35
36	a	s36
37	a	s37
38	a	s38
39	a	s39
40	a	s40
41	a	s41
42	a	s42
43	a	s43
44	a	s44
45	a	s45
46	a	s46
47	a	s47
48	a	s48
49	a	s49
50	a	s50
51	a	s51
52	a	s52
53	a	s53
54	a	s54
55	a	s55
56	a	s56
57	a	s57
58	a	s58
59	a	s59
60	a	s60
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: env_b; Owner: owner
--

COPY env_b.customer (id, tenant, setting) FROM stdin;
61	b	s1
62	b	s2
63	b	s3
64	b	s4
65	b	s5
66	b	s6
67	b	s7
68	b	s8
69	b	s9
70	b	s10
71	b	s11
72	b	s12
73	b	s13
74	b	s14
75	b	s15
76	b	s16
77	b	s17
78	b	s18
79	b	s19
80	b	s20
81	b	s21
82	b	s22
83	b	s23
84	b	s24
85	b	s25
86	b	s26
87	b	s27
88	b	s28
89	b	s29
90	b	s30
91	b	s31
92	b	s32
93	b	s33
94	b	s34
95	b	s35
96	b	s36
97	b	s37
98	b	s38
99	b	s39
100	b	s40
\.


--
-- Data for Name: measure_2026; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.measure_2026 (at, v) FROM stdin;
2026-03-04	5
\.


--
-- Data for Name: notes; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.notes (id, body, raw) FROM stdin;
1	plain	\\x00ff5c2e0a
2	tab\there\nSELECT pg_catalog.setval('base.customer_id_seq', 1, true);\n\\.\nend	\N
3	SELECT pg_catalog.setval('base.customer_id_seq', 1, true);	\\x
4	\\.	\N
5	\N	\N
6		\N
7	it's \\' a trap\\\\'; -- not a comment /* nor this $$ COPY x FROM stdin;	\N
8	--\n-- PostgreSQL database dump complete\n--\n\n	\N
9	carriage\r\nreturn \b\f\v	\N
10	日本語	\N
11	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
12	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
13	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
14	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
15	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
16	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
17	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
18	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
19	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
20	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
21	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
22	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
23	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
24	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
25	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
26	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
27	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
28	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
29	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
30	SELECT pg_catalog.setval('base.customer_id_seq', 2, true);\n	\N
\.


--
-- Data for Name: nothing; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.nothing  FROM stdin;
\.


--
-- Data for Name: setval; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.setval (setval) FROM stdin;
1
\.


--
-- Data for Name: ticket; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.ticket (no, what) FROM stdin;
1000	one
1001	two
\.


--
-- Name: line break "quoted" back\slash; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."line
break ""quoted"" back\slash"', 8, true);


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
-- Name: 4711; Type: BLOB METADATA; Schema: -; Owner: owner
--

SELECT pg_catalog.lo_create('4711');

ALTER LARGE OBJECT 4711 OWNER TO owner;

--
-- Data for Name: 4711; Type: BLOBS; Schema: -; Owner: owner
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x0a53454c4543542070675f636174616c6f672e73657476616c2827626173652e637573746f6d65725f69645f736571272c20362c2074727565293b0a');
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

\unrestrict wzEartP34EiR0L14MBk1I4sx0N04H5oNUyfNfdeDUtIKaNhoEdd8kAcZewO4Vut

