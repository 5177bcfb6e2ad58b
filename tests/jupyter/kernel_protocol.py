"""The tests of jupyter_kernel_test against the kernel.

    pip install jupyter_kernel_test==0.7.0
    sinew kernel install --sys-prefix
    python tests/jupyter/kernel_protocol.py
"""

import unittest

import jupyter_kernel_test


class SinewTests(jupyter_kernel_test.KernelTests):
    kernel_name = "sinew"
    language_name = "rhai"
    file_extension = ".rhai"

    code_hello_world = 'print("hello, world")'
    code_stderr = 'warn("careful")'

    completion_samples = [
        {"text": "random_gra", "matches": {"random_graph"}},
        {"text": "graphical_lasso_p", "matches": {"graphical_lasso_path"}},
    ]

    complete_code_samples = ["1", 'print("hello")', "fn f(a) { a + 1 }", "let x = 2;"]
    incomplete_code_samples = ["fn f(a) {", "if unknown {", "let x =", "let x = unknown +", 'print("hello"', "/* open"]
    invalid_code_samples = ["let = )", "fn 1()"]

    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[1, 2, 3].len()", "result": "3"},
        {"code": '"text"', "result": "text"},
    ]
    code_display_data = [
        {"code": "display(1 + 1)", "mime": "text/plain"},
        {"code": "display(eye(2))", "mime": "text/html"},
        {"code": 'random_graph("hub", #{ nodes: 6 }).plot().show()', "mime": "image/svg+xml"},
    ]
    code_generate_error = 'throw "an error"'
    code_clear_output = "clear_output()"
    code_page_something = "?graphical_lasso"
    code_inspect_sample = "graphical_lasso"

    code_history_pattern = "1?+*"
    supported_history_operations = ("tail", "range", "search")


if __name__ == "__main__":
    unittest.main()
