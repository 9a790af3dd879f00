--
-- PostgreSQL database dump
--

\restrict Ndhx6pd6o8OqgsjdqIoB58s9xxUcGpeUyVYdDlcIXUoRCzJYNQgIvZW63OJKWGn

-- Dumped from database version 14.23
-- Dumped by pg_dump version 14.23

-- Started on 2026-11-23 21:31:55 UTC

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- TOC entry 6 (class 2615 OID 16388)
-- Name: We.ird; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA "We.ird";


ALTER SCHEMA "We.ird" OWNER TO owner;

--
-- TOC entry 9 (class 2615 OID 16385)
-- Name: base; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA base;


ALTER SCHEMA base OWNER TO owner;

--
-- TOC entry 4 (class 2615 OID 16386)
-- Name: env_a; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA env_a;


ALTER SCHEMA env_a OWNER TO owner;

--
-- TOC entry 7 (class 2615 OID 16387)
-- Name: env_b; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA env_b;


ALTER SCHEMA env_b OWNER TO owner;

--
-- TOC entry 239 (class 1255 OID 16467)
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
-- TOC entry 214 (class 1259 OID 16390)
-- Name: customer; Type: TABLE; Schema: base; Owner: owner
--

CREATE TABLE base.customer (
    id integer NOT NULL,
    tenant text NOT NULL,
    setting text
);


ALTER TABLE base.customer OWNER TO owner;

--
-- TOC entry 213 (class 1259 OID 16389)
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
-- TOC entry 2626 (class 0 OID 0)
-- Dependencies: 213
-- Name: customer_id_seq; Type: SEQUENCE OWNED BY; Schema: base; Owner: owner
--

ALTER SEQUENCE base.customer_id_seq OWNED BY base.customer.id;


--
-- TOC entry 238 (class 1255 OID 16466)
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
-- TOC entry 228 (class 1259 OID 16437)
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
-- TOC entry 225 (class 1259 OID 16428)
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
-- TOC entry 224 (class 1259 OID 16427)
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
-- TOC entry 226 (class 1259 OID 16429)
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
-- TOC entry 219 (class 1259 OID 16422)
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
-- TOC entry 222 (class 1259 OID 16425)
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
-- TOC entry 220 (class 1259 OID 16423)
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
-- TOC entry 221 (class 1259 OID 16424)
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
-- TOC entry 215 (class 1259 OID 16398)
-- Name: customer; Type: TABLE; Schema: env_a; Owner: owner
--

CREATE TABLE env_a.customer (
)
INHERITS (base.customer);


ALTER TABLE env_a.customer OWNER TO owner;

--
-- TOC entry 216 (class 1259 OID 16406)
-- Name: customer; Type: TABLE; Schema: env_b; Owner: owner
--

CREATE TABLE env_b.customer (
)
INHERITS (base.customer);


ALTER TABLE env_b.customer OWNER TO owner;

--
-- TOC entry 223 (class 1259 OID 16426)
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
-- TOC entry 231 (class 1259 OID 16449)
-- Name: measure; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.measure (
    at date NOT NULL,
    v integer
)
PARTITION BY RANGE (at);


ALTER TABLE public.measure OWNER TO owner;

--
-- TOC entry 232 (class 1259 OID 16452)
-- Name: measure_2026; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.measure_2026 (
    at date NOT NULL,
    v integer
);


ALTER TABLE public.measure_2026 OWNER TO owner;

--
-- TOC entry 234 (class 1259 OID 16461)
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
-- TOC entry 227 (class 1259 OID 16430)
-- Name: notes; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.notes (
    id integer NOT NULL,
    body text,
    raw bytea
);


ALTER TABLE public.notes OWNER TO owner;

--
-- TOC entry 2627 (class 0 OID 0)
-- Dependencies: 227
-- Name: TABLE notes; Type: COMMENT; Schema: public; Owner: owner
--

COMMENT ON TABLE public.notes IS '
SELECT pg_catalog.setval(''base.customer_id_seq'', 4, true);
-- Name: ghost; Type: TABLE; Schema: public; Owner: nobody
';


