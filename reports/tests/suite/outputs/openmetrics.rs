//! OpenMetrics text, read by the grammar of its specification 1.0.

use super::made_up;
use reports::check::outputs::openmetrics::text;
use reports::check::{Check, Ratio};
use std::collections::BTreeMap;

/// Samples by family and labels; whatever the grammar or the rules for families do not allow is a panic.
fn read(text: &str) -> BTreeMap<String, f64> {
    let lines = text
        .strip_suffix("# EOF\n")
        .expect("# EOF, a line feed, and nothing after");
    let mut samples = BTreeMap::new();
    let mut families: Vec<Family<'_>> = vec![];
    for line in lines.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# ") {
            let [keyword, name, value] = rest.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("not a descriptor: {line}");
            };
            assert_name(name);
            if families.last().is_none_or(|family| family.name != name) {
                assert!(
                    families.iter().all(|family| family.name != name),
                    "{name} is in two places"
                );
                families.push(Family {
                    name,
                    keywords: vec![],
                    unit: "",
                    samples: 0,
                });
            }
            let family = families.last_mut().expect("a family");
            assert_eq!(family.samples, 0, "a descriptor after a sample: {line}");
            assert!(!family.keywords.contains(&keyword), "twice: {line}");
            family.keywords.push(keyword);
            match keyword {
                "TYPE" => assert_eq!(value, "gauge"),
                "UNIT" => family.unit = value,
                "HELP" => assert_eq!(escaped_end(value, false), value.len(), "{line}"),
                _ => panic!("no such descriptor: {line}"),
            }
        } else {
            let family = families.last_mut().expect("a family");
            let (name_and_labels, value) = read_sample(line, family.name);
            family.samples += 1;
            assert!(
                samples.insert(name_and_labels, value).is_none(),
                "twice: {line}"
            );
        }
    }
    for family in families {
        assert!(
            family.samples > 0 && family.keywords.contains(&"TYPE"),
            "{}",
            family.name
        );
        let unit_is_the_end =
            family.unit.is_empty() || family.name.ends_with(&format!("_{}", family.unit));
        assert!(unit_is_the_end, "{}", family.name);
    }
    samples
}

struct Family<'a> {
    name: &'a str,
    keywords: Vec<&'a str>,
    unit: &'a str,
    samples: u32,
}

/// `metricname [labels] SP number`.
fn read_sample(line: &str, family: &str) -> (String, f64) {
    let mut rest = line
        .strip_prefix(family)
        .unwrap_or_else(|| panic!("not of {family}: {line}"));
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        let mut seen = vec![];
        loop {
            let (name, value) = rest.split_once("=\"").expect("a label");
            assert_name(name);
            assert!(!seen.contains(&name), "{name} twice: {line}");
            seen.push(name);
            let end = escaped_end(value, true);
            rest = value[end..].strip_prefix('"').expect("the end of a value");
            match rest.split_at(1) {
                (",", more) => rest = more,
                ("}", more) => {
                    rest = more;
                    break;
                }
                _ => panic!("{line}"),
            }
        }
    }
    let value = rest.strip_prefix(' ').expect("one space");
    assert!(
        value
            .chars()
            .all(|c| c.is_ascii_digit() || ".+-eE".contains(c)),
        "{line}"
    );
    let sample = &line[..line.len() - rest.len()];
    (sample.to_owned(), value.parse().expect("a number"))
}

/// Where an escaped string ends: at an end of the text or, of a label, at a quotation mark.
fn escaped_end(text: &str, label: bool) -> usize {
    let mut characters = text.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '\\' => {
                let (_, next) = characters.next().expect("something is escaped");
                assert!(['\\', 'n', '"'].contains(&next), "\\{next}");
            }
            '"' if label => return place,
            '\n' => panic!("a line feed"),
            _ => {}
        }
    }
    text.len()
}

fn assert_name(name: &str) {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    assert!(name.starts_with(first), "{name}");
    assert!(
        name.chars().all(|c| first(c) || c.is_ascii_digit()),
        "{name}"
    );
}

/// The line as it is written, from the value on.
fn written<'a>(text: &'a str, part: &str) -> &'a str {
    let line = text
        .lines()
        .find(|line| line.contains(part))
        .unwrap_or_else(|| panic!("no {part}: {text}"));
    line.rsplit(' ').next().expect("a value")
}

#[test]
fn gauges_with_labels() {
    let text = text(&made_up::mixed());
    read(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_nasty_is_escaped() {
    let samples = read(&text(&made_up::nasty()));
    let escaped = made_up::NASTY
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    assert!(
        samples
            .keys()
            .any(|key| key.contains(&format!("lock=\"{escaped}\""))),
        "{samples:?}"
    );
}

#[test]
fn numbers_are_no_finer_than_their_noise() {
    let with_ratio = |ratio, low, high| {
        let mut check: Check = made_up::mixed();
        check.lines[0].ratio = Some(Ratio { ratio, low, high });
        written(&text(&check), "ratio{lock=\"alpha\"").to_owned()
    };
    assert_eq!(with_ratio(0.9687, 0.9640, 0.9735), "0.97");
    assert_eq!(with_ratio(1.0012, 0.9999, 1.0025), "1.000");
    assert_eq!(with_ratio(1.01, 0.9, 1.13), "1.0");
    // Of two runs of the same, whose estimates differ by much less than their intervals, the text is the same.
    assert_eq!(
        with_ratio(0.9687, 0.9640, 0.9735),
        with_ratio(0.9702, 0.9655, 0.9750)
    );
}

#[test]
fn times_are_in_seconds() {
    let mut check = made_up::mixed();
    check.lines[3].candidate = Some(231.4);
    check.lines[3].candidate_per_process = vec![231.4];
    let text = text(&check);
    assert_eq!(
        written(&text, "candidate_seconds{lock=\"gamma\""),
        "0.000000231"
    );
}

#[test]
fn a_check_without_lines_is_valid() {
    let check = made_up::of(reports::check::Verdict::Inconclusive, vec![]);
    assert_eq!(read(&text(&check)).len(), 4);
}
