from flowstudio.store.dialect import for_psycopg, values_for_psycopg

FIND = (
    "SELECT id FROM run WHERE slug=? AND id IN (SELECT value FROM json_each(?)) AND slug<>'?'"
    " AND queue IN (SELECT value FROM json_each(?)) AND depth=?"
)


def test_postgres_is_given_the_lists_among_the_values_as_lists():
    assert for_psycopg(FIND) == (
        b"SELECT id FROM run WHERE slug=%s AND id = ANY(%s) AND slug<>'?'"
        b" AND queue = ANY(%s) AND depth=%s"
    )
    given = values_for_psycopg(FIND, ("[]", '["a", "b"]', "[]", 0))
    assert given == ["[]", ["a", "b"], [], 0]


def test_a_statement_without_lists_keeps_its_values():
    values = ("[1]", 2)
    assert values_for_psycopg("UPDATE run SET inputs=? WHERE epoch=?", values) is values
