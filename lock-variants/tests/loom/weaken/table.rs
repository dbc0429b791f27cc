//! The table of weakenings, and the tests that run it.

use super::{Shown, Weakening, all};
use crate::machine::fault::Fault;
use crate::machine::source;
use std::env;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// What became of a row.
struct Outcome {
    row: Weakening,
    /// `None` where no model is said to show it.
    caught: Option<bool>,
    took: Duration,
}

fn run(row: Weakening) -> Outcome {
    let started = Instant::now();
    let caught = match row.shown {
        Shown::Not(_) => None,
        Shown::By(model) => Some(row.is_caught_by(row.lock, model)),
    };
    Outcome {
        row,
        caught,
        took: started.elapsed(),
    }
}

/// Runs the rows on all CPUs, and returns them in their order.
fn run_all(rows: &[Weakening]) -> Vec<Outcome> {
    on_all_cpus(rows, |row| run(*row))
}

/// Does it with each of `all` on all CPUs, and returns the results in their order.
pub(crate) fn on_all_cpus<T: Sync, R: Send>(all: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            // Relaxed: it only hands out numbers.
            let index = next.fetch_add(1, Relaxed);
            let Some(it) = all.get(index) else {
                return done;
            };
            done.push((index, act(it)));
        }
    };
    let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cpus).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a panic in one of them"))
            .collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn print(outcome: &Outcome) {
    let Outcome { row, caught, took } = outcome;
    let (result, by) = match (row.shown, caught) {
        (Shown::Not(why), _) => ("no model", why),
        (Shown::By(model), Some(true)) => ("caught", model),
        (Shown::By(model), _) => ("NOT CAUGHT", model),
    };
    println!(
        "| {} | {} | `{}` {} | {} | {result} | {by} | {} |",
        row.property,
        row.what,
        row.site,
        fault(row.fault),
        row.lock,
        took.as_millis()
    );
}

fn fault(fault: Fault) -> String {
    match fault {
        Fault::Lacks(half) => format!("without {half:?}"),
        Fault::LeftOut => "left out".to_owned(),
        Fault::Sees(_) => "sees another value".to_owned(),
    }
}

/// Of how many rows a brief run takes one.
const BRIEF: usize = 8;

/// Prints the table; fails when a weakening goes unnoticed. `VMALOCK_MODELS=brief` takes a part of the rows.
#[test]
fn every_weakening_is_caught() {
    let is_brief = env::var("VMALOCK_MODELS").is_ok_and(|word| word == "brief");
    let step = if is_brief { BRIEF } else { 1 };
    let rows: Vec<_> = all().into_iter().step_by(step).collect();
    let outcomes = run_all(&rows);
    println!(
        "| property | what is weaker, and what it is for | where | lock | result | by which model, or why by none | ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    outcomes.iter().for_each(print);
    let count = |wanted| outcomes.iter().filter(|it| it.caught == wanted).count();
    println!(
        "{} weakenings: {} caught, {} that no model can show, {} not caught",
        outcomes.len(),
        count(Some(true)),
        count(None),
        count(Some(false))
    );
    assert_eq!(count(Some(false)), 0, "a weakening went unnoticed");
}

/// A lock's ordering cannot come into the text without a weakening of it.
#[test]
fn every_ordering_of_the_text_has_a_weakening() {
    let mut rows: Vec<_> = all()
        .into_iter()
        .filter(|row| matches!(row.fault, Fault::Lacks(_)))
        .collect();
    let mut missing = Vec::new();
    for ordering in source::orderings() {
        let row = rows.iter().position(|row| match row.fault {
            Fault::Lacks(half) => ordering.is_of(row.site, half),
            _ => false,
        });
        match row {
            Some(row) => drop(rows.swap_remove(row)),
            None => missing.push(format!("{ordering:?}")),
        }
    }
    assert!(
        missing.is_empty(),
        "no weakening for\n{}",
        missing.join("\n")
    );
}
