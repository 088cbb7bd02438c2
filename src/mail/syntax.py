"""From a template's source to what runs in the sandbox: refusals, needed names, and the meter's hooks.

The promise: what cannot work for anybody is refused when the job is made, with the line; and the names a template
needs are known before anyone is mailed. A name is needed unless every use of it is safe without it: as the operand
of `is defined` or `default`, or where such a test has made sure of it.
"""

from collections.abc import Iterable
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.visitor import NodeTransformer

from core.errors import TemplateRefused
from mail.budget import UNIT_SIZE
from mail.sandbox import EACH, HOLE, SHOWN, SPEND, WEIGHED, sandbox

_MAX_DEPTH = 60  # of a template's tree

_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Include: "a mail is one template; it cannot include another",
    nodes.Import: "a mail is one template; it cannot import another",
    nodes.FromImport: "a mail is one template; it cannot import another",
    nodes.Extends: "a mail is one template; it cannot extend another",
    nodes.Block: "a mail is one template; it has no blocks to override",
    nodes.ScopedEvalContextModifier: "escaping cannot be switched off; use the filter 'safe' on trusted HTML",
}


def compile_part(field: str, source: str, leave_holes: bool) -> tuple[Template, frozenset[str]]:
    """The runnable template and the names it needs. `field` "html" is escaped; with `leave_holes` it renders a
    skeleton (`plain_text.py`). Raises `TemplateRefused`."""
    environment = sandbox()
    try:
        tree = environment.parse(source, field)
        _refuse(tree)
        _Meter(leave_holes).visit(tree)
        template = Template.from_code(environment, environment.compile(tree, field), environment.globals)
        return template, _needed(environment.parse(source, field))
    except TemplateSyntaxError as error:
        raise TemplateRefused(field, f"line {error.lineno}: {error.message}") from None
    except SyntaxError as error:  # of the Python that was generated
        raise TemplateRefused(field, f"cannot be compiled: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise TemplateRefused(field, f"cannot be compiled: {error}") from None


def _refuse(tree: nodes.Template) -> None:
    """Level by level, so that a tree too deep for what visits it later is noticed without going down into it."""
    level: list[nodes.Node] = [tree]
    for _ in range(_MAX_DEPTH):
        for node in level:
            if complaint := _complaint(node):
                raise TemplateSyntaxError(complaint, node.lineno)
        level = [child for node in level for child in node.iter_child_nodes()]
    if level:
        raise TemplateSyntaxError("expressions or blocks are nested too deeply", level[0].lineno)


def _complaint(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.For) and node.recursive:
        return "a loop cannot be recursive"
    if isinstance(node, nodes.Getattr) and node.attr.startswith("__"):
        return f"the attribute '{node.attr}' is private"
    if isinstance(node, nodes.Filter) and node.name not in sandbox().filters:
        return f"there is no filter '{node.name}'"
    if isinstance(node, nodes.Test) and node.name not in sandbox().tests:
        return f"there is no test '{node.name}'"
    return _REFUSED.get(type(node))


class _Meter(NodeTransformer):
    """Inserts what `sandbox.py` counts by."""

    def __init__(self, leave_holes: bool) -> None:
        self._leave_holes = leave_holes

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        shown = HOLE if self._leave_holes else SHOWN
        node.nodes = [part if isinstance(part, nodes.TemplateData) else _filtered(part, shown) for part in node.nodes]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        units = _units(node)
        self.generic_visit(node)
        node.iter = _filtered(node.iter, EACH, units)
        return node

    def _visit_called(self, node: nodes.Macro | nodes.CallBlock) -> nodes.Node:
        units = _units(node)
        self._visit_captured(node)
        node.body.insert(0, nodes.ExprStmt(_filtered(nodes.Const(units, lineno=node.lineno), SPEND)))
        return node

    visit_Macro = visit_CallBlock = _visit_called

    def _visit_captured(self, node: nodes.Node) -> nodes.Node:
        """What is output in here is a value first: expressions look at it, so nothing can be left out."""
        before, self._leave_holes = self._leave_holes, False
        self.generic_visit(node)
        self._leave_holes = before
        return node

    visit_AssignBlock = visit_FilterBlock = _visit_captured

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _filtered(node.expr, WEIGHED)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, WEIGHED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        node.nodes = [_filtered(operand, WEIGHED) for operand in node.nodes]
        return node

    def _visit_list(self, node: nodes.List | nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        if not (isinstance(node, nodes.Tuple) and node.ctx != "load"):
            node.items = [_filtered(item, WEIGHED) for item in node.items]
        return node

    visit_List = visit_Tuple = _visit_list

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        node.key, node.value = _filtered(node.key, WEIGHED), _filtered(node.value, WEIGHED)
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:
        """What a namespace keeps is weighed, or one could be kept in the next without end."""
        self.generic_visit(node)
        if node.find(nodes.NSRef):
            node.node = _filtered(node.node, WEIGHED)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, WEIGHED)
        return node


def _filtered(node: Any, name: str, *arguments: int) -> nodes.Filter:
    values = [nodes.Const(argument, lineno=node.lineno) for argument in arguments]
    return nodes.Filter(node, name, values, [], None, None, lineno=node.lineno, environment=sandbox())


def _units(node: nodes.Node) -> int:
    """What running a body once costs: a unit a node, and its fixed text."""
    text = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    return sum(1 for _ in node.find_all(nodes.Node)) + text // UNIT_SIZE


def _needed(tree: nodes.Template) -> frozenset[str]:
    """Takes every safe use out of the tree, then lets Jinja2 say which names are left."""
    _SafeUses().visit(tree)
    tracker = meta.TrackingCodeGenerator(sandbox())
    tracker.optimizer = None  # it would work on what is missing
    tracker.visit(tree)
    used = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    used.update(reference.name for reference in tree.find_all(nodes.NSRef))
    return frozenset(tracker.undeclared_identifiers & used)


class _SafeUses(NodeTransformer):
    """Replaces the uses of a name that are safe where nobody supplied it, following what is known to be defined."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.ctx == "load":
            return _placeholder(node) if node.name in self._known else node
        self._known |= {node.name}
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        if node.name in ("defined", "undefined") and isinstance(node.node, nodes.Name):
            return _placeholder(node)
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.name in ("default", "d") and isinstance(node.node, nodes.Name):
            node.node = _placeholder(node)
        return self.generic_visit(node)

    def visit_And(self, node: nodes.And) -> nodes.Node:
        return self._visit_shortcut(node, True)

    def visit_Or(self, node: nodes.Or) -> nodes.Node:
        return self._visit_shortcut(node, False)

    def _visit_shortcut(self, node: nodes.And | nodes.Or, outcome: bool) -> nodes.Node:
        """The right side is evaluated only where the left side had this outcome."""
        before = self._known
        facts = _facts(node.left, outcome)
        node.left = self.visit(node.left)
        self._known = before | facts
        node.right = self.visit(node.right)
        self._known = before
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        before = self._known
        yes, no = _facts(node.test, True), _facts(node.test, False)
        node.test = self.visit(node.test)
        self._known = before | yes
        node.expr1 = self.visit(node.expr1)
        self._known = before | no
        node.expr2 = self.visit(node.expr2) if node.expr2 else None
        self._known = before
        return node

    def visit_If(self, node: nodes.If) -> nodes.Node:
        """Afterwards, what every branch made sure of is known: a missing name may have been set in one of them."""
        outcomes = []
        entry = self._known
        for branch in (node, *node.elif_):
            yes, no = _facts(branch.test, True), _facts(branch.test, False)
            self._known = entry
            branch.test = self.visit(branch.test)
            self._known = entry | yes
            branch.body = self._visit_all(branch.body)
            outcomes.append(self._known)
            entry |= no
        self._known = entry
        node.else_ = self._visit_all(node.else_)
        self._known = self._known.intersection(*outcomes)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        before = self._known
        node.iter = self.visit(node.iter)
        self.visit(node.target)
        if node.test:
            facts = _facts(node.test, True)
            node.test = self.visit(node.test)
            self._known |= facts
        node.body = self._visit_all(node.body)
        self._known = before
        node.else_ = self._visit_all(node.else_)
        self._known = before
        return node

    def _visit_scope(self, node: nodes.Node) -> nodes.Node:
        before = self._known
        self.generic_visit(node)
        self._known = before
        return node

    visit_CallBlock = visit_Scope = visit_FilterBlock = _visit_scope

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        self._visit_scope(node)
        self._known |= {node.name}
        return node

    def visit_With(self, node: nodes.With) -> nodes.Node:
        before = self._known
        node.values = [self.visit(value) for value in node.values]  # in the outer scope: `with x = x` needs x
        for target in node.targets:
            self.visit(target)
        node.body = self._visit_all(node.body)
        self._known = before
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:
        node.node = self.visit(node.node)  # before the target: `x = x` needs x
        self.visit(node.target)
        return node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:
        before = self._known
        node.filter = self.visit(node.filter) if node.filter else None
        node.body = self._visit_all(node.body)
        self._known = before
        self.visit(node.target)
        return node

    def _visit_all(self, body: Iterable[nodes.Node]) -> list[nodes.Node]:
        return [self.visit(node) for node in body]


def _placeholder(node: nodes.Node) -> nodes.Expr:
    """Names nothing, and is nothing Jinja2 could compute ahead."""
    return nodes.ContextReference(lineno=node.lineno)


def _facts(test: nodes.Node, outcome: bool) -> frozenset[str]:
    """The names that are certainly defined where `test` had this outcome."""
    if isinstance(test, nodes.Test) and isinstance(test.node, nodes.Name):
        return frozenset({test.node.name} if test.name == ("defined" if outcome else "undefined") else ())
    if isinstance(test, nodes.Not):
        return _facts(test.node, not outcome)
    if isinstance(test, (nodes.And, nodes.Or)):
        left, right = _facts(test.left, outcome), _facts(test.right, outcome)
        return left | right if isinstance(test, nodes.And) == outcome else left & right
    return frozenset()
