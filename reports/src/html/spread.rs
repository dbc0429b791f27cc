//! Where the spread comes from, and what would make intervals narrower.

use super::text::{Datum, Table, escape};
use super::{Page, placement};
use crate::digest::{Costs, Digest, RoleTable, Setting, Spread, THROUGHPUT};
use crate::{verdict, words};

/// More rounds than this are not worth a number.
const MANY_ROUNDS: f64 = 1_000.0;
/// The best number of rounds must be off by this factor to be worth a word: the curve is flat around it.
const WORTH_A_WORD: f64 = 1.5;

pub(super) fn section(_: &Page<'_>, digest: &Digest<'_>) -> String {
    let heads = [
        "Workload, role",
        "Threads",
        "Of",
        "processes %",
        "rounds %",
        "left out",
        "tells %",
        "best rounds",
        "what would narrow it",
    ];
    let caption = "processes, rounds: the standard deviation between them; left out: dirty rounds; tells: the smallest difference that is found four times in five; best rounds: in each process";
    let mut table = Table::new(caption, &heads);
    let costs = Costs::of(digest);
    for setting in &digest.settings {
        for role in &setting.roles {
            let head = format!(
                "{}{} <small>{}</small>",
                escape(setting.workload),
                placement(digest, setting),
                role.role.word()
            );
            table.row("", &head, &row(digest, setting, role, costs));
        }
    }
    if table.is_empty() {
        return "<p class=none>No cell was recorded, so there is no spread.</p>\n".into();
    }
    format!(
        "<p>A round's result is off by the luck of its process (where its memory lies, which CPUs have which part), which all its rounds share, and by its own. More rounds average out only the second, more processes both. The <em>best</em> number of rounds gives the narrowest interval for the time (Kalibera and Jones, 2013), by what a process costs to start{}. A difference below 1 % is not called one, however narrow the interval.</p>\n{}",
        costs.map_or_else(String::new, |costs| format!(
            " (about {}) and a round of everything (about {})",
            words::duration(costs.process_ns),
            words::duration(costs.round_ns)
        )),
        table.html()
    )
}

fn row(
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    role: &RoleTable,
    costs: Option<Costs>,
) -> Vec<Datum> {
    let rounds = setting.rounds(THROUGHPUT);
    let spread = Spread::of(role);
    let name = |lock: usize| digest.locks[lock].name;
    let of = match &spread {
        None => verdict::sentence(digest, setting, role),
        Some(Spread {
            first,
            second: Some(second),
            ..
        }) => format!("{} over {}", name(*first), name(*second)),
        Some(Spread { first, .. }) => format!("{} alone", name(*first)),
    };
    let components = spread.as_ref().and_then(|s| s.components);
    let percent = |share: f64| words::percent(share);
    let best = components
        .zip(costs)
        .map(|(c, costs)| c.best_rounds(costs.process_ns, costs.round_ns));
    vec![
        Datum::Number(setting.threads.to_string()),
        Datum::Text(of),
        Datum::number(components.map(|c| percent(c.between))),
        Datum::number(components.map(|c| percent(c.within))),
        Datum::Number(format!("{} of {}", rounds.dirty(), rounds.all)),
        Datum::number(spread.and_then(|s| s.detectable).map(|d| percent(d - 1.0))),
        Datum::number(best.map(best_words)),
        Datum::Text(best.map_or_else(
            || "–".into(),
            |best| advice(best, digest.run.header.rounds).into(),
        )),
    ]
}

fn best_words(rounds: Option<f64>) -> String {
    match rounds {
        Some(rounds) if rounds <= MANY_ROUNDS => words::grouped(rounds.round() as u64),
        _ => format!("over {}", words::grouped(MANY_ROUNDS as u64)),
    }
}

fn advice(best: Option<f64>, rounds: u32) -> &'static str {
    let rounds = f64::from(rounds);
    match best {
        None => "more rounds or more processes: processes do not differ",
        Some(best) if best > rounds * WORTH_A_WORD => "more rounds in each process",
        Some(best) if best < rounds / WORTH_A_WORD => "more processes of fewer rounds",
        Some(_) => "more processes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_follows_the_best_number_of_rounds() {
        assert_eq!(advice(Some(26.0), 10), "more rounds in each process");
        assert_eq!(advice(Some(4.0), 10), "more processes of fewer rounds");
        assert_eq!(advice(Some(9.0), 10), "more processes");
        assert!(advice(None, 10).contains("do not differ"));
        assert_eq!(best_words(Some(4.4)), "4");
        assert_eq!(best_words(None), "over 1,000");
    }
}
