use crate::sketch::Sketch;
use std::path::{Path, PathBuf};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench-core/schema/record-1.json")
}

/// The committed schema is what the types say. `UPDATE_SCHEMA=1` writes it anew.
#[test]
fn the_committed_schema_is_that_of_the_types() {
    let schema = bench_core::record::json_schema();
    let text = serde_json::to_string_pretty(&schema).expect("a schema serialises") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some_and(|v| v == "1") {
        std::fs::create_dir_all(path().parent().expect("a folder")).expect("a folder");
        std::fs::write(path(), &text).expect("the tree can be written");
    }
    let committed = std::fs::read_to_string(path()).expect("the committed schema");
    assert!(
        committed == text,
        "bench-core/schema/record-1.json is not the schema of bench_core::record: \
         run this test with UPDATE_SCHEMA=1 and look at the difference"
    );
}

fn validator() -> jsonschema::Validator {
    let schema = serde_json::to_value(bench_core::record::json_schema()).expect("JSON");
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

#[test]
fn records_are_valid_by_the_schema() {
    let validator = validator();
    let records = Sketch::small().records();
    for record in &records {
        let value = serde_json::to_value(record).expect("a record serialises");
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn what_is_no_record_is_not_valid() {
    let validator = validator();
    let records = Sketch::small().records();
    let mut cell = serde_json::to_value(&records[1]).expect("a record serialises");
    assert!(validator.is_valid(&cell));
    cell["threads"] = "two".into();
    assert!(!validator.is_valid(&cell));
    assert!(!validator.is_valid(&serde_json::json!({"record": "trailer"})));
}
