//! Workflow commands, read as GitHub's runner reads them.

use super::made_up;
use reports::check::outputs::annotations::{MOST, annotations};
use reports::check::{Check, Verdict};

#[derive(Debug, PartialEq)]
struct Annotation {
    kind: String,
    title: String,
    message: String,
}

/// The commands of an output; whatever is no command, or has another property, is a panic.
fn read(output: &str) -> Vec<Annotation> {
    output.lines().map(read_line).collect()
}

fn read_line(line: &str) -> Annotation {
    let rest = line.strip_prefix("::").expect("it begins with ::");
    let (head, message) = rest.split_once("::").expect("a second ::");
    let (kind, properties) = head.split_once(' ').expect("properties");
    let properties: Vec<(&str, &str)> = properties
        .split(',')
        .map(|property| property.split_once('=').expect("a value"))
        .collect();
    let [("title", title)] = properties.as_slice() else {
        panic!("not one title: {properties:?}");
    };
    assert!(!title.contains(':'), "{title}");
    assert!(["error", "warning", "notice"].contains(&kind), "{kind}");
    Annotation {
        kind: kind.into(),
        title: unescaped(&unescaped_property(title)),
        message: unescaped(message),
    }
}

fn unescaped_property(text: &str) -> String {
    text.replace("%3A", ":").replace("%2C", ",")
}

fn unescaped(text: &str) -> String {
    text.replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%25", "%")
}

#[test]
fn a_regression_and_how_it_ended() {
    let read = read(&annotations(&made_up::mixed()));
    let [regression, ending] = read.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(regression.kind, "error");
    assert_eq!(
        regression.title,
        "regression: alpha/fault-one-vma/2/compact/fault/throughput"
    );
    assert_eq!(
        regression.message,
        "alpha: fault-one-vma, 2 threads, compact, fault: throughput −3.1 % [−3.6, −2.6], threshold 1.2 %. \
         so it was again in fresh processes"
    );
    assert_eq!(ending.kind, "error");
    assert!(
        ending.message.starts_with("regressed: 1 of 4 gated lines."),
        "{ending:?}"
    );
}

#[test]
fn there_are_ten_at_most_and_the_last_counts_the_others() {
    let check = made_up::big(400);
    let read = read(&annotations(&check));
    assert_eq!(read.len(), MOST);
    let ending = &read[9].message;
    assert!(ending.contains("191 more have no annotation"), "{ending}");
    let worst: Vec<String> = check
        .gated()
        .take(9)
        .map(|l| format!("regression: {}", l.key()))
        .collect();
    let shown: Vec<&str> = read[..9].iter().map(|a| a.title.as_str()).collect();
    assert_eq!(shown, worst);
}

#[test]
fn nine_regressions_all_have_one() {
    let check = made_up::of(Verdict::Regressed, vec![made_up::regressed("alpha"); 9]);
    let read = read(&annotations(&check));
    assert_eq!(read.len(), MOST);
    assert!(!read[9].message.contains("more"), "{:?}", read[9]);
}

#[test]
fn what_is_no_regression_is_no_error() {
    let ending = |verdict, lines| {
        let mut read = read(&annotations(&made_up::of(verdict, lines)));
        assert_eq!(read.len(), 1);
        read.remove(0).kind
    };
    let line = || vec![made_up::line("alpha", "p99")];
    assert_eq!(ending(Verdict::Inconclusive, vec![]), "warning");
    assert_eq!(ending(Verdict::Equivalent, line()), "notice");
    assert_eq!(ending(Verdict::Improved, line()), "notice");
}

#[test]
fn a_line_that_does_not_decide_is_no_annotation() {
    let mut line = made_up::regressed("alpha");
    line.gated = false;
    let check = made_up::of(
        Verdict::Equivalent,
        vec![line, made_up::line("beta", "p99")],
    );
    assert_eq!(read(&annotations(&check)).len(), 1);
}

#[test]
fn what_is_nasty_comes_back_as_it_was() {
    let check: Check = made_up::nasty();
    let read = read(&annotations(&check));
    assert_eq!(read.len(), 2);
    let key = check.lines[0].key();
    assert_eq!(read[0].title, format!("regression: {key}"));
    assert!(read[0].message.ends_with(made_up::NASTY), "{read:?}");
}
