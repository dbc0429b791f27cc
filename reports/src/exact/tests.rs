use super::{Build, Counts, ExactFile, ExactFileError, Facts, LockPath, PathCounts, differences};

/// Two locks; one excludes nobody, so that it declines nobody.
fn counts() -> Counts {
    let facts = Facts {
        vma_bytes: 12,
        mm_bytes: 4,
        read_rmws: Some(2),
        read_fences: Some(0),
    };
    let own = Facts {
        read_rmws: None,
        read_fences: None,
        ..facts
    };
    let mut counts = Counts::default();
    for (lock, facts) in [("b-lock", facts), ("a-lock", own)] {
        counts.locks.insert(lock.to_owned(), facts);
        for (number, path) in (1..).zip(LockPath::ALL) {
            let one = PathCounts {
                instructions: 30 * number,
                rmws: number,
            };
            counts.paths.insert((lock.to_owned(), path), one);
        }
    }
    counts
        .paths
        .remove(&("a-lock".to_owned(), LockPath::DeclinedRead));
    counts
}

fn file() -> ExactFile {
    ExactFile {
        reason: "the \"first\" counts".to_owned(),
        revision: Some("0123456789ab".to_owned()),
        counted_by: "valgrind-3.19.0".to_owned(),
        build: Build {
            target: "x86_64-unknown-linux-gnu".to_owned(),
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
            target_features: "fxsr,sse,sse2".to_owned(),
            atomics: None,
        },
        counts: counts(),
    }
}

fn lines(was: &Counts, is: &Counts) -> Vec<String> {
    let found = differences(was, is);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_has_a_line_for_each_lock_and_path_and_is_read_as_it_was_written() {
    insta::assert_snapshot!(file().text(), @r#"
    {
      "schema": 1,
      "reason": "the \"first\" counts",
      "revision": "0123456789ab",
      "counted_by": "valgrind-3.19.0",
      "build": {"target":"x86_64-unknown-linux-gnu","rustc":"rustc 1.95.0 (59807616e 2026-04-14)","target_features":"fxsr,sse,sse2"},
      "locks": [
        {"lock":"a-lock","vma_bytes":12,"mm_bytes":4,"read_rmws":null,"read_fences":null},
        {"lock":"b-lock","vma_bytes":12,"mm_bytes":4,"read_rmws":2,"read_fences":0}
      ],
      "paths": [
        {"lock":"a-lock","path":"read","instructions":30,"rmws":1},
        {"lock":"a-lock","path":"write","instructions":90,"rmws":3},
        {"lock":"a-lock","path":"map-and-unmap","instructions":120,"rmws":4},
        {"lock":"b-lock","path":"read","instructions":30,"rmws":1},
        {"lock":"b-lock","path":"declined-read","instructions":60,"rmws":2},
        {"lock":"b-lock","path":"write","instructions":90,"rmws":3},
        {"lock":"b-lock","path":"map-and-unmap","instructions":120,"rmws":4}
      ]
    }
    "#);
    assert_eq!(
        ExactFile::parse(&file().text()).expect("it is a file"),
        file()
    );
}

#[test]
fn whatever_differs_is_named_with_what_it_was() {
    let (was, mut is) = (counts(), counts());
    assert!(differences(&was, &is).is_empty());
    let read = ("b-lock".to_owned(), LockPath::Read);
    is.paths
        .entry(read)
        .and_modify(|counts| counts.instructions += 1);
    assert_eq!(lines(&was, &is), ["b-lock read: 31 instructions, was 30"]);
    assert_eq!(lines(&is, &was), ["b-lock read: 30 instructions, was 31"]);

    let mut is = counts();
    let facts = is.locks.get_mut("b-lock").expect("it is there");
    (facts.vma_bytes, facts.read_fences) = (16, Some(1));
    let write = ("b-lock".to_owned(), LockPath::Write);
    is.paths.entry(write).and_modify(|counts| counts.rmws -= 1);
    assert_eq!(
        lines(&was, &is),
        [
            "b-lock: 16 bytes per VMA, was 12",
            "b-lock read: 1 fences in its notes, was 0",
            "b-lock write: 2 atomic operations, was 3",
        ]
    );

    let mut is = counts();
    is.paths.remove(&("b-lock".to_owned(), LockPath::Write));
    is.keep(&["b-lock".to_owned()]);
    assert_eq!(
        lines(&was, &is),
        [
            "a-lock: no such lock any more",
            "b-lock write: instructions not counted any more, was 90",
            "b-lock write: atomic operations not counted any more, was 3",
        ]
    );
    assert_eq!(lines(&is, &was)[0], "a-lock: a lock that was not there");
}

#[test]
fn without_counts_of_paths_the_rest_is_still_compared() {
    let (was, mut is) = (counts(), counts());
    is.paths.clear();
    is.locks.get_mut("b-lock").expect("it is there").read_rmws = Some(3);
    assert_eq!(
        lines(&was, &is),
        ["b-lock read: 3 atomic operations in its notes, was 2"]
    );
}

#[test]
fn what_is_no_file_of_counts_is_refused_with_the_place() {
    let refusal = |text: &str| ExactFile::parse(text).expect_err("it is none").to_string();
    let text = file().text();
    assert!(matches!(
        ExactFile::parse(&text.replace("\"schema\": 1", "\"schema\": 2")),
        Err(ExactFileError::Schema(2))
    ));
    let cut = refusal(&text[..text.len() / 2]);
    assert!(cut.contains("line ") && cut.contains("column "), "{cut}");
    let wrong = refusal(&text.replace("\"instructions\":30,", "\"instructions\":-1,"));
    assert!(wrong.starts_with("field paths[0]"), "{wrong}");
    let first = text
        .lines()
        .find(|line| line.contains("\"path\""))
        .expect("there is one");
    let twice = refusal(&text.replace(first, &format!("{first}\n{first}")));
    assert_eq!(twice, "it has the read of a-lock twice");
    assert!(refusal("{\"record\":\"header\"}").contains("schema"));
}

#[test]
fn another_build_is_told_field_by_field() {
    let (one, mut two) = (file().build, file().build);
    assert!(one.differences(&two).is_empty());
    two.target_features.push_str(",avx2");
    two.rustc = "rustc 1.96.0".to_owned();
    two.atomics = Some("lse".to_owned());
    assert_eq!(
        one.differences(&two),
        [
            "compiler: rustc 1.95.0 (59807616e 2026-04-14), and here rustc 1.96.0",
            "target features: fxsr,sse,sse2, and here fxsr,sse,sse2,avx2",
            "atomics: not said, and here lse",
        ]
    );
}
