"""Check results as JUnit XML, for CI systems."""

from __future__ import annotations

from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from .records.build import CheckRow


def check_junit(rows: Sequence[CheckRow]) -> str:
    """Return one test case for each file: a failure if rejected or short of its limits, skipped if declined."""
    suite = TestSuite("relucert check")
    for row in rows:
        case = TestCase(row.path, "relucert", row.seconds)
        if row.exit_code == 3:
            case.result = [Skipped(row.detail)]
        elif row.exit_code in (2, 70):
            case.result = [Error(row.detail, row.status)]
        elif row.exit_code:
            case.result = [Failure(row.detail, row.status)]
        suite.add_testcase(case)
    xml = JUnitXml()
    xml.add_testsuite(suite)
    return str(xml.tostring().decode("utf-8"))  # type: ignore[no-untyped-call]
