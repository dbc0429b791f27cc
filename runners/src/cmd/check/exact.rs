//! `vmalock check --exact`: what the locks of this program cost without a clock, against a file in git.

use crate::cmd::compare::HOSTS_EXIT_CODE;
use crate::contender::Contender;
use crate::exact::{self, Unavailable};
use crate::names;
use crate::recording::note;
use anyhow::Context;
use reports::exact::{Counts, ExactFile, differences};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the command on these locks, or on all. Anything that is not as in the file is a difference, also what became less: it is
/// accepted by a new file, whose diff then says so.
///
/// # Errors
/// When this is a debug build, a name is unknown, the file cannot be read, or a lock cannot be counted.
pub(super) fn run(
    named: Option<&Path>,
    locks: &[String],
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let known: Vec<&str> = contenders.iter().map(Contender::name).collect();
    for name in locks {
        names::check("lock", name, &known)?;
    }
    exact::check_release("check --exact")?;
    let path = exact::committed(named)?;
    let program = std::env::current_exe().context("the path of this program is not known")?;
    counted_against(&path, named.is_some(), locks, || counted(&program), out)
}

/// Compares the file, which the user may have named, with what is counted, which is not begun before the file is good.
fn counted_against(
    path: &Path,
    is_named: bool,
    locks: &[String],
    count: impl FnOnce() -> anyhow::Result<Counts>,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if !is_named && !path.exists() {
        return Ok(of_another_build(path, &[]));
    }
    let mut file = exact::read(path)?;
    let differ = file.build.differences(&exact::this_build());
    if !differ.is_empty() {
        return Ok(of_another_build(path, &differ));
    }
    let mut counts = count()?;
    if !locks.is_empty() {
        file.counts.keep(locks);
        counts.keep(locks);
    }
    tell(&file, path, &counts, out)
}

/// What the counts of two programs differ by in these locks, for the notes beside a verdict: they decide nothing there. Nothing
/// is said of debug builds, whose instructions say nothing.
pub(super) fn beside(baseline: &Path, candidate: &Path, locks: &[String]) -> Vec<String> {
    if cfg!(debug_assertions) {
        return Vec::new();
    }
    let counted =
        exact::of_program(baseline).and_then(|was| Ok((was, exact::of_program(candidate)?)));
    let (mut was, mut is) = match counted {
        Ok(both) => both,
        Err(why) => return vec![format!("instructions were not counted: {why}")],
    };
    was.keep(locks);
    is.keep(locks);
    let found = differences(&was, &is);
    if found.is_empty() {
        return vec![format!(
            "both programs take the same instructions on the {} paths that nobody is in the way of",
            is.paths.len()
        )];
    }
    found
        .iter()
        .map(|difference| format!("counted, nobody in the way: {difference}"))
        .collect()
}

/// The counts of a program; without those of its paths, and with a note, where valgrind is not installed or cannot run the program.
fn counted(program: &Path) -> anyhow::Result<Counts> {
    match exact::of_program(program) {
        Err(missing @ (Unavailable::NoValgrind | Unavailable::Emulated(_))) => {
            note(&format!(
                "note: instructions are not compared, only sizes and the counts of the notes: {missing}"
            ));
            Ok(Counts {
                locks: exact::facts_of(program)?,
                ..Counts::default()
            })
        }
        counts => Ok(counts?),
    }
}

/// Says that the counts are of another build, and which there are.
fn of_another_build(path: &Path, differ: &[String]) -> ExitCode {
    let what = if differ.is_empty() {
        let beside = path.parent().map(others_in).unwrap_or_default();
        format!(
            "there is no {}, the file of this architecture and compiler; there are: {}",
            path.display(),
            if beside.is_empty() {
                "none".to_owned()
            } else {
                beside.join(", ")
            }
        )
    } else {
        format!(
            "{} holds for another build: {}",
            path.display(),
            differ.join("; ")
        )
    };
    note(&format!(
        "{what}; make one with `vmalock baseline exact --reason \"...\"`"
    ));
    ExitCode::from(HOSTS_EXIT_CODE)
}

/// The names of the files in a directory, sorted.
fn others_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let json = |path: PathBuf| {
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        is_json.then(|| Some(path.file_name()?.to_string_lossy().into_owned()))?
    };
    let mut names: Vec<String> = entries.filter_map(|entry| json(entry.path())).collect();
    names.sort();
    names
}

