//! How each lock is drawn, everywhere on the page.
//!
//! plotters writes colours as literals and has no classes. So it draws in colours that stand for something (#0101nn is
//! lock nn) and the style sheet gives each its colour in light and in dark, its dashes, and the way to hide it.

use super::text::escape;
use plotters::style::RGBColor;
use std::fmt::Write as _;

/// Axes and labels.
pub(super) const INK: RGBColor = RGBColor(2, 0, 1);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(2, 0, 2);
/// Labels that are not data.
pub(super) const MUTED: RGBColor = RGBColor(2, 0, 3);
/// Behind what is to be read with care.
pub(super) const SHADE: RGBColor = RGBColor(2, 0, 4);

/// The hues of Okabe and Ito (2008) for light and for dark paper; the light ones are darkened where they would not reach
/// a contrast of 3 : 1 on white.
const HUES: [(&str, &str); 8] = [
    ("#0072b2", "#4ba3e3"),
    ("#d55e00", "#ee7733"),
    ("#00855f", "#1bc596"),
    ("#b8578c", "#e08fbd"),
    ("#b07800", "#e69f00"),
    ("#2b8cc4", "#8fd3fb"),
    ("#8a7f00", "#f0e442"),
    ("#1c2127", "#e6e9ed"),
];
const CONTROL_HUE: (&str, &str) = ("#8a929c", "#7d8590");
const DASHES: [&str; 5] = ["none", "16 7", "5 5", "22 6 5 6", "9 4"];

/// The most locks that a colour of the form #0101nn can stand for.
const MOST: usize = 255;

/// The locks of all runs of a page, numbered; after them the hosts, where several stand side by side.
pub(super) struct Palette<'p> {
    locks: Vec<(&'p str, bool)>,
}

impl<'p> Palette<'p> {
    /// The locks in this order, each once; `true` for those that do not claim to exclude.
    pub(super) fn new(names: impl Iterator<Item = (&'p str, bool)>) -> Self {
        let mut locks: Vec<(&str, bool)> = Vec::new();
        for (name, control) in names {
            if !locks.iter().any(|lock| lock.0 == name) {
                locks.push((name, control));
            }
        }
        Self { locks }
    }

    /// The number of a lock.
    pub(super) fn number(&self, name: &str) -> usize {
        self.locks
            .iter()
            .position(|lock| lock.0 == name)
            .unwrap_or(0)
    }

    /// The name behind its mark, as HTML.
    pub(super) fn label(&self, name: &str) -> String {
        let floor = if self.is_control(name) {
            " <small>(harness floor)</small>"
        } else {
            ""
        };
        format!(
            "<span class=lock>{}{}{floor}</span>",
            self.mark(self.number(name)),
            escape(name)
        )
    }

    fn is_control(&self, name: &str) -> bool {
        self.locks.iter().any(|lock| lock.0 == name && lock.1)
    }

    /// The line and marker of a lock, as they are drawn in plots.
    fn mark(&self, number: usize) -> String {
        let points: Vec<String> = marker(number)
            .into_iter()
            .map(|(x, y)| format!("{},{}", 36 + x, 16 + y))
            .collect();
        let code = code(number);
        format!(
            "<svg class=mark viewBox=\"0 0 72 32\" aria-hidden=true><polyline points=\"0,16 72,16\" fill=none stroke=\"{code}\" stroke-width=5 /><polygon points=\"{}\" fill=\"{code}\"/></svg>",
            points.join(" ")
        )
    }

    /// The bar of locks that stays in view; each can be hidden, without a script.
    pub(super) fn bar(&self, legend: &str) -> String {
        let mut out = format!("<fieldset class=bar><legend>{legend}</legend>");
        for (number, (name, _)) in self.locks.iter().enumerate() {
            let _ = write!(
                out,
                "<label><input type=checkbox id=show{number} checked>{}</label>",
                self.label(name)
            );
        }
        out + "</fieldset>\n"
    }

    /// The part of the style sheet that depends on the locks.
    pub(super) fn css(&self) -> String {
        let (mut light, mut dark, mut rules) = (String::new(), String::new(), String::new());
        for (number, (_, control)) in self.locks.iter().enumerate() {
            let hue = if *control {
                CONTROL_HUE
            } else {
                HUES[number % HUES.len()]
            };
            let dash = if *control {
                "3 6"
            } else {
                DASHES[number % DASHES.len()]
            };
            let code = code(number);
            let _ = write!(light, "--s{number}:{};", hue.0);
            let _ = write!(dark, "--s{number}:{};", hue.1);
            let _ = writeln!(
                rules,
                "[stroke=\"{code}\"]{{stroke:var(--s{number})}}[fill=\"{code}\"]{{fill:var(--s{number})}}polyline[stroke=\"{code}\"]{{stroke-dasharray:{dash}}}\n:root:has(#show{number}:not(:checked)) :is(tr.s{number},figure [stroke=\"{code}\"],figure [fill=\"{code}\"]){{display:none}}"
            );
        }
        format!(
            ":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root:not(:has(#light:checked)){{{dark}}}}}\n@media screen{{:root:has(#dark:checked){{{dark}}}}}\n{rules}"
        )
    }
}

/// The colour that stands for a lock.
pub(super) fn series(number: usize) -> RGBColor {
    RGBColor(1, 1, number.min(MOST) as u8)
}

fn code(number: usize) -> String {
    format!("#0101{:02X}", number.min(MOST))
}

/// The corners of a lock's marker around its point.
pub(super) fn marker(number: usize) -> Vec<(i32, i32)> {
    match number % 6 {
        0 => vec![
            (-9, -4),
            (-4, -9),
            (4, -9),
            (9, -4),
            (9, 4),
            (4, 9),
            (-4, 9),
            (-9, 4),
        ],
        1 => vec![(-8, -8), (8, -8), (8, 8), (-8, 8)],
        2 => vec![(0, -11), (10, 8), (-10, 8)],
        3 => vec![(0, -11), (11, 0), (0, 11), (-11, 0)],
        4 => vec![(0, 11), (10, -8), (-10, -8)],
        _ => vec![
            (-3, -10),
            (3, -10),
            (3, -3),
            (10, -3),
            (10, 3),
            (3, 3),
            (3, 10),
            (-3, 10),
            (-3, 3),
            (-10, 3),
            (-10, -3),
            (-3, -3),
        ],
    }
}
