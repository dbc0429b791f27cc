//! The mms that are alive, by number: what a pointer to an mm is in the kernel.
//!
//! Safe Rust has no pointer to an mm that others may free. A VMA holds the number of its mm instead, which takes as many bytes and
//! compares as fast. Only who has to reach a foreign mm looks its number up here, under a std `Mutex`, which no measured fast path
//! takes. Nobody touches a word of the machine while holding it, so that it can be used under a model.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// All mms of all designs. Of what a number stands for, each design knows the type.
static MMS: Mutex<Mms> = Mutex::new(Mms {
    last_number: 0,
    alive: BTreeMap::new(),
});

struct Mms {
    /// 64 bits do not wrap, so that a number is never given twice.
    last_number: u64,
    alive: BTreeMap<u64, Weak<dyn Any + Send + Sync>>,
}

fn mms() -> MutexGuard<'static, Mms> {
    // A model that fails unwinds; what it leaves is whole.
    MMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of an mm that others may reach by the mm's number, and may keep from being freed with it. The mm owns it.
#[derive(Debug)]
pub(super) struct Reachable<T> {
    number: u64,
    part: Arc<T>,
}

impl<T: Send + Sync + 'static> Reachable<T> {
    /// The part of a new mm, with a number that no other mm has or had. Numbers begin at 1.
    pub(super) fn new(part: T) -> Self {
        let part = Arc::new(part);
        let weak = Arc::downgrade(&part);
        let mut mms = mms();
        mms.last_number += 1;
        let number = mms.last_number;
        mms.alive.insert(number, weak);
        Self { number, part }
    }
}

impl<T> Reachable<T> {
    /// The mm's number.
    #[inline(always)]
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The part, for the mm itself.
    #[inline(always)]
    pub(super) fn part(&self) -> &T {
        &self.part
    }
}

/// The mm goes away; its part stays for as long as others have grabbed it.
impl<T> Drop for Reachable<T> {
    fn drop(&mut self) {
        mms().alive.remove(&self.number);
    }
}

/// Keeps the part of the mm with this number from being freed (`mmgrab`), until what is returned is dropped (`mmdrop`). `None` when
/// the mm is gone.
pub(super) fn grab<T: Send + Sync + 'static>(number: u64) -> Option<Arc<T>> {
    // Found and kept in one step, or it could be freed in between.
    let part = mms().alive.get(&number)?.upgrade()?;
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
