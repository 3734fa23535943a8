"""Random operations on a small document, many of which do not fit when their turn comes."""

from hypothesis import strategies as st

from tests.builders import node

IDS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.one_of(st.integers(0, 3), st.none(), st.just({"deep": 1}), st.just([1, 2]))
PATHS = st.sampled_from([["x"], ["y"], ["x", "deep"], ["list", 0], ["list"]])
NOTE_IDS = st.sampled_from(["m", "n"])
NOTES = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["", "one", "two"]),
        "colour": st.sampled_from(["amber", "red"]),
        "position": st.builds(lambda x: {"x": x, "y": 0}, st.integers(0, 2)),
        "width": st.sampled_from([220, 300]),
    },
)
OPERATION = st.one_of(
    st.builds(lambda i: {"op": "add_node", "node": node("task", i)}, IDS),
    st.builds(lambda i: {"op": "remove_node", "id": i}, IDS),
    st.builds(
        lambda i, p, v: {"op": "set_config", "id": i, "path": p, "value": v}, IDS, PATHS, VALUES
    ),
    st.builds(lambda i, p: {"op": "set_config", "id": i, "path": p, "remove": True}, IDS, PATHS),
    st.builds(
        lambda i, x: {"op": "update_node", "id": i, "changes": {"position": {"x": x, "y": 0}}},
        IDS,
        st.integers(0, 5),
    ),
    st.builds(lambda i, n: {"op": "rename_node", "id": i, "name": n}, IDS, st.sampled_from("pqr")),
    st.builds(
        lambda s, t: {"op": "add_edge", "edge": {"id": f"{s}{t}", "source": s, "target": t}},
        IDS,
        IDS,
    ),
    st.builds(lambda s, t: {"op": "remove_edge", "id": f"{s}{t}"}, IDS, IDS),
    st.builds(lambda n: {"op": "update_workflow", "name": n}, st.sampled_from(["one", "two"])),
    st.builds(
        lambda t, n: {"op": "update_workflow", "description": t, "settings": {"concurrency": n}},
        st.sampled_from(["", "said"]),
        st.one_of(st.integers(1, 3), st.none()),
    ),
    st.builds(
        lambda i, p: {"op": "update_node", "id": i, "changes": {"parent": p}},
        IDS,
        st.one_of(st.just("c"), st.none()),
    ),
    st.builds(
        lambda i, n: {"op": "put_sticky_note", "sticky_note": {"id": i, **n}}, NOTE_IDS, NOTES
    ),
    st.builds(lambda i, n: {"op": "update_sticky_note", "id": i, "changes": n}, NOTE_IDS, NOTES),
    st.builds(lambda i: {"op": "remove_sticky_note", "id": i}, NOTE_IDS),
)
BATCHES = st.lists(st.lists(OPERATION, min_size=1, max_size=4), max_size=25)
