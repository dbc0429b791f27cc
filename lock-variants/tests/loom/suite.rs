//! Every lock of the catalogue keeps every rule in every execution.

use crate::machine::Loom;
use crate::models::{Model, model, models};
use crate::reader_slots;
use crate::weaken::on_all_cpus;
use bench_core::lock::VmaLock;
use lock_variants::catalogue::{Visitor, visit_all};
use lock_variants::contract;
use lock_variants::null::Null;
use std::env;
use std::time::Instant;

/// No models: the negative control breaks them, and the references have words of their own, which loom cannot see. The
/// native runs of the contract suite have to do for these two.
const NOT_MODELLED: [&str; 3] = ["null", "std-rwlock", "parking-lot"];

/// A lock and its models.
pub(crate) struct Modelled {
    pub(crate) lock: &'static str,
    pub(crate) models: Vec<Model>,
}

/// All locks of the catalogue that have models.
pub(crate) fn modelled() -> Vec<Modelled> {
    struct All(Vec<Modelled>);
    impl Visitor<Loom> for All {
        fn visit<L: VmaLock<Machine = Loom>>(&mut self) {
            let lock = L::INFO.name;
            if !NOT_MODELLED.contains(&lock) {
                let mut models = models::<L>();
                if lock == "bravo" {
                    models.extend(reader_slots::models());
                }
                self.0.push(Modelled { lock, models });
            }
        }
    }
    let mut all = All(Vec::new());
    visit_all(&mut all);
    all.0
}

/// All locks, or those that `VMALOCK_LOCK` names, with a comma between.
#[test]
fn every_lock_keeps_every_rule() {
    let wanted = env::var("VMALOCK_LOCK").ok();
    let is_wanted = |lock| {
        wanted
            .as_ref()
            .is_none_or(|it| it.split(',').any(|it| it == lock))
    };
    let mut locks = modelled();
    locks.retain(|it| is_wanted(it.lock));
    assert!(!locks.is_empty(), "no lock is called {wanted:?}");
    on_all_cpus(&locks, |Modelled { lock, models }| {
        let started = Instant::now();
        for model in models {
            println!("{lock}: {}", model.name);
            model.run();
        }
        println!(
            "{lock} keeps {} rules: {:.1?}",
            models.len(),
            started.elapsed()
        );
    });
}

#[test]
fn the_lock_that_excludes_nobody_breaks_every_rule_about_exclusion() {
    for check in contract::checks::<Null<Loom>>() {
        let failed = model::<Null<Loom>>(check.name).fails();
        assert_eq!(failed, check.about_exclusion, "{}", check.name);
    }
}
