//! The rows of the table, from `rows.txt`, which says at its head what a row is.

use super::{Shown, Weakening};
use crate::machine::fault::{Fault, Half, Seen, Site};

/// All weakenings.
///
/// # Panics
/// With the number of the line that is not a row.
pub(crate) fn all() -> Vec<Weakening> {
    let lines = include_str!("rows.txt").lines().enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            weakening(line).unwrap_or_else(|| panic!("rows.txt, line {}: {line}", index + 1))
        })
        .collect()
}

fn weakening(line: &'static str) -> Option<Weakening> {
    let [property, site, fault, lock, shown, what] = line.split(" | ").collect::<Vec<_>>()[..]
    else {
        return None;
    };
    Some(Weakening {
        property,
        what,
        site: self::site(site)?,
        fault: self::fault(fault)?,
        lock,
        shown: match shown.strip_prefix("none: ") {
            Some(why) => Shown::Not(why),
            None => Shown::By(shown),
        },
    })
}

fn site(text: &'static str) -> Option<Site> {
    let mut words = text.split(' ');
    let site = Site {
        file: words.next()?,
        function: words.next()?,
        operation: words.next()?,
        nth: match words.next() {
            Some(which) => which.strip_prefix('#')?.parse().ok()?,
            None => 0,
        },
    };
    words.next().is_none().then_some(site)
}

fn fault(text: &str) -> Option<Fault> {
    let value = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    Some(match text {
        "no Acquire" => Fault::Lacks(Half::Acquire),
        "no Release" => Fault::Lacks(Half::Release),
        "no Full" => Fault::Lacks(Half::Full),
        "left out" => Fault::LeftOut,
        _ => {
            let seen = text.strip_prefix("sees ")?;
            Fault::Sees(match seen.split_at(1) {
                ("+", bits) => Seen::With(value(bits)?),
                ("-", bits) => Seen::Without(value(bits)?),
                _ => Seen::Value(value(seen)?),
            })
        }
    })
}