/// What differs, a line each, or that nothing does.
fn tell(
    file: &ExactFile,
    path: &Path,
    counts: &Counts,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let found = differences(&file.counts, counts);
    for difference in &found {
        writeln!(out, "{difference}")?;
    }
    let compared = match counts.paths.len() {
        0 => format!("{} locks", counts.locks.len()),
        paths => format!("{} locks with {paths} paths", counts.locks.len()),
    };
    let path = path.display();
    let revision = file.revision.as_deref().unwrap_or("no revision");
    if found.is_empty() {
        writeln!(
            out,
            "{compared}: all exactly as in {path} ({revision}: {})",
            file.reason
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "{compared}: {} not as in {path} ({revision}: {}); if it is meant, accept it with `vmalock baseline exact --reason \"...\"`",
        found.len(),
        file.reason
    )?;
    Ok(ExitCode::from(super::REGRESSED_EXIT_CODE))
}

#[cfg(test)]
mod tests {
    use super::{counted_against, others_in};
    use crate::exact::this_build;
    use reports::exact::{Counts, ExactFile, Facts, LockPath, PathCounts};
    use std::path::Path;
    use std::process::ExitCode;

    /// A file of this build that has one lock, whose read takes so many instructions.
    fn file(instructions: u64) -> ExactFile {
        let facts = Facts {
            vma_bytes: 12,
            mm_bytes: 4,
            read_rmws: Some(2),
            read_fences: Some(0),
        };
        let read = PathCounts {
            instructions,
            rmws: 2,
        };
        ExactFile {
            reason: "made up".to_owned(),
            revision: None,
            counted_by: "nobody".to_owned(),
            build: this_build(),
            counts: Counts {
                locks: [("refcount".to_owned(), facts)].into(),
                paths: [(("refcount".to_owned(), LockPath::Read), read)].into(),
            },
        }
    }

    /// What is said of a file at a path when these are the counts, and the exit code.
    fn told(path: &Path, named: bool, counts: Counts) -> (String, ExitCode) {
        let mut out = Vec::new();
        let code = counted_against(path, named, &[], || Ok(counts), &mut out);
        let text = String::from_utf8(out).expect("words are UTF-8");
        (text, code.expect("the file is one"))
    }

    #[test]
    fn a_difference_is_a_regression_whichever_way_it_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.json");
        std::fs::write(&path, file(38).text()).expect("it can be written");
        let (text, code) = told(&path, true, file(38).counts);
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(
            text.starts_with("1 locks with 1 paths: all exactly as in "),
            "{text}"
        );
        for (instructions, line) in [
            (41, "41 instructions, was 38"),
            (35, "35 instructions, was 38"),
        ] {
            let (text, code) = told(&path, true, file(instructions).counts);
            assert_eq!(code, ExitCode::from(1));
            assert!(
                text.starts_with(&format!("refcount read: {line}\n")),
                "{text}"
            );
            assert!(text.contains("vmalock baseline exact --reason"), "{text}");
        }
        let mut without = file(41).counts;
        without.paths.clear();
        let (text, code) = told(&path, true, without);
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(text.starts_with("1 locks: all exactly as in "), "{text}");
    }

    #[test]
    fn counts_of_another_build_are_not_compared() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut other = file(38);
        other.build.rustc = "rustc 1.0.0".to_owned();
        let path = directory.path().join("other.json");
        std::fs::write(&path, other.text()).expect("it can be written");
        assert_eq!(told(&path, true, Counts::default()).1, ExitCode::from(4));
        let missing = directory.path().join("missing.json");
        assert_eq!(
            told(&missing, false, Counts::default()).1,
            ExitCode::from(4)
        );
        assert_eq!(others_in(directory.path()), ["other.json"]);
    }

    #[test]
    fn a_file_that_is_none_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let refusal = |path: &Path| {
            let counts = || Ok(Counts::default());
            let error = counted_against(path, true, &[], counts, &mut Vec::new());
            format!("{:#}", error.expect_err("it is none"))
        };
        let path = directory.path().join("missing.json");
        assert!(refusal(&path).contains("missing.json cannot be read"));
        std::fs::write(&path, "{").expect("it can be written");
        assert!(refusal(&path).contains("is no file of `vmalock baseline exact`: "));
    }
}
