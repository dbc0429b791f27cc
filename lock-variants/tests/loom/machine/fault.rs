//! Planted faults: what the machine does wrong at one place of a lock's text.
//!
//! The text of the locks stays the one that is measured. The machine below it knows from where it was called
//! ([`Location::caller`]), and at the place of the fault it orders less, leaves the step out, or shows the text another value.

use super::source;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::panic::Location;
use std::sync::atomic::Ordering;

/// A place in a lock's text: an operation on a word, a fence, a sleep or a wake, in a function of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// The end of the file's path: `refcount/mod.rs`.
    pub(crate) file: &'static str,
    /// The function that the operation stands in.
    pub(crate) function: &'static str,
    /// The operation: `load`, `fetch_sub`, `fence`, `prepare`, `unpark` and so on.
    pub(crate) operation: &'static str,
    /// Which of several such operations in the function, from 0, by line.
    pub(crate) nth: usize,
}

impl Site {
    /// Whether an execution that came by these places came by this one.
    pub(crate) fn is_among(self, places: &HashSet<Place>) -> bool {
        let line = source::line_of(self);
        places
            .iter()
            .any(|place| place.1 == line && place.0.ends_with(self.file))
    }
}

impl fmt::Display for Site {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            function,
            operation,
            nth,
        } = self;
        write!(out, "{file} {function} {operation}")?;
        if *nth > 0 {
            write!(out, " #{nth}")?;
        }
        Ok(())
    }
}

/// A half of an ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// Later accesses stay behind it.
    Acquire,
    /// Earlier accesses stay before it.
    Release,
    /// A full barrier is only both halves.
    Full,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The ordering lacks a half.
    Lacks(Half),
    /// The step is not done: nothing is stored, nobody is woken. What the word holds is returned.
    LeftOut,
    /// The step is done, and the text sees another value than the word held.
    Sees(Seen),
}

/// What the text sees of a word's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    /// This value instead.
    Value(u32),
    /// The value with these bits set.
    With(u32),
    /// The value with these bits cleared.
    Without(u32),
}

/// A fault somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planted {
    pub(crate) site: Site,
    pub(crate) fault: Fault,
}

/// The planted fault with its site looked up: the file and the line.
#[derive(Clone, Copy)]
struct Resolved {
    file: &'static str,
    line: u32,
    operation: &'static str,
    fault: Fault,
}

thread_local! {
    /// loom runs all threads of a model on the thread that called it, so that this is one fault per model.
    static PLANTED: RefCell<Option<Resolved>> = const { RefCell::new(None) };
}

/// Plants a fault until the returned value is dropped.
///
/// # Panics
/// When the site is not in the text.
pub(crate) fn plant(planted: Planted) -> Removal {
    let Planted { site, fault } = planted;
    let resolved = Resolved {
        file: site.file,
        line: source::line_of(site),
        operation: site.operation,
        fault,
    };
    PLANTED.set(Some(resolved));
    Removal
}

/// Takes the fault away when dropped, by a panic too.
pub(crate) struct Removal;

impl Drop for Removal {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}

/// A place that an execution came by: file and line.
pub(crate) type Place = (&'static str, u32);

thread_local! {
    static PLACES: RefCell<Option<HashSet<Place>>> = const { RefCell::new(None) };
}

/// The places from which the machine is used while `body` runs.
pub(crate) fn places(body: impl FnOnce()) -> HashSet<Place> {
    PLACES.set(Some(HashSet::new()));
    body();
    PLACES.take().unwrap_or_default()
}

fn note(caller: &'static Location<'static>) {
    PLACES.with_borrow_mut(|places| {
        if let Some(places) = places {
            places.insert((caller.file(), caller.line()));
        }
    });
}

/// The fault at this place, if it is the one. A site whose operation is none of the machine's is a call of a function that
/// says by `track_caller` that its caller chooses what is done.
fn fault_at(operation: &str, caller: &Location<'_>) -> Option<Fault> {
    PLANTED.with_borrow(|planted| {
        planted
            .filter(|it| it.line == caller.line() && caller.file().ends_with(it.file))
            .filter(|it| it.operation == operation || ["read", "set"].contains(&it.operation))
            .map(|it| it.fault)
    })
}

/// An operation as the machine has to carry it out.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    /// The ordering that is left.
    pub(crate) order: Ordering,
    /// Whether it is not done at all.
    pub(crate) left_out: bool,
    sees: Option<Seen>,
}

impl Order {
    /// What an operation at `caller` comes to.
    pub(crate) fn of(operation: &str, order: Ordering, caller: &'static Location<'static>) -> Self {
        let whole = Self {
            order,
            left_out: false,
            sees: None,
        };
        note(caller);
        match fault_at(operation, caller) {
            None => whole,
            Some(Fault::Lacks(half)) => {
                let order = without(order, half);
                Self {
                    order,
                    left_out: operation == "fence" && order == Ordering::Relaxed,
                    sees: None,
                }
            }
            Some(Fault::LeftOut) => Self {
                left_out: true,
                ..whole
            },
            Some(Fault::Sees(other)) => Self {
                sees: Some(other),
                ..whole
            },
        }
    }

    /// The value that the text sees.
    pub(crate) fn seen<T: From<u32> + BitAnd<Output = T> + BitOr<Output = T> + Not<Output = T>>(
        self,
        value: T,
    ) -> T {
        match self.sees {
            None => value,
            Some(Seen::Value(other)) => other.into(),
            Some(Seen::With(bits)) => value | bits.into(),
            Some(Seen::Without(bits)) => value & !T::from(bits),
        }
    }
}

/// An ordering without a half.
fn without(order: Ordering, half: Half) -> Ordering {
    match (order, half) {
        (Ordering::Acquire, Half::Acquire) | (Ordering::Release, Half::Release) => {
            Ordering::Relaxed
        }
        (Ordering::AcqRel, Half::Acquire) => Ordering::Release,
        (Ordering::AcqRel, Half::Release) => Ordering::Acquire,
        (Ordering::SeqCst, Half::Full) => Ordering::AcqRel,
        _ => panic!("{order:?} has no {half:?} to lack"),
    }
}