--
-- TOC entry 230 (class 1259 OID 16446)
-- Name: nothing; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.nothing (
);


ALTER TABLE public.nothing OWNER TO owner;

--
-- TOC entry 229 (class 1259 OID 16443)
-- Name: setval; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.setval (
    setval integer
);


ALTER TABLE public.setval OWNER TO owner;

--
-- TOC entry 218 (class 1259 OID 16415)
-- Name: ticket; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.ticket (
    no bigint NOT NULL,
    what text
);


ALTER TABLE public.ticket OWNER TO owner;

--
-- TOC entry 217 (class 1259 OID 16414)
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
-- TOC entry 233 (class 1259 OID 16455)
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
-- TOC entry 2441 (class 0 OID 0)
-- Name: measure_2026; Type: TABLE ATTACH; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.measure ATTACH PARTITION public.measure_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- TOC entry 2442 (class 2604 OID 16393)
-- Name: customer id; Type: DEFAULT; Schema: base; Owner: owner
--

ALTER TABLE ONLY base.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- TOC entry 2443 (class 2604 OID 16401)
-- Name: customer id; Type: DEFAULT; Schema: env_a; Owner: owner
--

ALTER TABLE ONLY env_a.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- TOC entry 2444 (class 2604 OID 16409)
-- Name: customer id; Type: DEFAULT; Schema: env_b; Owner: owner
--

ALTER TABLE ONLY env_b.customer ALTER COLUMN id SET DEFAULT nextval('base.customer_id_seq'::regclass);


--
-- TOC entry 2619 (class 2613 OID 4711)
-- Name: 4711; Type: BLOB; Schema: -; Owner: owner
--

SELECT pg_catalog.lo_create('4711');


ALTER LARGE OBJECT 4711 OWNER TO owner;

--
-- TOC entry 2614 (class 0 OID 16437)
-- Dependencies: 228
-- Data for Name: Ta ble; x; Type: TABLE DATA; Schema: We.ird; Owner: owner
--

