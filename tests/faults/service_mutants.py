"""Mutation test of the service: ``python -m tests.faults.service_mutants [NAME...]``.

Each defect takes one protection away; the test that is named with it must fail.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.faults.mutation import Defect, missed, passes

_ACCESS: Final = "rag/service/access/"
_KEYS: Final = "tests/integration/test_keys.py"

DEFECTS: Final = (
    Defect(
        "any secret is that of the first key",
        [f"{_KEYS}::test_keys_of_file_and_settings_are_accepted_side_by_side"],
        f"{_ACCESS}access_key.py",
        "found = [key for key in keys if hmac.compare_digest(digest, key.sha256)]",
        "found = [key for key in keys if hmac.compare_digest(digest, digest)]",
    ),
    Defect(
        "the scope of a key is not checked",
        [f"{_KEYS}::test_each_route_asks_for_its_scope"],
        "rag/service/auth.py",
        "if needed and needed not in key.scopes:",
        "if needed and not key.scopes:",
    ),
    Defect(
        "a key that has expired is accepted",
        [f"{_KEYS}::test_a_key_that_has_expired_is_told_so"],
        "rag/service/auth.py",
        "if key.has_expired(self._today()):",
        "if key.has_expired(date.min):",
    ),
    Defect(
        "a revoked key is accepted until the next start",
        [f"{_KEYS}::test_keys_are_rotated_without_a_restart"],
        f"{_ACCESS}watched_keys.py",
        "if version is None or version != self._seen:",
        "if version is None:",
    ),
    Defect(
        "a key file that everyone may write is accepted",
        ["tests/unit/rag/service/access/test_key_file.py"],
        f"{_ACCESS}key_file.py",
        "if status.st_mode & stat.S_IWOTH:",
        "if status.st_mode & stat.S_ISVTX:",
    ),
    Defect(
        "the rate limit never refuses",
        [f"{_KEYS}::test_beyond_its_rate_a_key_is_told_when_to_come_again"],
        f"{_ACCESS}rate_limit.py",
        "if self._tokens < 1:",
        "if self._tokens < -1_000_000:",
    ),
    Defect(
        "/readyz says 200 while the service drains",
        ["tests/integration/test_lifecycle.py::test_while_it_drains_questions_are_still_answered"],
        "rag/service/routes/health.py",
        "if request.app.state.draining:",
        "if not hasattr(request.app.state, 'draining'):",
    ),
    Defect(
        "SIGTERM does not drain",
        [
            "tests/integration/test_lifecycle.py::test_a_service_that_is_terminated_is_unready_first_and_finishes_its_streams"
        ],
        "rag/service/server.py",
        "self._is_terminated = sig == signal.SIGTERM",
        "self._is_terminated = sig == signal.SIGINT",
    ),
    Defect(
        "the limit of a body is ignored",
        ["tests/unit/rag/service/test_middleware.py::test_a_body_that_is_too_long"],
        "rag/service/middleware.py",
        "if self._max_bytes is not None and self._bytes > self._max_bytes:",
        "if self._max_bytes is None and self._bytes > MAX_BODY_BYTES:",
    ),
    Defect(
        "half a surrogate pair is let through",
        ["tests/unit/rag/service/test_middleware.py::test_what_is_no_text"],
        "rag/service/middleware.py",
        "        if escape[1]:\n",
        "        if escape[1] and not body:\n",
    ),
    Defect(
        "the Host header is not checked",
        ["tests/integration/test_asking.py::test_other_hosts_are_refused_with_the_remedy"],
        "rag/service/middleware.py",
        'if self._hosts and not self._hosts.allow(headers.get("host", "")):',
        'if self._hosts and not headers.get("host", ""):',
    ),
    Defect(
        "the Origin header is not checked",
        ["tests/integration/test_adding.py::TestWithoutKeys::test_a_page_of_another_origin_changes_nothing"],
        "rag/service/middleware.py",
        'if is_cross_origin(scope["method"], headers):',
        'if is_cross_origin("GET", headers):',
    ),
    Defect(
        "a line of the log has the question",
        ["tests/integration/test_observability.py::test_no_canary_is_in_log_metrics_or_errors"],
        "rag/service/routes/ask.py",
        "        links = links_in(request, asked.collection, asked.generation)\n        if body.stream:\n",
        "        links = links_in(request, asked.collection, asked.generation)\n"
        "        __import__('logging').getLogger('rag.service').info('asked: %s', question.text)\n"
        "        if body.stream:\n",
    ),
    Defect(
        "a line of the log has the message of an exception",
        ["tests/integration/test_observability.py::test_no_canary_is_in_log_metrics_or_errors"],
        "rag/service/logs.py",
        "    if error is None or not request_state.get():\n",
        "    if error is None or request_state.get():\n",
    ),
    Defect(
        "errors are no problem documents",
        ["tests/integration/test_asking.py::test_keys"],
        "rag/service/problems.py",
        ', headers, media_type="application/problem+json")',
        ", headers)",
    ),
    Defect(
        "a client that has gone does not cancel its answer",
        ["tests/integration/test_concurrency.py::test_a_disconnect_cancels_the_generation"],
        "rag/service/answer_task.py",
        "            cancellation.cancel, idle=KeepAlive()",
        "            lambda: None, idle=KeepAlive()",
    ),
    Defect(
        "a place is never given back",
        ["tests/unit/rag/service/admission/test_admission.py"],
        "rag/service/admission/admission.py",
        "        self._tickets.remove(ticket)\n",
        "",
    ),
    Defect(
        "an answer may take longer than its deadline",
        ["tests/unit/rag/service/admission/test_admission.py"],
        "rag/service/admission/admission.py",
        "        self.end(self._admission.too_late(self))\n",
        "        self._admission.too_late(self)\n",
    ),
)


def main() -> int:
    """Prints a line for each defect; 1 where one was not caught, or a test fails without any."""
    chosen = [each for each in DEFECTS if not sys.argv[1:] or each.name in sys.argv[1:]]
    if not passes(sorted({test for defect in chosen for test in defect.tests})):
        sys.stdout.write("the tests fail without a defect\n")
        return 1
    return 1 if missed(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
