use crate::sketch::Sketch;
use crate::{read, run, text};
use reports::{ReadError, load};
use std::path::Path;

fn lines() -> Vec<String> {
    let sketch = Sketch {
        processes: 1,
        rounds: 1,
        ..Sketch::small()
    };
    text(&sketch.records()).lines().map(str::to_owned).collect()
}

#[test]
fn what_is_written_is_what_is_read() {
    let records = Sketch::small().records();
    let run = run(&records);
    let back: Vec<_> = run
        .cells
        .iter()
        .cloned()
        .map(|c| bench_core::record::Record::Cell(Box::new(c)))
        .collect();
    assert_eq!(back, records[1..records.len() - 1]);
    assert!(run.footer.is_some_and(|footer| footer.complete));
}

#[test]
fn each_bad_line_is_named_and_every_good_one_kept() {
    let mut lines = lines();
    let good = lines.len() - 2;
    lines.insert(1, r#"{"name":"somebody else's"}"#.into());
    lines.insert(3, "not JSON".into());
    lines.insert(4, r#"{"record":"trailer"}"#.into());
    lines.insert(5, r#"{"record":"header","schema":2}"#.into());
    let wrong = lines[6].replace(
        r#""threads":1,"placement""#,
        r#""threads":"one","placement""#,
    );
    assert_ne!(wrong, lines[6]);
    lines[6] = wrong;
    let last = lines.len() - 1;
    lines[last].truncate(40);
    let run = read(lines.join("\n").as_bytes()).expect("a run");
    assert_eq!(run.cells.len(), good - 1);
    assert!(run.footer.is_none());
    let seen: Vec<(u64, &str)> = run
        .problems
        .iter()
        .map(|p| (p.line, p.field.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (2, "."),
            (4, "."),
            (5, "record"),
            (6, "schema"),
            (7, "threads"),
            (last as u64 + 1, ".")
        ]
    );
    assert!(
        run.problems[4].what.contains("expected u32"),
        "{}",
        run.problems[4]
    );
    assert!(
        run.problems[5].to_string().starts_with("run.jsonl:"),
        "{}",
        run.problems[5]
    );
    assert!(
        run.problems[5].what.contains("cut off"),
        "{}",
        run.problems[5]
    );
}

#[test]
fn a_nested_field_is_named_by_its_path() {
    let mut lines = lines();
    lines[1] = lines[1].replacen(r#""ops_per_thread":["#, r#""ops_per_thread":[-1,"#, 1);
    let run = read(lines.join("\n").as_bytes()).expect("a run");
    assert_eq!(run.problems[0].field, "roles[0].ops_per_thread[0]");
}

#[test]
fn a_large_file_is_read_in_parts_with_its_own_line_numbers() {
    let lines = lines();
    let mut content = lines[0].clone() + "\n";
    let mut count = 1;
    while content.len() < 6 << 20 {
        let cell = &lines[1 + count % (lines.len() - 2)];
        content += &cell.replace(r#""round":0"#, &format!(r#""round":{count}"#));
        content += "\n";
        count += 1;
        if count % 1_000 == 0 {
            content += "?\n";
            count += 1;
        }
    }
    let run = read(content.as_bytes()).expect("a run");
    assert!(run.problems.len() > 1);
    for (place, problem) in run.problems.iter().enumerate() {
        assert_eq!(problem.line, (place as u64 + 1) * 1_000 + 1, "{problem}");
    }
    assert_eq!(run.cells.len() + run.problems.len() + 1, count);
    // In order, whichever thread read them.
    assert!(run.cells.is_sorted_by(|a, b| a.round < b.round));
}

#[test]
fn of_a_cell_that_is_there_twice_the_first_is_kept() {
    let lines = lines();
    let good = lines.len() - 2;
    let again = lines[2].replacen(r#""steady":true"#, r#""steady":false"#, 1);
    assert_ne!(again, lines[2]);
    let mut repeated = lines.clone();
    repeated.insert(4, again);
    repeated.push(lines[1].clone());
    let run = read(repeated.join("\n").as_bytes()).expect("a run");
    assert_eq!(
        run.cells,
        read(lines.join("\n").as_bytes()).expect("a run").cells
    );
    assert_eq!(run.cells.len(), good);
    let seen: Vec<String> = run.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        seen,
        [
            "run.jsonl:5: the same cell as in line 3; only the first is used".to_owned(),
            format!(
                "run.jsonl:{}: the same cell as in line 2; only the first is used",
                good + 4
            ),
        ]
    );
}

#[test]
fn each_part_of_what_is_asked_for_once_tells_cells_apart() {
    let lines = lines();
    for (field, other) in [
        (r#""lock":"nothing""#, r#""lock":"a-new-one""#),
        (
            r#""workload":"fault-vs-mprotect""#,
            r#""workload":"mmap-churn""#,
        ),
        (r#""threads":1,"#, r#""threads":3,"#),
        (r#""placement":"compact""#, r#""placement":"scatter""#),
        (r#""mode":"throughput""#, r#""mode":"another""#),
        (r#""process":0"#, r#""process":1"#),
        (r#""round":0"#, r#""round":1"#),
    ] {
        let changed = lines[1].replacen(field, other, 1);
        assert_ne!(changed, lines[1], "{field}");
        let content = [&lines[0], &lines[1], &changed]
            .map(String::as_str)
            .join("\n");
        let run = read(content.as_bytes()).expect("a run");
        assert_eq!((run.cells.len(), run.problems.len()), (2, 0), "{field}");
    }
}

#[test]
fn what_is_no_run_says_what_to_do() {
    let said = |content: &str| read(content.as_bytes()).expect_err("no run").to_string();
    assert!(said("").contains("is empty"));
    let other = said("{\"a\":1}\n{\"b\":2}\n");
    assert!(
        other.contains("is not a run file") && other.contains("run.jsonl that `run` wrote"),
        "{other}"
    );
    let headless = said(&lines()[1..].join("\n"));
    assert!(headless.contains("no good header line"), "{headless}");
    let future = said(&lines().join("\n").replace(r#""schema":1"#, r#""schema":9"#));
    assert!(future.contains("written in schema 9"), "{future}");
    let broken = said(
        &lines()
            .join("\n")
            .replacen(r#""seed":7"#, r#""seed":"seven""#, 1),
    );
    assert!(
        broken.contains("no good header line") && broken.contains("`seed`"),
        "{broken}"
    );
    let broken = said(&lines()[0].replacen(r#""seed":7"#, r#""seed":"seven""#, 1));
    assert!(broken.contains("no good header line"), "{broken}");
}

#[test]
fn a_path_that_holds_no_file_says_what_to_do() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let error = load(directory.path()).expect_err("a directory");
    assert!(matches!(error, ReadError::Directory { .. }));
    assert!(error.to_string().contains("run.jsonl"), "{error}");
    let error = load(Path::new("no/such/file")).expect_err("nothing there");
    assert!(matches!(error, ReadError::NotFound { .. }));
}

#[test]
fn bytes_that_are_no_text_cost_their_line_only() {
    let mut content = lines().join("\n").into_bytes();
    content.extend_from_slice(b"\n\xff\xfe\n");
    let run = read(&content).expect("a run");
    assert_eq!(run.problems.len(), 1);
    assert!(
        run.problems[0].what.contains("UTF-8"),
        "{}",
        run.problems[0]
    );
    assert!(reports::html(&[run]).contains("UTF-8"));
}