INSERT INTO "We.ird"."Ta ble; x" ("Co""l", "select") VALUES ('
SELECT pg_catalog.setval(''base.customer_id_seq'', 3, true);
', 1);


--
-- TOC entry 2600 (class 0 OID 16390)
-- Dependencies: 214
-- Data for Name: customer; Type: TABLE DATA; Schema: base; Owner: owner
--



--
-- TOC entry 2601 (class 0 OID 16398)
-- Dependencies: 215
-- Data for Name: customer; Type: TABLE DATA; Schema: env_a; Owner: owner
--

INSERT INTO env_a.customer (id, tenant, setting) VALUES (1, 'a', 's1');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (2, 'a', 's2');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (3, 'a', 's3');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (4, 'a', 's4');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (5, 'a', 's5');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (6, 'a', 's6');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (7, 'a', 's7');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (8, 'a', 's8');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (9, 'a', 's9');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (10, 'a', 's10');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (11, 'a', 's11');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (12, 'a', 's12');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (13, 'a', 's13');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (14, 'a', 's14');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (15, 'a', 's15');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (16, 'a', 's16');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (17, 'a', 's17');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (18, 'a', 's18');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (19, 'a', 's19');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (20, 'a', 's20');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (21, 'a', 's21');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (22, 'a', 's22');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (23, 'a', 's23');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (24, 'a', 's24');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (25, 'a', 's25');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (26, 'a', 's26');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (27, 'a', 's27');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (28, 'a', 's28');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (29, 'a', 's29');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (30, 'a', 's30');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (31, 'a', 's31');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (32, 'a', 's32');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (33, 'a', 's33');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (34, 'a', 's34');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (35, 'a', 's35');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (36, 'a', 's36');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (37, 'a', 's37');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (38, 'a', 's38');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (39, 'a', 's39');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (40, 'a', 's40');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (41, 'a', 's41');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (42, 'a', 's42');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (43, 'a', 's43');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (44, 'a', 's44');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (45, 'a', 's45');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (46, 'a', 's46');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (47, 'a', 's47');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (48, 'a', 's48');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (49, 'a', 's49');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (50, 'a', 's50');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (51, 'a', 's51');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (52, 'a', 's52');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (53, 'a', 's53');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (54, 'a', 's54');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (55, 'a', 's55');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (56, 'a', 's56');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (57, 'a', 's57');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (58, 'a', 's58');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (59, 'a', 's59');
INSERT INTO env_a.customer (id, tenant, setting) VALUES (60, 'a', 's60');


--
-- TOC entry 2602 (class 0 OID 16406)
-- Dependencies: 216
-- Data for Name: customer; Type: TABLE DATA; Schema: env_b; Owner: owner
--

INSERT INTO env_b.customer (id, tenant, setting) VALUES (61, 'b', 's1');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (62, 'b', 's2');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (63, 'b', 's3');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (64, 'b', 's4');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (65, 'b', 's5');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (66, 'b', 's6');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (67, 'b', 's7');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (68, 'b', 's8');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (69, 'b', 's9');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (70, 'b', 's10');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (71, 'b', 's11');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (72, 'b', 's12');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (73, 'b', 's13');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (74, 'b', 's14');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (75, 'b', 's15');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (76, 'b', 's16');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (77, 'b', 's17');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (78, 'b', 's18');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (79, 'b', 's19');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (80, 'b', 's20');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (81, 'b', 's21');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (82, 'b', 's22');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (83, 'b', 's23');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (84, 'b', 's24');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (85, 'b', 's25');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (86, 'b', 's26');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (87, 'b', 's27');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (88, 'b', 's28');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (89, 'b', 's29');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (90, 'b', 's30');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (91, 'b', 's31');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (92, 'b', 's32');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (93, 'b', 's33');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (94, 'b', 's34');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (95, 'b', 's35');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (96, 'b', 's36');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (97, 'b', 's37');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (98, 'b', 's38');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (99, 'b', 's39');
INSERT INTO env_b.customer (id, tenant, setting) VALUES (100, 'b', 's40');


--
-- TOC entry 2617 (class 0 OID 16452)
-- Dependencies: 232
-- Data for Name: measure_2026; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.measure_2026 (at, v) VALUES ('2026-03-04', 5);


--
-- TOC entry 2613 (class 0 OID 16430)
-- Dependencies: 227
-- Data for Name: notes; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.notes (id, body, raw) VALUES (1, 'plain', '\x00ff5c2e0a');
INSERT INTO public.notes (id, body, raw) VALUES (2, 'tab	here
SELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);
\.
end', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (3, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 1, true);', '\x');
INSERT INTO public.notes (id, body, raw) VALUES (4, '\.', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (5, NULL, NULL);
INSERT INTO public.notes (id, body, raw) VALUES (6, '', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (7, 'it''s \'' a trap\\''; -- not a comment /* nor this $$ COPY x FROM stdin;', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (8, '--
-- PostgreSQL database dump complete
--

', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (9, 'carriage
return v', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (10, '日本語', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (11, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (12, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (13, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (14, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (15, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (16, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (17, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (18, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (19, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (20, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (21, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (22, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (23, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (24, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (25, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (26, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (27, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (28, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (29, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);
INSERT INTO public.notes (id, body, raw) VALUES (30, 'SELECT pg_catalog.setval(''base.customer_id_seq'', 2, true);
', NULL);


--
-- TOC entry 2616 (class 0 OID 16446)
-- Dependencies: 230
-- Data for Name: nothing; Type: TABLE DATA; Schema: public; Owner: owner
--



--
-- TOC entry 2615 (class 0 OID 16443)
-- Dependencies: 229
-- Data for Name: setval; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.setval (setval) VALUES (1);


--
-- TOC entry 2604 (class 0 OID 16415)
-- Dependencies: 218
-- Data for Name: ticket; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.ticket (no, what) OVERRIDING SYSTEM VALUE VALUES (1000, 'one');
INSERT INTO public.ticket (no, what) OVERRIDING SYSTEM VALUE VALUES (1001, 'two');


--
-- TOC entry 2628 (class 0 OID 0)
-- Dependencies: 225
-- Name: line break "quoted" back\slash; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."line
break ""quoted"" back\slash"', 8, true);


--
-- TOC entry 2629 (class 0 OID 0)
-- Dependencies: 224
-- Name: semi; Type: TABLE; Schema: x; Owner: y; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."semi; Type: TABLE; Schema: x; Owner: y"', 7, true);


--
-- TOC entry 2630 (class 0 OID 0)
-- Dependencies: 226
-- Name: 顧客_seq; Type: SEQUENCE SET; Schema: We.ird; Owner: owner
--

SELECT pg_catalog.setval('"We.ird"."顧客_seq"', 9, true);


--
-- TOC entry 2631 (class 0 OID 0)
-- Dependencies: 219
-- Name: countdown; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.countdown', -7, true);


--
-- TOC entry 2632 (class 0 OID 0)
-- Dependencies: 213
-- Name: customer_id_seq; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.customer_id_seq', 100, true);


--
-- TOC entry 2633 (class 0 OID 0)
-- Dependencies: 222
-- Name: highest; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.highest', 9223372036854775807, true);


--
-- TOC entry 2634 (class 0 OID 0)
-- Dependencies: 220
-- Name: never_called; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.never_called', 1, false);


--
-- TOC entry 2635 (class 0 OID 0)
-- Dependencies: 221
-- Name: set_but_not_called; Type: SEQUENCE SET; Schema: base; Owner: owner
--

SELECT pg_catalog.setval('base.set_but_not_called', 500, false);


--
-- TOC entry 2636 (class 0 OID 0)
-- Dependencies: 223
-- Name: Odd Name's; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public."Odd Name''s"', 42, true);


--
-- TOC entry 2637 (class 0 OID 0)
-- Dependencies: 217
-- Name: ticket_no_seq; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public.ticket_no_seq', 1001, true);


--
-- TOC entry 2620 (class 0 OID 0)
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x0a53454c4543542070675f636174616c6f672e73657476616c2827626173652e637573746f6d65725f69645f736571272c20362c2074727565293b0a');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- TOC entry 2447 (class 2606 OID 16397)
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: base; Owner: owner
--

ALTER TABLE ONLY base.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- TOC entry 2449 (class 2606 OID 16405)
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: env_a; Owner: owner
--

ALTER TABLE ONLY env_a.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- TOC entry 2451 (class 2606 OID 16413)
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: env_b; Owner: owner
--

ALTER TABLE ONLY env_b.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- TOC entry 2455 (class 2606 OID 16436)
-- Name: notes notes_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);


--
-- TOC entry 2453 (class 2606 OID 16421)
-- Name: ticket ticket_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.ticket
    ADD CONSTRAINT ticket_pkey PRIMARY KEY (no);


--
-- TOC entry 2598 (class 2618 OID 16465)
-- Name: named twice; Type: RULE; Schema: public; Owner: owner
--

CREATE RULE twice AS
    ON INSERT TO public.named DO INSTEAD ( INSERT INTO public.nothing DEFAULT VALUES;
 SELECT setval('base.highest'::regclass, (5)::bigint) AS setval;
);


--
-- TOC entry 2456 (class 2620 OID 16468)
-- Name: ticket noted; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER noted AFTER INSERT ON public.ticket FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger();

ALTER TABLE public.ticket DISABLE TRIGGER noted;


--
-- TOC entry 2618 (class 0 OID 16455)
-- Dependencies: 233 2622
-- Name: totals; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: owner
--

REFRESH MATERIALIZED VIEW public.totals;


-- Completed on 2026-11-23 21:31:55 UTC

--
-- PostgreSQL database dump complete
--

\unrestrict Ndhx6pd6o8OqgsjdqIoB58s9xxUcGpeUyVYdDlcIXUoRCzJYNQgIvZW63OJKWGn

