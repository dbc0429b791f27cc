use super::ALL;
use crate::catalogue::{Visitor, visit_all};
use bench_core::lock::VmaLock;
use bench_core::machine::Solo;

struct Names(Vec<&'static str>);

impl Visitor<Solo> for Names {
    fn visit<L: VmaLock<Machine = Solo>>(&mut self) {
        self.0.push(L::INFO.name);
    }
}

#[test]
fn every_lock_has_its_notes_and_every_note_its_lock() {
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    let noted: Vec<_> = ALL.iter().map(|notes| notes.name).collect();
    assert_eq!(noted, names.0, "notes, and locks of the catalogue");
}

#[test]
fn texts_are_sentences_without_the_last_full_stop() {
    for notes in ALL {
        for text in [notes.state, notes.starves, notes.differs] {
            assert!(
                !text.is_empty() && !text.ends_with('.'),
                "{}: {text}",
                notes.name
            );
            assert!(!text.contains("  "), "{}: {text}", notes.name);
        }
    }
}
