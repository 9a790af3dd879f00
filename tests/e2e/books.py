"""Runbooks of the tests, each small and about one thing."""

ASKS = """\
shisa: 1
id: shift
title: Begin the night shift
owner: ops
rank: C
params:
  who: {type: string, description: who is on duty}
targets:
  live: {description: the database customers use}
steps:
  - id: look
    title: Look at the graphs
    manual: Is the load low?
    expected: It is.
    effects: none
  - id: begin
    title: Note who is on duty
    target: live
    sql: CREATE TABLE shift AS SELECT :'who' AS who
    rollback: {sql: DROP TABLE shift}
"""

RESTORE = """\
shisa: 1
id: bring-back
title: Bring the customers of the backup back
owner: ops
rank: S
params:
  backup: {type: path, description: a pg_dump archive}
targets:
  live: {description: the database customers use}
steps:
  - id: begin
    title: Note that it begins
    target: live
    sql: CREATE TABLE IF NOT EXISTS begun AS SELECT 1 AS n
    rollback: {sql: DROP TABLE begun}
  - id: restore
    title: Bring the customers back
    target: live
    restore: {from: "{{ backup }}", schemas: [public], section: data, sequences: from-backup}
    guards:
      before:
        - {check: sequence-drift, with: {backup: "{{ backup }}"}}
    approval: cross-review
    no_rollback: rows that were brought back are told apart from others only by hand
"""
CUSTOMERS = """
CREATE TABLE customer (id serial PRIMARY KEY, name text);
INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(1, 20) AS n;
"""
MORE_CUSTOMERS = "INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(21, 30) AS n"

VAULT = """\
shisa: 1
id: vault
title: Put the password away
owner: ops
rank: C
params:
  password: {type: secret, description: the new password}
targets:
  live: {description: the database customers use}
steps:
  - id: store
    title: Store it
    target: live
    sql: CREATE TABLE vault AS SELECT :'password' AS word
    rollback: {sql: DROP TABLE vault}
  - id: misuse
    title: Take it for a number
    target: live
    sql: CREATE TABLE number AS SELECT CAST(:'password' AS integer) AS n
    rollback: {sql: DROP TABLE number}
"""
