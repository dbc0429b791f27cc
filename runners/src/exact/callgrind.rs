//! Callgrind (<https://valgrind.org/docs/manual/cl-manual.html>) as a counter: it executes a program instruction by instruction and
//! writes its counts in parts, one for each mark that [`walk`](super::walk) sets.

use super::walk::{FEW_TURNS, MANY_TURNS, MARK, PARTS_OF_A_WALK, WALK_COMMAND, Walked};
use super::{Unavailable, answer};
use reports::exact::{PathCounts, Paths};
use std::path::Path;
use std::process::Command;

/// The program that executes the other.
pub(super) const VALGRIND: &str = "valgrind";

/// What is counted in a part: instructions, and atomic operations ("global bus events").
type Part = [i64; 2];
/// Their names in callgrind's file.
const EVENTS: [&str; 2] = ["Ir", "Ge"];

/// What counts here, with its version: `valgrind-3.19.0`.
///
/// # Errors
/// When it is not installed.
pub fn counter_version() -> Result<String, Unavailable> {
    let command = "--version";
    let output = answer(
        Command::new(VALGRIND).arg(command),
        Path::new(VALGRIND),
        command,
    )?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Counts every path of every lock of a program.
///
/// # Errors
/// Why nothing was counted.
pub fn paths_of(program: &Path) -> Result<Paths, Unavailable> {
    let failed = |why: String| Unavailable::Failed {
        program: program.to_owned(),
        command: WALK_COMMAND,
        why,
    };
    let scratch = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let counts = scratch.path().join("counts");
    let mut call = Command::new(VALGRIND);
    call.args(["--tool=callgrind", "--quiet", "--vgdb=no"])
        .args(["--collect-bus=yes", "--combine-dumps=yes"])
        .arg(format!("--dump-before=*{MARK}*"))
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(program)
        .arg(WALK_COMMAND)
        // A user's own settings could make it count something else.
        .env_remove("VALGRIND_OPTS");
    let output = answer(&mut call, program, WALK_COMMAND)?;
    let walked = walked(&output.stdout).map_err(failed)?;
    let text = std::fs::read_to_string(&counts).map_err(|error| failed(error.to_string()))?;
    let parts = parts(&text).map_err(failed)?;
    // What follows the last mark is a part too.
    if parts.len() != walked.len() * PARTS_OF_A_WALK + 1 {
        let (walks, parts) = (walked.len(), parts.len());
        return Err(failed(format!(
            "callgrind wrote {parts} parts for {walks} walks: it does not see the marks, as in a program without names"
        )));
    }
    of_a_turn(walked, &parts)
}

/// What was walked, in order.
fn walked(lines: &[u8]) -> Result<Vec<Walked>, String> {
    serde_json::Deserializer::from_slice(lines)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// The counts of the parts of callgrind's file, in order. A part names its events before its totals; totals that are left out at
/// the end of a line are 0.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut columns = [None; EVENTS.len()];
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("events:") {
            columns = EVENTS.map(|event| names.split_whitespace().position(|name| name == event));
        } else if let Some(totals) = line.strip_prefix("totals:") {
            let totals: Result<Vec<i64>, _> = totals.split_whitespace().map(str::parse).collect();
            let totals = totals.map_err(|_| format!("callgrind wrote: {line}"))?;
            let [Some(instructions), Some(atomics)] = columns else {
                return Err("callgrind did not count what it was asked to".to_owned());
            };
            let of = |column: usize| totals.get(column).copied().unwrap_or(0);
            parts.push([of(instructions), of(atomics)]);
        }
    }
    Ok(parts)
}

/// The counts of one turn of each path, from the parts of all walks, which are as many as they should be.
fn of_a_turn(walked: Vec<Walked>, parts: &[Part]) -> Result<Paths, Unavailable> {
    let turns = (MANY_TURNS - FEW_TURNS) as i64;
    let mut nothing = [0, 0];
    let mut counts = Paths::new();
    for (walk, parts) in walked.into_iter().zip(parts.chunks_exact(PARTS_OF_A_WALK)) {
        let (few, many) = (parts[1], parts[3]);
        let more = [0, 1].map(|event| many[event] - few[event]);
        match walk {
            Walked::Nothing => nothing = more,
            Walked::Path(lock, path) => {
                let beyond = [0, 1].map(|event| more[event] - nothing[event]);
                let is_whole = beyond.iter().all(|count| count % turns == 0);
                let one = beyond.map(|count| u64::try_from(count / turns));
                let ([Ok(instructions), Ok(rmws)], true) = (one, is_whole) else {
                    return Err(Unavailable::Unsteady { lock, path });
                };
                counts.insert((lock, path), PathCounts { instructions, rmws });
            }
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::{Walked, of_a_turn, parts};
    use crate::exact::Unavailable;
    use reports::exact::{LockPath, PathCounts};

    /// Parts as callgrind writes them, of so many instructions and atomic operations.
    fn file(counts: &[(u64, u64)]) -> String {
        let part = |(number, (ir, ge)): (usize, &(u64, u64))| {
            // It leaves out what is 0 at the end of a line.
            let totals = if *ge == 0 {
                format!("{ir}")
            } else {
                format!("{ir} {ge}")
            };
            format!(
                "version: 1\npid: 7\npart: {}\ndesc: Trigger: --dump-before=x\n\nevents: Ir Ge\nsummary: {totals}\n\nfn=(3) x\n19 {totals}\n\ntotals: {totals}\n",
                number + 1
            )
        };
        counts.iter().enumerate().map(part).collect()
    }

    /// A call that does nothing is 9 instructions a turn, and each part has 27 of its own.
    const NOTHING: [(u64, u64); 4] = [(500_000, 40), (927, 0), (33, 0), (2727, 0)];

    fn walked() -> Vec<Walked> {
        vec![
            Walked::Nothing,
            Walked::Path("a".to_owned(), LockPath::Read),
        ]
    }

    #[test]
    fn a_turn_is_what_many_turns_are_more_than_few_beyond_a_call_that_does_nothing() {
        let read = [
            (70, 1),
            (927 + 100 * 33, 200),
            (33, 0),
            (2727 + 300 * 33, 600),
            (9, 9),
        ];
        let text = file(&[&NOTHING[..], &read].concat());
        let parts = parts(&text).expect("callgrind wrote it");
        assert_eq!(parts.len(), 9);
        let counts = of_a_turn(walked(), &parts).expect("its turns are alike");
        let one = PathCounts {
            instructions: 33,
            rmws: 2,
        };
        assert_eq!(counts, [(("a".to_owned(), LockPath::Read), one)].into());
    }

    #[test]
    fn a_path_whose_turns_differ_has_no_count() {
        let read = [(70, 0), (4227, 0), (33, 0), (12_628, 0), (9, 0)];
        let parts = parts(&file(&[&NOTHING[..], &read].concat())).expect("callgrind wrote it");
        assert!(matches!(
            of_a_turn(walked(), &parts),
            Err(Unavailable::Unsteady { lock, path: LockPath::Read }) if lock == "a"
        ));
    }

    #[test]
    fn counts_of_other_events_are_no_counts() {
        assert!(parts("events: Ir\ntotals: 3\n").is_err_and(|why| why.contains("asked to")));
        assert!(parts("events: Ir Ge\ntotals: 3 x\n").is_err_and(|why| why.contains("3 x")));
    }
}
