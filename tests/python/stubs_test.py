"""The stubs say what the modules have, and everything has a docstring."""
import ast
import inspect
import os
import sys
import unittest

import atomic_ops
import slick_queue_py
import support


def stub(module):
    with open(os.path.join(support.BUILD, "python", module.__name__, "__init__.pyi")) as file:
        return ast.parse(file.read())


def classes(tree):
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def functions(node):
    """Name -> the definitions under it, overloads one behind the other."""
    found = {}
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            found.setdefault(each.name, []).append(each)
    return found


def is_property(function):
    return any(isinstance(each, ast.Name) and each.id == "property" for each in function.decorator_list)


def parameters_of_stub(function):
    """(name, default) of each parameter but self; the default as its text, None without one."""
    args = function.args
    positional = args.posonlyargs + args.args
    defaults = [None] * (len(positional) - len(args.defaults)) + [ast.literal_eval(each) for each in args.defaults]
    named = [(a.arg, ast.literal_eval(d)) for a, d in zip(args.kwonlyargs, args.kw_defaults)]
    return [(a.arg, d) for a, d in zip(positional, defaults)][1:] + named


def parameters_of(function):
    given = inspect.signature(function).parameters.values()
    return [(p.name, None if p.default is p.empty else p.default) for p in given if p.name != "self"]


class Stubs(unittest.TestCase):
    def public_names(self, kind):
        return {name for name in vars(kind) if not name.startswith("_")}

    def test_the_modules_have_what_their_stubs_name(self):
        tree = stub(slick_queue_py)
        self.assertEqual(set(classes(tree)) | {"__version__"}, set(slick_queue_py.__all__))
        self.assertEqual(set(functions(stub(atomic_ops))) | {"AtomicCursor"}, set(atomic_ops.__all__))
        self.assertIs(atomic_ops.AtomicCursor, slick_queue_py.AtomicCursor)
        for module in (slick_queue_py, atomic_ops):
            self.assertTrue(os.path.exists(os.path.join(support.BUILD, "python", module.__name__, "py.typed")))
            for name in module.__all__:
                self.assertTrue(hasattr(module, name), name)

    def test_classes_have_the_same_members(self):
        for name, node in classes(stub(slick_queue_py)).items():
            kind = getattr(slick_queue_py, name)
            stubbed = {each for each in functions(node) if not each.startswith("_")}
            self.assertEqual(stubbed, self.public_names(kind), name)
            for special in set(functions(node)) - stubbed:
                self.assertTrue(hasattr(kind, special), special)
            for member, definitions in functions(node).items():
                self.assertEqual(is_property(definitions[0]), inspect.isdatadescriptor(getattr(kind, member)), member)

    def test_calls_have_the_same_parameters(self):
        for name, node in classes(stub(slick_queue_py)).items():
            kind = getattr(slick_queue_py, name)
            for member, definitions in functions(node).items():
                if is_property(definitions[0]) or member == "__exit__":
                    continue
                if member == "__init__" and sys.version_info < (3, 10):
                    continue  # CPython cuts the signature off the docstring of such a type
                for definition in definitions:
                    real = parameters_of(kind if member == "__init__" else getattr(kind, member))
                    self.assertEqual(parameters_of_stub(definition), real, f"{name}.{member}")

    def test_elements_are_documented(self):
        text = slick_queue_py.SlickQueue.__getitem__.__doc__
        for word in ("memoryview", "element_size", "writable", "close()", "ValueError", "IndexError"):
            self.assertIn(word, text)
        self.assertNotEqual(text, dict.__getitem__.__doc__)

    def test_an_exit_that_suppresses_nothing_returns_nothing(self):
        node = functions(classes(stub(slick_queue_py))["SlickQueue"])["__exit__"][0]
        self.assertIsNone(ast.literal_eval(node.returns))

    def test_everything_has_a_docstring(self):
        self.assertTrue(slick_queue_py.__doc__ and atomic_ops.__doc__ and atomic_ops.check_platform_support.__doc__)
        for name in ("SlickQueue", "AtomicCursor", "QueueClosedError"):
            kind = getattr(slick_queue_py, name)
            self.assertTrue(kind.__doc__, name)
            for member in self.public_names(kind):
                self.assertTrue(getattr(kind, member).__doc__, f"{name}.{member}")
                self.assertLess(max(map(len, getattr(kind, member).__doc__.split("\n"))), 121, member)


if __name__ == "__main__":
    unittest.main()
