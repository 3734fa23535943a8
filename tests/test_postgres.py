"""The cluster that tests start."""

import psycopg
import pytest


def numbers(url):
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM thing ORDER BY id")]


def test_a_database_is_a_copy_of_its_template_and_gone_afterwards(postgres, empty_postgres):
    with psycopg.connect(empty_postgres) as connection:
        connection.execute("CREATE TABLE thing (id integer)")
        connection.execute("INSERT INTO thing VALUES (1)")
        template = connection.info.dbname
    with postgres.database(template) as url:
        assert numbers(url) == [1]
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        numbers(url)


def test_what_is_committed_survives_a_crash_of_the_server(postgres, empty_postgres):
    with psycopg.connect(empty_postgres) as connection:
        connection.execute("CREATE TABLE thing (id integer)")
    lost = psycopg.connect(empty_postgres, autocommit=True)
    lost.execute("INSERT INTO thing VALUES (1)")
    postgres.restart()
    with pytest.raises(psycopg.OperationalError):
        lost.execute("INSERT INTO thing VALUES (2)")
    lost.close()
    assert numbers(empty_postgres) == [1]
