//! `vmalock check`: whether this program's locks are worse than those of another build, measured beside each other.

mod against_file;
mod artefacts;
mod code;
mod exact;
mod git;
mod kept;
mod outputs;
pub(super) mod plan;
mod revision;
mod worktree;

use crate::args::CheckArgs;
use crate::args::Inconclusive;
use crate::cmd::beside::{Machine, Measuring, Party, Program, Sides};
use crate::cmd::compare::INCONCLUSIVE_EXIT_CODE;
use crate::cmd::emulated::refuse;
use crate::cmd::host::look;
use crate::cmd::verify::BROKEN_EXIT_CODE;
use crate::contender::Contender;
use crate::host;
use crate::plan_of::check_window;
use crate::plan_words::{about, print_plan};
use crate::recording::{dated_directory, header, make_directory, note, stop_flag};
use anyhow::Context;
use bench_core::plan::Plan;
pub use outputs::OutputArgs;
use reports::check::{Check, Settings, Stage, Verdict, judge, needs_confirmation};
use revision::Revision;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The exit code of a regression.
const REGRESSED_EXIT_CODE: u8 = 1;

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub fn run(
    args: &CheckArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if let Some(file) = &args.from {
        let check = kept::read(file)?;
        write!(out, "{check}")?;
        let failed = outputs::write(&args.outputs, &check, out);
        return Ok(exit_code(args, check.verdict, &failed));
    }
    if let Some(file) = &args.exact {
        return exact::run(file.as_deref(), &args.lock, contenders, out);
    }
    let (host, _) = host::read(Path::new("/"));
    if let Some(file) = &args.baseline {
        return against_file::run(args, file, contenders, &host, out);
    }
    let mut plan = plan::plan_of(args, contenders, &host)?;
    // Before a revision is built.
    refuse(&host, "check")?;
    let stop = stop_flag()?;
    let Some(other) = other_side(args, &stop)? else {
        return stopped(None);
    };
    let mut notes = match &other.program {
        Some(program) => plan::leave_out(&mut plan, &args.lock, contenders, &program.locks)?,
        None => vec!["locks that the other side does not have will be left out".to_owned()],
    };
    let Some(program) = other.program.filter(|_| !args.dry_run) else {
        return print(&plan, 3, &other.words, &notes, out);
    };
    notes.extend(program.differences(&header::tool()));
    let theirs = |name| Party {
        name,
        path: program.path.clone(),
        other: Some(&program),
    };
    let candidate = Party::of_this_program("candidate")?;
    notes.push(code::compared(&program.path, &candidate.path)?);
    notes.extend(exact::beside(&program.path, &candidate.path, &plan.locks));
    let parties = vec![theirs("baseline"), candidate, theirs("control")];
    let settings = settings(args, other.words);
    let judged = |first: &Sides, second: Option<&Sides>| {
        let sides = reports::check::Sides {
            first: stage(first),
            confirmation: second.map(stage),
        };
        judge(&sides, &settings)
    };
    let gate = Gate::new(args, contenders, parties, &stop, &plan, notes)?;
    gate.run(&plan, &[], &judged, out)
}

/// Baseline, candidate and control for the judge.
fn stage(sides: &Sides) -> Stage<'_> {
    Stage {
        baseline: &sides.runs[0],
        candidate: &sides.runs[1],
        control: Some(&sides.runs[2]),
    }
}

/// What this program is held against.
struct OtherSide {
    /// In words.
    words: String,
    /// `None` where a dry run does not build it.
    program: Option<Program>,
}

/// Finds the other side, and builds it where it is a revision. `None` when a signal came.
fn other_side(args: &CheckArgs, stop: &AtomicBool) -> anyhow::Result<Option<OtherSide>> {
    if let Some(path) = &args.against_binary {
        let program = Program::ask(path)?;
        program.check_profile(&header::tool())?;
        let words = format!("{}, {}", path.display(), program.build());
        return Ok(Some(OtherSide {
            words,
            program: Some(program),
        }));
    }
    let asked = args.against.as_deref().unwrap_or("HEAD");
    let revision = Revision::find(Path::new("."), asked)?;
    let words = revision.to_string();
    if args.dry_run {
        return Ok(Some(OtherSide {
            words,
            program: None,
        }));
    }
    if cfg!(debug_assertions) {
        anyhow::bail!(
            "this is a debug build, and {words} would be built with --release, so that they cannot be compared; run `cargo run --release -- check ...`"
        );
    }
    let Some(path) = revision.build(stop)? else {
        return Ok(None);
    };
    let program = Program::ask(&path).with_context(|| format!("{words} was built, but"))?;
    Ok(Some(OtherSide {
        words,
        program: Some(program),
    }))
}

fn settings(args: &CheckArgs, baseline: String) -> Settings {
    let tool = header::tool();
    let revision = tool.git_revision.as_deref();
    Settings {
        baseline,
        candidate: format!(
            "this program, {}",
            revision.map_or(format!("version {}", tool.version), |r| format!(
                "revision {r}"
            ))
        ),
        floor: args.floor,
        margin: args.margin,
    }
}

