import pytest

from runner.sql.classify import classify
from runner.sql.grammar import parse
from runner.sql.needs import needs_of


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT * FROM a JOIN s.b USING (id)", ["a SELECT", "s.b SELECT"]),
        ("WITH c AS (SELECT 1) SELECT * FROM c", []),
        ("UPDATE a SET v = 1", ["a UPDATE"]),
        ("UPDATE a SET v = 1 WHERE id = 2", ["a UPDATE", "a SELECT"]),
        ("DELETE FROM a USING b WHERE a.id = b.id", ["a DELETE", "a SELECT", "b SELECT"]),
        ("INSERT INTO a SELECT * FROM b", ["a INSERT", "b SELECT"]),
        ("COPY a FROM STDIN", ["a INSERT"]),
        ("TRUNCATE a, b", ["a TRUNCATE", "b TRUNCATE"]),
        ("ALTER TABLE a ADD FOREIGN KEY (v) REFERENCES b", ["a OWNER"]),
        ("CREATE INDEX ON a (v)", ["a OWNER"]),
        ("DROP TABLE a", ["a OWNER"]),
        ("COMMENT ON TABLE \"A b\" IS 'x'", ['"A b" OWNER']),
        ("VACUUM a", ["a MAINTAIN"]),
        ("REINDEX TABLE CONCURRENTLY a", ["a MAINTAIN"]),
        ("REFRESH MATERIALIZED VIEW m", ["m MAINTAIN"]),
        ("CREATE TABLE a (id int); INSERT INTO a VALUES (1)", []),
        ("CREATE TABLE a AS SELECT * FROM b", ["b SELECT"]),
        ("WITH gone AS (DELETE FROM a RETURNING 1) SELECT * FROM gone", ["a DELETE"]),
        ("GRANT SELECT ON a TO x", []),
    ],
)
def test_a_statement_needs_its_own_privileges(sql, wanted):
    found = needs_of([classify(each) for each in parse(sql)])
    assert sorted(f"{need.relation} {need.privilege}" for need in found) == sorted(wanted)
