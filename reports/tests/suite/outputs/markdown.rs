//! The summary of a job and the comment on a pull request.

use super::made_up;
use reports::check::outputs::{comment, markdown};
use reports::check::{Check, Verdict};

#[test]
fn a_page_of_each_verdict() {
    insta::assert_snapshot!(markdown::summary(&made_up::mixed()));
}

#[test]
fn the_verdict_comes_first_and_the_worst_next() {
    let page = markdown::summary(&made_up::mixed());
    let first = page.lines().next().expect("a line");
    assert!(
        first.starts_with("### vmalock check regressed: 1 of 4 gated lines"),
        "{first}"
    );
    let place = |text: &str| {
        page.find(text)
            .unwrap_or_else(|| panic!("no {text} in {page}"))
    };
    assert!(place("−3.1 % &#91;−3.6, −2.6&#93;") < place("| **regressed** |"));
    assert!(place("| **regressed** |") < place("| inconclusive | beta"));
    assert!(place("| inconclusive | beta") < place("<details>"));
}

#[test]
fn no_gated_line_is_no_success() {
    let page = markdown::summary(&made_up::of(Verdict::Inconclusive, vec![]));
    assert!(
        page.starts_with("### vmalock check inconclusive: there is no gated line"),
        "{page}"
    );
}

#[test]
fn what_is_nasty_stays_in_its_cell() {
    let page = markdown::summary(&made_up::nasty());
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(rows.len() >= 5, "{page}");
    for row in rows {
        let cells = row.matches(" | ").count() + 1;
        assert!(cells == 11 || cells == 9, "{cells} cells: {row}");
        for begins_something in ["<d>", "`", "\\", "b*", "\u{1b}"] {
            assert!(
                !row.contains(begins_something),
                "{begins_something:?}: {row}"
            );
        }
    }
}

#[test]
fn a_full_run_fits_in_a_summary() {
    let check = made_up::big(400);
    assert_eq!(check.lines.len(), 3_200);
    let page = markdown::summary(&check);
    assert!(page.len() < 900 * 1024, "{} bytes", page.len());
    assert!(
        !page.contains("have no room"),
        "all lines are there: {}",
        page.len()
    );
    assert_counts_what_it_leaves_out(&page, &check);
    assert_closed(&page);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let check = made_up::big(2_000);
    let page = markdown::summary(&check);
    assert!(page.len() < 900 * 1024, "{} bytes", page.len());
    assert_counts_what_it_leaves_out(&page, &check);
    assert_closed(&page);
}

#[test]
fn a_comment_has_its_marker_and_fits() {
    for cells in [1, 20, 400] {
        let check = made_up::big(cells);
        let body = comment::body(&check);
        assert!(
            body.starts_with("<!-- vmalock-check -->\n### vmalock check regressed"),
            "{body}"
        );
        assert!(body.len() <= 65_536, "{cells} cells: {} bytes", body.len());
        assert_eq!(body.matches(comment::MARKER).count(), 1);
        assert_counts_what_it_leaves_out(&body, &check);
        assert_closed(&body);
    }
}

#[test]
fn many_sentences_are_cut_too() {
    let check = Check {
        advice: vec!["Stop what runs beside it.".repeat(20); 3_000],
        ..made_up::mixed()
    };
    let body = comment::body(&check);
    assert!(body.len() <= 65_536, "{} bytes", body.len());
    assert!(body.contains("sentences have no room here"), "{body}");
}

/// The rows and what is said to be left out are all lines together.
fn assert_counts_what_it_leaves_out(page: &str, check: &Check) {
    let left_out: usize = page
        .lines()
        .filter_map(|line| line.split_once(" more lines have no room"))
        .map(|(number, _)| number.parse::<usize>().expect("a number"))
        .sum();
    let tables = page.matches("| verdict | lock |").count();
    let drawn = page.lines().filter(|l| l.starts_with("| ")).count() - 2 * tables;
    assert_eq!(drawn + left_out, check.lines.len());
}

/// What is opened is closed.
fn assert_closed(page: &str) {
    assert_eq!(
        page.matches("<details>").count(),
        page.matches("</details>").count()
    );
}
