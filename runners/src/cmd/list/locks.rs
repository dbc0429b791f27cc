//! The locks: a line or two of each, or all that is known.

use crate::contender::Contender;
use crate::names;
use bench_core::record::LockInfo;
use lock_variants::notes::{self, Notes};
use serde::Serialize;
use std::io::Write;

/// The width that lines of text keep to.
const COLUMNS: usize = 110;
/// Where the texts of [`write_long`] begin.
const TEXT_COLUMN: usize = 12;

/// All that is known of a lock.
#[derive(Serialize)]
pub(super) struct LockAnswer {
    #[serde(flatten)]
    info: LockInfo,
    #[serde(flatten)]
    notes: Option<NotesAnswer>,
}

/// The [`Notes`] of a lock of the catalogue.
#[derive(Serialize)]
struct NotesAnswer {
    state: &'static str,
    starves: &'static str,
    differs: &'static str,
    read_rmws: u32,
    read_fences: u32,
}

impl From<&'static Notes> for NotesAnswer {
    fn from(notes: &'static Notes) -> Self {
        Self {
            state: notes.state,
            starves: notes.starves,
            differs: notes.differs,
            read_rmws: notes.rmws,
            read_fences: notes.fences,
        }
    }
}

/// The locks with these names, or all, in the order of the catalogue.
///
/// # Errors
/// When a name is unknown.
pub(super) fn answers(
    contenders: &[Contender],
    wanted: &[String],
) -> anyhow::Result<Vec<LockAnswer>> {
    let known: Vec<&str> = contenders.iter().map(Contender::name).collect();
    for name in wanted {
        names::check("lock", name, &known)?;
    }
    let chosen = contenders
        .iter()
        .filter(|lock| wanted.is_empty() || wanted.iter().any(|name| name == lock.name()));
    let answer = |lock: &Contender| LockAnswer {
        info: lock.info(),
        notes: notes::of(lock.name()).map(NotesAnswer::from),
    };
    Ok(chosen.map(answer).collect())
}

/// A table. A lock that is not of the catalogue has no counts.
pub(super) fn write_table(locks: &[LockAnswer], out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "locks (bytes per VMA + per mm; atomic read-modify-writes and fences of a read that meets nobody):"
    )?;
    writeln!(
        out,
        "  {:26} {:>9} {:>4} {:>6}",
        "", "bytes", "rmws", "fences"
    )?;
    for lock in locks {
        let info = &lock.info;
        let bytes = format!("{} + {}", info.vma_bytes, info.mm_bytes);
        let counts = lock.notes.as_ref();
        let rmws = counts.map_or("-".to_owned(), |notes| notes.read_rmws.to_string());
        let fences = counts.map_or("-".to_owned(), |notes| notes.read_fences.to_string());
        let start = format!("  {:26} {bytes:>9} {rmws:>4} {fences:>6}  ", info.name);
        write_wrapped(&start, &info.summary, out)?;
    }
    writeln!(
        out,
        "  more of one: vmalock list locks NAME; of all: --long"
    )
}

/// All that is known of each.
pub(super) fn write_long(locks: &[LockAnswer], out: &mut impl Write) -> std::io::Result<()> {
    let line = |name: &str| format!("  {name:width$}", width = TEXT_COLUMN - 2);
    for lock in locks {
        let info = &lock.info;
        writeln!(out, "{}", info.name)?;
        write_wrapped(&line("what"), &info.summary, out)?;
        write_wrapped(&line("from"), &info.source, out)?;
        let bytes = format!("{} per VMA, {} per mm", info.vma_bytes, info.mm_bytes);
        write_wrapped(&line("bytes"), &bytes, out)?;
        let Some(notes) = &lock.notes else {
            continue;
        };
        let cost = format!(
            "atomic read-modify-writes: {}, fences: {}, when it meets nobody",
            notes.read_rmws, notes.read_fences
        );
        write_wrapped(&line("a read"), &cost, out)?;
        write_wrapped(&line("state"), notes.state, out)?;
        write_wrapped(&line("starves"), notes.starves, out)?;
        write_wrapped(&line("differs"), notes.differs, out)?;
    }
    Ok(())
}

/// `start` and the words of `text` behind it, in lines of [`COLUMNS`]; further lines begin below the first word.
fn write_wrapped(start: &str, text: &str, out: &mut impl Write) -> std::io::Result<()> {
    let indent = start.chars().count();
    let mut line = start.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && needed > COLUMNS {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, write_wrapped};

    #[test]
    fn a_long_text_goes_on_below_its_first_word() {
        let mut out = Vec::new();
        write_wrapped("  name  ", &"word ".repeat(30), &mut out).expect("it is memory");
        let text = String::from_utf8(out).expect("it is text");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.len() <= COLUMNS));
        assert!(lines[0].starts_with("  name  word word") && lines[1].starts_with("        word"));
        assert_eq!(text.matches("word").count(), 30);
    }
}
