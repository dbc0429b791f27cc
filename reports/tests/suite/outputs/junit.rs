//! JUnit XML, read by a parser that did not write it.

use super::made_up;
use reports::check::Verdict;
use reports::check::outputs::junit::report;
use roxmltree::{Document, Node};

/// The tests of a report with one suite, whose counts are checked.
fn with_cases(xml: &str, look: impl FnOnce(Node<'_, '_>, &[Node<'_, '_>])) {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let children =
        |node: Node<'_, '_>, name: &str| node.children().filter(|n| n.has_tag_name(name)).count();
    assert_eq!(children(root, "testsuite"), 1);
    let suite = root.first_element_child().expect("a suite");
    let cases: Vec<Node<'_, '_>> = suite
        .children()
        .filter(|n| n.has_tag_name("testcase"))
        .collect();
    for (attribute, tag) in [
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ] {
        if let Some(said) = suite.attribute(attribute) {
            let number: usize = cases.iter().map(|case| children(*case, tag)).sum();
            assert_eq!(said, number.to_string(), "{attribute}: {xml}");
        }
    }
    assert_eq!(
        suite.attribute("tests"),
        Some(cases.len().to_string().as_str())
    );
    look(suite, &cases);
}

fn child<'a>(case: &Node<'a, 'a>, tag: &str) -> Option<Node<'a, 'a>> {
    case.children().find(|node| node.has_tag_name(tag))
}

#[test]
fn every_gated_line_is_a_test() {
    let check = made_up::mixed();
    let xml = report(&check);
    let document = Document::parse(&xml).expect("XML");
    let cases: Vec<Node<'_, '_>> = document
        .descendants()
        .filter(|n| n.has_tag_name("testcase"))
        .collect();
    let names: Vec<String> = cases
        .iter()
        .map(|c| c.attribute("name").expect("a name").into())
        .collect();
    assert_eq!(
        names,
        check.gated().map(|line| line.key()).collect::<Vec<_>>()
    );
    for case in &cases {
        assert_eq!(case.attribute("classname"), Some("vmalock.fault-one-vma"));
    }
    let failure = child(&cases[0], "failure").expect("a failure");
    assert_eq!(failure.attribute("type"), Some("PerformanceRegression"));
    let message = failure.attribute("message").expect("a message");
    assert!(
        message.contains("throughput −3.1 % [−3.6, −2.6], threshold 1.2 %"),
        "{message}"
    );
    assert!(
        failure
            .text()
            .is_some_and(|text| text.contains("fresh processes"))
    );
    let skipped = child(&cases[1], "skipped").expect("it is skipped");
    assert!(
        skipped
            .text()
            .is_some_and(|text| text.contains("2 of 10 rounds"))
    );
    for passed in &cases[2..] {
        assert!(
            child(passed, "failure")
                .or(child(passed, "skipped"))
                .is_none()
        );
    }
}

#[test]
fn a_time_is_how_long_it_was_measured() {
    with_cases(&report(&made_up::mixed()), |_, cases| {
        assert_eq!(cases[0].attribute("time"), Some("0.580"));
        assert_eq!(cases[1].attribute("time"), None, "it was not measured");
    });
}

#[test]
fn no_gated_line_is_skipped_and_no_success() {
    let check = made_up::of(Verdict::Inconclusive, vec![made_up::line("alpha", "p50")]);
    with_cases(&report(&check), |_, cases| {
        assert_eq!(cases.len(), 1);
        assert_eq!(
            cases[0]
                .children()
                .filter(|n| n.has_tag_name("skipped"))
                .count(),
            1
        );
    });
}

#[test]
fn what_is_nasty_is_still_xml() {
    let check = made_up::nasty();
    with_cases(&report(&check), |_, cases| {
        // Escape sequences of a terminal cannot be in XML; the rest comes back.
        let name = cases[0].attribute("name").expect("a name");
        assert!(name.starts_with("a|b`c`<d>&\"e\"\\f"), "{name}");
        assert!(!name.contains('\u{1b}'), "{name}");
    });
}

#[test]
fn a_full_run_is_counted() {
    with_cases(&report(&made_up::big(400)), |suite, cases| {
        assert_eq!(cases.len(), 800);
        assert_eq!(suite.attribute("failures"), Some("200"));
    });
}
