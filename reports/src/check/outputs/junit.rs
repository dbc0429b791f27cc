//! JUnit XML, as GitLab, Jenkins, Buildkite and others read it: every gated line is a test.

use crate::check::{Check, Line, Verdict, words};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The type of a failure.
pub const FAILURE: &str = "PerformanceRegression";

/// The report. A line that regressed is a failure, one of which nothing can be said is skipped, the others pass. The time of
/// a test is how long it was measured, not what was measured. A check without a gated line has one test, skipped, so that it
/// does not look like a success.
///
/// # Panics
/// Never: a report that is written to memory can always be written.
#[must_use]
pub fn report(check: &Check) -> String {
    let mut suite = TestSuite::new("vmalock check");
    for (name, value) in [
        ("baseline", &check.baseline),
        ("candidate", &check.candidate),
        ("host", &check.host),
        ("started_at", &check.started_at),
    ] {
        suite.add_property(Property::new(name, value.as_str()));
    }
    suite.add_test_cases(check.gated().map(case));
    if suite.test_cases.is_empty() {
        let why = [words::headline(check), check.advice.join(" ")].join(". ");
        let mut case = TestCase::new("gate", skipped(&why));
        case.set_classname("vmalock");
        suite.add_test_case(case);
    }
    let mut report = Report::new("vmalock");
    report.add_test_suite(suite);
    report.to_string().expect("memory takes every report")
}

fn case(line: &Line) -> TestCase {
    let status = match line.verdict {
        Verdict::Regressed => failure(&words::finding(line), &line.why),
        Verdict::Inconclusive => skipped(&line.why),
        Verdict::Improved | Verdict::Equivalent => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(line.key(), status);
    // Jenkins cuts the name of a class at its dots.
    case.set_classname(format!("vmalock.{}", line.workload.replace('.', "_")));
    if line.measured_ns > 0 {
        case.set_time(Duration::from_nanos(line.measured_ns));
    }
    case.add_property(Property::new("verdict", line.verdict.word()));
    case
}

/// The message for those who read the attribute, and the same with the reason for those who read what is inside.
fn failure(finding: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type(FAILURE)
        .set_message(finding)
        .set_description(format!("{finding}\n{why}"));
    status
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why).set_description(why);
    status
}
