"""Expressions and code that try to reach what they may not.

The letters are the rows of the attack table in docs/attacks.md.
"""

import ast
import json
from pathlib import Path

import pytest

import flowstudio
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.graph.references import parse_template
from tests.processes import environment, expression_workers
from tests.refusals import evaluate, refused, refused_code

TREE = Path(flowstudio.__file__).parent


@pytest.fixture
def canary(tmp_path) -> Path:
    """A file that must not be read."""
    file = tmp_path / "canary.txt"
    file.write_text("sk-CANARY-file")
    return file


@pytest.mark.parametrize(
    "source",
    [
        "().__class__.__bases__[0].__subclasses__()",
        "''.__class__",
        "node.__dict__",
        "node._private",
        "(lambda __x: 1)",
        "[__x for __x in (1,)]",
        "dict(__class__=1)",
        "__builtins__",
        "_get(node, 'a', '')",
        "_names",
        "_json.dumps",
    ],
    ids="A1-{}".format,
)
async def test_underscored_names_are_refused_before_anything_runs(sandbox, source):
    before = sandbox.exchanges
    assert "names starting with _ are refused" in await refused(sandbox, source, node={"a": 1})
    assert sandbox.exchanges == before


@pytest.mark.parametrize(
    "code",
    ["().__class__.__bases__[0].__subclasses__()", "f'{().__class__}'"],
    ids="A1-code-{}".format,
)
async def test_the_engine_alone_has_no_such_attributes(sandbox, code):
    assert "AttributeError" in await refused_code(sandbox, code)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("'{0.__class__.__init__.__globals__}'.format(node)", "no attribute '__class__'"),
        ("'{x.__class__}'.format(x=1)", "no attribute '__class__'"),
        ("'{0[__class__]}'.format(node)", "no key '__class__'"),
        ("'{:{1.__class__}}'.format(1, 2)", "ValueError"),
        ("f'{node!r}'.format_map(node)", "no attribute 'format_map'"),
    ],
    ids=lambda value: f"A2-{value}",
)
async def test_formatting_reaches_no_attributes(sandbox, source, reason):
    assert reason in await refused(sandbox, source, node={"a": 1})


@pytest.mark.parametrize(
    "source",
    [
        "getattr((), '__cl' + 'ass__')",
        "getattr(len, '__self__')",
        "getattr({}, '__init__')",
        "[getattr(node, name) for name in ('__cl' + 'ass__',)]",
    ],
    ids="A3-{}".format,
)
async def test_getattr_finds_no_hidden_attributes(sandbox, source):
    assert "AttributeError" in await refused(sandbox, source, node={"a": 1})


@pytest.mark.parametrize(
    "source",
    [
        "eval('__imp' + 'ort__(\"os\").system(\"id\")')",
        "open('{canary}').read()",
        "open('{canary}', 'w').write('x')",
        "eval('open(\"{canary}\").read()')",
        "eval('ex' + 'it()')",
        "compile('1', '', 'eval')",
        "input()",
        "breakpoint()",
        "globals()",
        "memoryview(b'x')",
    ],
    ids="A4-{}".format,
)
async def test_expressions_have_no_files_and_no_processes(sandbox, source, canary):
    message = await refused(sandbox, source.replace("{canary}", str(canary)))
    assert "sk-CANARY" not in message
    assert canary.read_text() == "sk-CANARY-file"


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('id')",
        "eval(\"__import__('os')\")",
        "exec('import subprocess')",
        "open('{canary}').read()",
        "open('{canary}', 'w').write('x')",
        "import subprocess",
        "import socket",
        "import ctypes",
        "import urllib.request",
        "import http.client",
        "import pickle",
        "import multiprocessing",
        "import importlib",
        "import os\nos.system('id')",
        "import os\nos.listdir('/')",
        "import os\nos.kill(1, 9)",
        "import os\nos.fork()",
        "import sys\nsys.modules",
        "import sys\nsys.exit(1)",
        "from pathlib import Path\nPath('{canary}').read_text()",
        "from pathlib import Path\nlist(Path('/').iterdir())",
        "from pathlib import Path\nPath('{canary}').unlink()",
    ],
    ids="A4-code-{}".format,
)
async def test_code_has_no_files_no_network_and_no_processes(sandbox, code, canary):
    message = await refused_code(sandbox, code.replace("{canary}", str(canary)))
    assert "sk-CANARY" not in message
    assert canary.read_text() == "sk-CANARY-file"


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    1/0\nexcept Exception as e:\n    x = e.__traceback__.tb_frame.f_globals\nx",
        "def f():\n    pass\nf.__globals__",
        "def f():\n    pass\nf.__code__",
        "(lambda: 1).__closure__",
        "async def f():\n    pass\nf().cr_frame",
    ],
    ids="A5-{}".format,
)
async def test_frames_and_functions_show_nothing_of_the_host(sandbox, code):
    assert "AttributeError" in await refused_code(sandbox, code)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    ().zork\nexcept AttributeError as e:\n    x = e.obj.__class__\nx",
        "try:\n    ().zork\nexcept AttributeError as e:\n    x = e.__context__.__class__\nx",
        "try:\n    zork\nexcept NameError as e:\n    x = e.__reduce__()\nx",
    ],
    ids="A6-{}".format,
)
async def test_errors_carry_no_objects_of_the_host(sandbox, code):
    assert "AttributeError" in await refused_code(sandbox, code)


