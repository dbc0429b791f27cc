//! What a ranking says, in words.

use crate::digest::{Digest, Ranking, RoleTable, Setting, THROUGHPUT};
use crate::words;

/// Which lock is fastest in one role of one setting, as a sentence without a full stop.
pub(crate) fn sentence(digest: &Digest<'_>, setting: &Setting<'_>, table: &RoleTable) -> String {
    let name = |lock: &usize| digest.locks[*lock].name;
    match &table.ranking {
        Ranking::Nothing => "no verified throughput".into(),
        Ranking::Alone(lock) => format!("{} alone, nothing to compare with", name(lock)),
        Ranking::OneProcess => "one process: no interval, so not ranked".into(),
        Ranking::TooNoisy => {
            format!("too noisy to rank: {}", setting.rounds(THROUGHPUT))
        }
        Ranking::Ranked { leaders, next } => {
            let names: Vec<&str> = leaders.iter().map(name).collect();
            let (subject, ahead) = match names.as_slice() {
                [one] => (format!("{one} is fastest"), ",".to_owned()),
                many => (
                    format!("{} are not separated", words::list(many)),
                    format!("; {} is", names[0]),
                ),
            };
            let next = next.as_ref().map(|(lock, ratio)| {
                let ratio = words::estimate(ratio, words::significant);
                format!("{ahead} {ratio} × {}", name(lock))
            });
            subject + &next.unwrap_or_default()
        }
    }
}

/// How many rounds of a mode can be trusted, as a sentence without a full stop.
pub(crate) fn noise(digest: &Digest<'_>, mode: &str) -> Option<String> {
    let rounds = digest.rounds(mode);
    if rounds.all == 0 {
        return None;
    }
    let what = if rounds.dirty() == 0 {
        "all clean".to_owned()
    } else if rounds.too_noisy() {
        format!("{} dirty: too noisy to rank", rounds.dirty())
    } else {
        format!("{} dirty and left out", rounds.dirty())
    };
    Some(format!(
        "{mode}: {}, {what}",
        words::count(rounds.all as u64, "round")
    ))
}
