//! Bencher Metric Format, against the schema that its documentation gives.

use super::made_up;
use reports::check::outputs::bencher::json;
use reports::check::{Check, Ratio};
use serde_json::{Value, json as value};

/// The schema of the documentation, with what it says of names and a ban on other fields.
fn assert_valid(text: &str) -> Value {
    let schema = value!({
        "type": "object",
        "propertyNames": {"minLength": 1, "maxLength": 1024},
        "additionalProperties": {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": 64},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "value": {"type": "number"},
                    "lower_value": {"type": "number"},
                    "upper_value": {"type": "number"},
                },
                "required": ["value"],
                "additionalProperties": false,
            },
        },
    });
    let found: Value = serde_json::from_str(text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&found)
        .map(|e| format!("{}: {e}", e.instance_path))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    found
}

#[test]
fn a_benchmark_has_several_measures() {
    let found = assert_valid(&json(&made_up::mixed()));
    let gamma = &found["gamma/fault-one-vma/2/compact/fault"];
    let measures: Vec<&String> = gamma.as_object().expect("measures").keys().collect();
    assert_eq!(
        measures,
        [
            "jains-index",
            "jains-index-over-baseline",
            "p99-ns",
            "p99-over-baseline",
            "throughput",
            "throughput-over-baseline"
        ]
    );
    assert_eq!(
        gamma["throughput-over-baseline"],
        value!({"value": 1.001, "lower_value": 0.997, "upper_value": 1.005})
    );
}

#[test]
fn bounds_lie_around_the_value() {
    let found = assert_valid(&json(&made_up::mixed()));
    let metrics: Vec<&Value> = found
        .as_object()
        .expect("benchmarks")
        .values()
        .flat_map(|measures| measures.as_object().expect("measures").values())
        .collect();
    assert!(metrics.len() >= 8);
    for metric in metrics {
        let number = |name: &str| {
            metric[name]
                .as_f64()
                .unwrap_or_else(|| panic!("no {name}: {metric}"))
        };
        assert!(
            number("lower_value") < number("value") && number("value") < number("upper_value"),
            "{metric}"
        );
    }
}

#[test]
fn what_was_not_measured_is_left_out() {
    let found = assert_valid(&json(&made_up::mixed()));
    assert!(found.get("beta/fault-one-vma/2/compact/fault").is_none());
}

#[test]
fn one_process_has_a_value_without_bounds() {
    let mut check: Check = made_up::mixed();
    check.lines[0].candidate_per_process.truncate(1);
    check.lines[0].ratio = None::<Ratio>;
    let found = assert_valid(&json(&check));
    let alpha = &found["alpha/fault-one-vma/2/compact/fault"];
    assert_eq!(alpha.as_object().expect("measures").len(), 1);
    assert!(alpha["throughput"].get("lower_value").is_none());
}

#[test]
fn long_and_nasty_names_are_valid() {
    let mut check = made_up::nasty();
    for line in &mut check.lines {
        line.lock = made_up::NASTY.repeat(40);
        line.metric = "a very long metric of something that has no short name ".repeat(3);
    }
    assert_valid(&json(&check));
    assert_valid(&json(&made_up::big(400)));
}
