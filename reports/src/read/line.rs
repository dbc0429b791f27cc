//! One line of a run file.

use bench_core::record::{Cell, Footer, Header, SCHEMA};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// What a good line holds.
#[derive(Debug)]
pub(super) enum Line {
    Header(Box<Header>),
    Cell(Box<Cell>),
    Footer(Footer),
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// The path to the field; `.` for the whole line.
    pub(super) field: String,
    /// What is wrong with it.
    pub(super) what: String,
    /// The schema of a header that this build does not know.
    pub(super) schema: Option<u64>,
}

impl Bad {
    fn whole(what: String) -> Self {
        Self {
            field: ".".into(),
            what,
            schema: None,
        }
    }
}

/// How the writer begins the line of a cell: the tag of the enum comes first.
const CELL_START: &[u8] = b"{\"record\":\"cell\",";

/// The fields that say what a line is.
#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow)]
    record: Option<Cow<'a, str>>,
    schema: Option<serde_json::Value>,
}

/// Reads one line, without its line feed.
///
/// The tag is looked at first and the record read straight into its type: serde's own reading of a tagged enum keeps a
/// copy of every line in pieces first and costs several times as much.
pub(super) fn parse(line: &[u8]) -> Result<Line, Bad> {
    if line.starts_with(CELL_START) {
        return record(line, "cell").map(Line::Cell);
    }
    let tag: Tag<'_> = serde_json::from_slice(line).map_err(|error| no_record(line, &error))?;
    match tag.record.as_deref() {
        Some("cell") => record(line, "cell").map(Line::Cell),
        Some("footer") => record(line, "footer").map(Line::Footer),
        Some("header") => header(line, tag.schema),
        Some(other) => Err(Bad {
            field: "record".into(),
            what: format!("unknown record `{other}`; schema {SCHEMA} has header, cell and footer"),
            schema: None,
        }),
        None => Err(Bad::whole(
            "JSON, but not of a run: it lacks the field `record`".into(),
        )),
    }
}

/// A header, if it is of a schema that this build knows.
fn header(line: &[u8], schema: Option<serde_json::Value>) -> Result<Line, Bad> {
    match schema.as_ref().and_then(serde_json::Value::as_u64) {
        Some(schema) if schema != u64::from(SCHEMA) => Err(Bad {
            field: "schema".into(),
            what: format!("schema {schema}, and this build reads schema {SCHEMA}"),
            schema: Some(schema),
        }),
        _ => record(line, "header").map(Line::Header),
    }
}

/// A record of a known type. The path to a bad field is found by a second reading, since keeping it costs.
fn record<T: DeserializeOwned>(line: &[u8], kind: &str) -> Result<T, Bad> {
    serde_json::from_slice(line).map_err(|first| {
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        let (field, error) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(error) => (error.path().to_string(), error.into_inner()),
            // Good in itself, then: something follows it on the line.
            Ok(_) => (".".to_owned(), first),
        };
        Bad {
            field,
            what: format!("{} in a {kind} line", reason(&error)),
            schema: None,
        }
    })
}

/// What is wrong with a line whose tag cannot be read.
fn no_record(line: &[u8], error: &serde_json::Error) -> Bad {
    if std::str::from_utf8(line).is_err() {
        return Bad::whole("not UTF-8, so not a line of a run".into());
    }
    match error.classify() {
        serde_json::error::Category::Data => {
            Bad::whole(format!("JSON, but not of a run: {}", reason(error)))
        }
        _ => Bad::whole(reason(error)),
    }
}

/// serde_json's own words without its line, which is always 1 here.
fn reason(error: &serde_json::Error) -> String {
    let column = error.column();
    let text = error.to_string();
    let text = text
        .strip_suffix(&format!(" at line {} column {column}", error.line()))
        .unwrap_or(&text);
    match error.classify() {
        serde_json::error::Category::Eof => format!("cut off after {column} bytes ({text})"),
        serde_json::error::Category::Syntax => format!("not JSON at column {column} ({text})"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(line: &str) -> Bad {
        parse(line.as_bytes()).expect_err("a bad line")
    }

    #[test]
    fn a_footer_is_read_whatever_the_order_of_its_fields() {
        let line = r#"{"complete":true,"cells_planned":1,"cells_ok":1,"cells_error":0,"record":"footer","elapsed_s":2,"reason":null}"#;
        assert!(matches!(parse(line.as_bytes()), Ok(Line::Footer(f)) if f.complete));
    }

    #[test]
    fn the_field_is_named() {
        let wrong = bad(r#"{"record":"footer","complete":true,"cells_planned":"many"}"#);
        assert_eq!(wrong.field, "cells_planned");
        assert!(wrong.what.contains("expected u64"), "{}", wrong.what);
    }

    #[test]
    fn foreign_lines_are_told_apart() {
        assert!(bad(r#"{"a":1}"#).what.contains("lacks the field `record`"));
        assert!(bad("[1,2]").what.contains("not of a run"));
        assert!(bad("hello").what.contains("not JSON at column 1"));
        assert!(
            bad(r#"{"record":"trailer"}"#)
                .what
                .contains("unknown record `trailer`")
        );
        assert!(
            bad(r#"{"record":"cell","lock":"a"#)
                .what
                .contains("cut off after")
        );
        let future = bad(r#"{"record":"header","schema":7}"#);
        assert_eq!((future.schema, future.field.as_str()), (Some(7), "schema"));
        let latin = parse(b"{\"record\":\"\xe9\"}").expect_err("not UTF-8");
        assert!(latin.what.contains("UTF-8"));
    }
}
