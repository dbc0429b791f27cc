//! The mms that are alive, by number: what a pointer to an mm is in the kernel.
//!
//! Safe Rust has no pointer to an mm that others may free. A VMA holds the number of its mm instead, which takes as many bytes and
//! compares as fast. Only who has to reach a foreign mm looks its number up here, under a std `Mutex`, which no measured fast path
//! takes. Nobody touches a word of the machine while holding it, so that it can be used under a model.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A number that no other mm of any design has or had, from 1. 64 bits do not wrap.
pub(crate) fn new_number() -> u64 {
    static LAST: Mutex<u64> = Mutex::new(0);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last += 1;
    *last
}

type Parts = BTreeMap<u64, Weak<dyn Any + Send + Sync>>;

/// The parts of mms that can be reached. Of what a number stands for, each design knows the type.
static PARTS: Mutex<Parts> = Mutex::new(BTreeMap::new());

fn parts() -> MutexGuard<'static, Parts> {
    // A model that fails unwinds; what it leaves is whole.
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of an mm that others may reach by the mm's number, and may keep from being freed with it. The mm owns it.
#[derive(Debug)]
pub(crate) struct Reachable<T> {
    number: u64,
    part: Arc<T>,
}

impl<T: Send + Sync + 'static> Reachable<T> {
    /// The part of a new mm, with a new number.
    pub(crate) fn new(part: T) -> Self {
        let part = Arc::new(part);
        let weak = Arc::downgrade(&part);
        let number = new_number();
        parts().insert(number, weak);
        Self { number, part }
    }
}

impl<T> Reachable<T> {
    /// The mm's number.
    #[inline(always)]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The part, for the mm itself.
    #[inline(always)]
    pub(crate) fn part(&self) -> &T {
        &self.part
    }
}

/// The mm goes away; its part stays for as long as others have grabbed it.
impl<T> Drop for Reachable<T> {
    fn drop(&mut self) {
        parts().remove(&self.number);
    }
}

/// Keeps the part of the mm with this number from being freed (`mmgrab`), until what is returned is dropped (`mmdrop`). `None` when
/// the mm is gone.
pub(crate) fn grab<T: Send + Sync + 'static>(number: u64) -> Option<Arc<T>> {
    // Found and kept in one step, or it could be freed in between.
    let part = parts().get(&number)?.upgrade()?;
    part.downcast().ok()
}

#[cfg(test)]
mod tests {
    use super::{Reachable, grab};

    #[test]
    fn an_mm_that_is_grabbed_outlives_its_owner() {
        let mm = Reachable::new("slot");
        let number = mm.number();
        let grabbed = grab::<&str>(number).expect("it is alive");
        drop(mm);
        assert_eq!(*grabbed, "slot");
        assert_eq!(grab::<&str>(number), None, "nobody finds it any more");
    }

    #[test]
    fn a_number_is_given_once() {
        let first = Reachable::new(1);
        let number = first.number();
        drop(first);
        let second = Reachable::new(2);
        assert!(second.number() > number);
        assert_eq!(grab::<i32>(number), None);
        assert_eq!(grab::<i32>(second.number()).as_deref(), Some(&2));
    }
}
