#!/usr/bin/python3
"""Which faults tokens.py plants, by hand: what is text, comment or declaration stays, the rest is a place."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tokens  # noqa: E402


def faults(line):
    """(kind, the line with the fault) of a line in a function."""
    text = "int f(int a, int b) {\n" + line + "\n}\nint end;\n"
    return {(s.kind, tokens.planted(text, s).split("\n")[1]) for s in tokens.sites(text) if s.line == 2}


class Tokens(unittest.TestCase):
    def test_comparisons_move_their_border(self):
        self.assertEqual({f for k, f in faults("x(a < b);") if k == "compare"}, {"x(a <= b);", "x(a > b);"})

    def test_constants_move_by_one_and_zero_only_up(self):
        self.assertEqual({f for k, f in faults("x = 7;") if k == "constant"}, {"x = 8;", "x = 6;"})
        self.assertEqual({f for k, f in faults("x = 0;") if k == "constant"}, {"x = 1;"})
        self.assertEqual({f for k, f in faults("x = 0x1fu;") if k == "constant"}, {"x = 32u;", "x = 30u;"})

    def test_conditions_are_negated_and_forced(self):
        self.assertEqual({f for k, f in faults("if (a == b) x();") if k == "condition"}, {"if (!(a == b)) x();", "if (1 || (a == b)) x();"})

    def test_a_star_of_a_declaration_is_no_product(self):
        self.assertEqual({k for k, _ in faults("nh_layer *l = p;")}, set())
        self.assertIn(("arithmetic", "x(a + b);"), faults("x(a * b);"))

    def test_a_sign_is_not_a_difference(self):
        self.assertIn(("arithmetic", "x = a;"), faults("x = -a;"))
        self.assertNotIn(("arithmetic", "x = +a;"), faults("x = -a;"))

    def test_strings_comments_and_directives_stay(self):
        self.assertEqual(faults('/* a < b */ // 1 + 1'), set())
        self.assertEqual({k for k, _ in faults('x("a < 1 && b");')}, {"statement"})
        self.assertEqual(faults("#if A < 1"), set())

    def test_calls_and_assignments_are_left_out(self):
        self.assertIn(("statement", ";"), faults("put(a, b);"))
        self.assertIn(("statement", "if (a) ;"), faults("if (a) r.x = b;"))
        self.assertNotIn("statement", {k for k, _ in faults("int x = b;")})

    def test_an_index_moves_where_it_is_read(self):
        self.assertIn(("index", "x(v[a + 1]);"), faults("x(v[a]);"))

    def test_functions_are_found_among_tables_and_declarations(self):
        text = "int g(int a);\nstatic const int t[] = {\n1};\nstatic int f(int a) { return a; }\n\nint h(void)\n{\n    if (a) {\n    }\n}\n"
        self.assertEqual(tokens.functions(text), [(4, 4, "f"), (6, 10, "h")])

    def test_results_become_nothing(self):
        self.assertIn(("return", "return 0;"), faults("return g(a);"))
        self.assertIn(("word", "return true;"), faults("return false;"))


if __name__ == "__main__":
    unittest.main()
