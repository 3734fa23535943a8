"""Expressions as the sandbox runs them: a dot on an object becomes a look-up of its key.

`search.results[0].title.upper()` becomes `_get(_get(search, 'results', …)[0], 'title', …).upper()`.
The source is parsed and written anew, never executed here.
"""

import ast
from functools import lru_cache

from flowstudio.errors import ExpressionError
from flowstudio.graph.references import parse_tree

#: Defined by the sandbox's prelude; a user cannot name it, for underscored names are refused.
LOOK_UP = "_get"
SHOWN_LENGTH = 60


@lru_cache(maxsize=8192)
def rewrite(source: str) -> str:
    """One expression in the sandbox's language.

    Raises:
        ExpressionError: not valid Python, too long or deep, or it uses a refused name.
    """
    tree = parse_tree(source)
    try:
        return ast.unparse(ast.fix_missing_locations(_Dots(source.strip()).visit(tree)))
    except RecursionError as error:
        raise ExpressionError(f"`{brief(source)}` is nested too deeply.") from error


def brief(source: str) -> str:
    """A source short enough for a message, on one line."""
    text = " ".join(source.split())
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


class _Dots(ast.NodeTransformer):
    def __init__(self, source: str) -> None:
        self._source = source.encode()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):
            # A method belongs to the value itself, so only what stands before it is rewritten.
            node.func.value = self.visit(node.func.value)
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        shown = self._written(node.value)
        node.value = self.visit(node.value)
        if not isinstance(node.ctx, ast.Load):
            return node
        name = ast.Name(LOOK_UP, ast.Load())
        return ast.Call(name, [node.value, ast.Constant(node.attr), ast.Constant(shown)], [])

    def _written(self, node: ast.expr) -> str:
        if node.lineno != 1 or node.end_lineno != 1:
            return "this"
        return brief(self._source[node.col_offset : node.end_col_offset].decode())
