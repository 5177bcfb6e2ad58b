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

    wrong_requests = [
        ("execute_request", {"code": 5}, "'code' of execute_request"),
        ("execute_request", {"code": "1", "user_expressions": {"a": 1}}, "'user_expressions' of execute_request"),
        ("execute_request", {}, "missing field `code`"),
        ("complete_request", {"code": "", "cursor_pos": "end"}, "'cursor_pos' of complete_request"),
        ("inspect_request", {"code": "", "cursor_pos": -1}, "'cursor_pos' of inspect_request"),
        ("is_complete_request", {"code": None}, "'code' of is_complete_request"),
        ("history_request", {"hist_access_type": "newest"}, "'hist_access_type' of history_request"),
        ("comm_info_request", {"target_name": 1}, "'target_name' of comm_info_request"),
        ("shutdown_request", {"restart": "no"}, "'restart' of shutdown_request"),
        ("nonsense_request", {}, "'nonsense_request'"),
    ]

    def send(self, channel, kind, content):
        message = self.kc.session.msg(kind, content)
        channel.send(message)
        return message["header"]["msg_id"]

    def test_wrong_requests_have_answers_that_say_why(self):
        for kind, content, expected in self.wrong_requests:
            with self.subTest(kind=kind, content=content):
                self.flush_channels()
                sent = self.send(self.kc.shell_channel, kind, content)
                reply = self.kc.get_shell_msg(timeout=15)
                self.assertEqual(reply["parent_header"]["msg_id"], sent)
                self.assertEqual(reply["msg_type"], kind.replace("_request", "_reply"))
                self.assertEqual(reply["content"]["status"], "error")
                self.assertEqual(reply["content"]["ename"], "E005 usage")
                self.assertIn(expected, reply["content"]["evalue"])
                self.assertEqual("execution_count" in reply["content"], kind == "execute_request")

    def test_messages_that_are_no_requests_have_no_answer(self):
        self.flush_channels()
        for kind in ("nonsense", "comm_open", "execute_reply"):
            self.send(self.kc.shell_channel, kind, {"comm_id": 5})
        sent = self.send(self.kc.shell_channel, "comm_info_request", {})
        reply = self.kc.get_shell_msg(timeout=15)
        self.assertEqual(reply["parent_header"]["msg_id"], sent)
        self.assertEqual(reply["content"], {"status": "ok", "comms": {}})

    def test_silent_cells_show_nothing(self):
        for code in ('print(1); display(2); warn("w"); clear_output(); 3', 'print(1); throw "no"'):
            with self.subTest(code=code):
                self.flush_channels()
                reply, shown = self.execute_helper(code, silent=True)
                self.assertEqual(reply["content"]["status"], "error" if "throw" in code else "ok")
                self.assertEqual(shown, [])


if __name__ == "__main__":
    unittest.main()
