//! What Linux 6.17 and 6.19 changed of the reference count, and each mistake that could be made in it, in every execution of two or
//! three threads.
//!
//! | module | what it shows |
//! |---|---|
//! | [`killable`] | a fatal signal while a writer waits (P3, P19, P22) |
//! | [`pinned`] | the wake to an mm that may go away (P10) |

mod faulty;
mod killable;
mod pinned;

use crate::machine::{Loom, check, hold};
use crate::models::map;
use bench_core::lock::VmaLock;
use bench_core::space::Mm;
use lock_variants::contract::{self, Body, Check};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An mm and a VMA that it has mapped.
fn mapped<L: VmaLock<Machine = Loom>>() -> (Mm<L>, L::Vma) {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    map(&mm, &vma);
    (mm, vma)
}

/// Why a model fails: in some execution, and with what words. `None` when it holds in all of them.
fn failure_of(preemptions: usize, model: impl Fn() + Send + Sync + 'static) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| check(preemptions, model))).err()?;
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Some(words.unwrap_or("a panic without words").to_owned())
}

/// A rule of the contract.
fn find<L: VmaLock>(name: &str) -> Check {
    let mut rules = contract::checks::<L>().into_iter();
    let rule = rules.find(|rule| rule.name == name);
    rule.unwrap_or_else(|| panic!("no rule {name}"))
}

/// All rules of the contract.
fn keeps_every_rule<L: VmaLock<Machine = Loom>>() {
    for rule in contract::checks::<L>() {
        hold(2, move || keeps(rule));
    }
}

fn keeps(rule: Check) {
    if let Err(broken) = rule.run(1, in_parallel) {
        panic!("{broken}");
    }
}

fn in_parallel(bodies: Vec<Body>) {
    let threads: Vec<_> = bodies.into_iter().map(loom::thread::spawn).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