@pytest.mark.parametrize(
    "attribute", ["__globals__", "__self__", "__code__", "__module__"], ids="A7-{}".format
)
@pytest.mark.parametrize("helper", ["_write", "_plain", "_json", "_json.dumps", "len", "print"])
async def test_helpers_in_scope_open_no_door(sandbox, helper, attribute):
    assert "AttributeError" in await refused_code(sandbox, f"{helper}.{attribute}")


@pytest.mark.parametrize(
    "source",
    [
        "self.init",
        "cycler.init.globals.os",
        "config",
        "request.application",
        "namespace",
        "lipsum()",
    ],
    ids="A8-{}".format,
)
async def test_there_are_no_names_of_a_template_engine(sandbox, source):
    assert "is not known here" in await refused(sandbox, source)


@pytest.mark.parametrize(
    "data",
    ["{{7*7}}", "{{ 7 * 7 }}", "${7*7}", "{% 7 %}", "#{7*7}", "{{ secret }}", "}}{{ 7 * 7 }}"],
    ids="A8-data-{}".format,
)
async def test_data_is_never_evaluated_again(sandbox, data):
    texts = [
        "{{ page.text }}",
        "<{{ page.text }}>",
        "{{ page.text + '' }}",
        "{{ [page.text][0] }}!",
    ]
    templates = [parse_template(text) for text in texts]
    values = await sandbox.resolve(templates, {"page": {"text": data}, "secret": "sk-CANARY"})
    assert values == [data, f"<{data}>", data, f"{data}!"]


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ",
        "import os\nos.environ['SECRET_KEY']",
        "import os\nos.getenv('SECRET_KEY')",
        "import os\nos.environ.get('SECRET_KEY', '')",
        "open('/proc/self/environ').read()",
        "open('/proc/1/environ').read()",
    ],
    ids="A9-{}".format,
)
async def test_the_environment_is_not_there(sandbox, code, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "sk-CANARY-env")
    assert "sk-CANARY" not in await refused_code(sandbox, code)


@pytest.mark.parametrize((), [pytest.param(id="A9-process")])
async def test_a_worker_knows_no_secret_of_the_server(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "sk-CANARY-env")
    before = expression_workers()
    async with Sandbox(processes=1) as fresh:
        await fresh.open()
        (worker,) = expression_workers() - before
        # Bubblewrap says where it is: in the root of a file system that holds nothing.
        assert environment(worker) <= {b"PWD=/"}


@pytest.mark.parametrize(
    "data",
    [
        {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]},
        {"__class__": "os.system", "__reduce__": ["id"]},
        {"py/object": "os.system", "$ref": "#/x", "__proto__": {"x": 1}},
        "cos\nsystem\n(S'id'\ntR.",
        "!!python/object/apply:os.system ['id']",
    ],
    ids=["A11-langchain", "A11-class", "A11-jsonpickle", "A11-pickle", "A11-yaml"],
)
async def test_data_that_names_objects_stays_plain_json(sandbox, data):
    assert await evaluate(sandbox, "dict(v=node)['v']", node=data) == data
    assert await sandbox.run_code("node", {"node": data}) == data
    assert await evaluate(sandbox, "json.loads(text)", text=json.dumps(data)) == data


@pytest.mark.parametrize("source", [pytest.param(TREE, id="A11-tree")])
def test_a28c_nothing_in_the_tree_turns_data_into_objects_or_text_into_code(source):
    found = [
        f"{file}:{node.lineno}"
        for file in source.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if _makes_objects_of_data(node)
    ]
    assert found == []


def test_a28b_a28d_only_what_was_meant_to_opens_archives_and_xml():
    openers = {"zipfile", "tarfile", "shutil.unpack_archive", "xml", "lxml", "defusedxml"}
    found = {
        (str(file.relative_to(TREE)), name)
        for file in TREE.rglob("*.py")
        for name in _imported(ast.parse(file.read_text()))
        if name.split(".")[0] in openers
    }
    assert found == {
        # The weights of the built-in model: one file, of a size and a hash that are known.
        ("llm/install.py", "zipfile"),
        # Backups, entry by entry: only the names, kinds and sizes that the manifest tells of.
        ("services/backup_archive.py", "tarfile"),
        ("nodes/outgoing/feeds.py", "defusedxml.common"),
        ("nodes/outgoing/feeds.py", "defusedxml.ElementTree"),
        ("nodes/outgoing/feeds.py", "xml.etree.ElementTree"),
    }


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def _makes_objects_of_data(node: ast.AST) -> bool:
    modules = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "cloudpickle", "yaml"}
    if isinstance(node, ast.Import):
        return any(name.name.split(".")[0] in modules for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in modules
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called in {"eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load"}
    return False