/// The plan in words.
fn print(
    plan: &Plan,
    programs: u32,
    words: &str,
    notes: &[String],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    writeln!(out, "against:    {words}")?;
    print_plan(plan, out)?;
    writeln!(
        out,
        "as a check: {programs} programs take turns, so about {}; as long again at most for what has to be confirmed",
        about(u64::from(programs) * plan.estimate_ns())
    )?;
    for text in notes {
        writeln!(out, "note:       {text}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that a signal ended it.
fn stopped(directory: Option<&Path>) -> anyhow::Result<ExitCode> {
    note(&match directory {
        Some(directory) => format!(
            "stopped by a signal: there is no verdict; what was measured is in {}",
            directory.display()
        ),
        None => "stopped by a signal before anything was measured: there is no verdict".to_owned(),
    });
    Ok(ExitCode::from(INCONCLUSIVE_EXIT_CODE))
}

/// The verdict on a stage, or on both.
type Judge<'j> = dyn Fn(&Sides, Option<&Sides>) -> Check + 'j;

/// A check whose programs are known.
struct Gate<'a> {
    args: &'a CheckArgs,
    measuring: Measuring<'a>,
    directory: PathBuf,
    notes: Vec<String>,
}

impl<'a> Gate<'a> {
    /// Looks at the machine and makes the directory.
    ///
    /// # Errors
    /// When the window is too short for the clock, or the directory cannot be made.
    fn new(
        args: &'a CheckArgs,
        contenders: &'a [Contender],
        parties: Vec<Party<'a>>,
        stop: &'a AtomicBool,
        plan: &Plan,
        notes: Vec<String>,
    ) -> anyhow::Result<Self> {
        let machine = Machine::of(look());
        check_window(plan, machine.clock.quantum_ns)?;
        let directory = args
            .out
            .clone()
            .unwrap_or_else(|| dated_directory("vmalock-check"));
        make_directory(&directory)?;
        for text in machine.warnings.iter().chain(&notes) {
            note(&format!("note: {text}"));
        }
        let measuring = Measuring {
            contenders,
            parties,
            machine,
            hang_limit: Duration::from_secs(args.hang_limit_s),
            stop,
        };
        Ok(Self {
            args,
            measuring,
            directory,
            notes,
        })
    }

    /// Both stages, the verdict and all files. These `needed` locks are measured in the second stage whatever it is for.
    fn run(
        &self,
        plan: &Plan,
        needed: &[&str],
        judge: &Judge<'_>,
        out: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let measured = self.measuring.stage(&self.directory, plan, false)?;
        let Some(first) = measured else {
            return stopped(Some(&self.directory));
        };
        let mut broken = first.broken;
        let mut check = judge(&first, None);
        if needs_confirmation(&check) {
            note("what the first stage could not settle is measured again by fresh processes");
            let mut again = plan::again(plan, &check);
            plan::keep(&mut again, plan, needed);
            let directory = self.directory.join("confirmation");
            let Some(second) = self.measuring.stage(&directory, &again, true)? else {
                return stopped(Some(&self.directory));
            };
            broken += second.broken;
            check = judge(&first, Some(&second));
        }
        if cfg!(debug_assertions) {
            take_back(&mut check);
        }
        check.notes.extend(self.notes.iter().cloned());
        // Files first: standard output may be closed.
        let mut failed = artefacts::write(&self.directory, &check);
        failed.extend(outputs::write(&self.args.outputs, &check, out));
        write!(out, "{check}")?;
        writeln!(out, "records: {}", self.directory.display())?;
        let decided = exit_code(self.args, check.verdict, &failed);
        if broken > 0 {
            note(&format!(
                "a lock broke its contract in {broken} of the cells, which are not results"
            ));
            return Ok(ExitCode::from(BROKEN_EXIT_CODE));
        }
        Ok(decided)
    }
}

/// Says what could not be written, which is the user's to mend; else the verdict decides.
fn exit_code(args: &CheckArgs, verdict: Verdict, failed: &[anyhow::Error]) -> ExitCode {
    for error in failed {
        note(&format!("{error:#}"));
    }
    ExitCode::from(match (verdict, args.inconclusive) {
        _ if !failed.is_empty() => crate::USAGE_EXIT_CODE,
        (Verdict::Regressed, _) => REGRESSED_EXIT_CODE,
        (Verdict::Inconclusive, Inconclusive::Fail) => INCONCLUSIVE_EXIT_CODE,
        (Verdict::Improved | Verdict::Equivalent | Verdict::Inconclusive, _) => 0,
    })
}

/// Of a debug build nothing is said: it measures what the compiler left in.
fn take_back(check: &mut Check) {
    for line in &mut check.lines {
        line.verdict = Verdict::Inconclusive;
        line.why = "a debug build".to_owned();
    }
    check.verdict = Verdict::Inconclusive;
    check.advice.push(
        "Both programs are debug builds, whose numbers say nothing: run `cargo run --release -- check ...`.".to_owned(),
    );
}
